"""Taking in items: records that speak of one item are put together, then written once.

What is written depends on the records and on what is stored, not on how often they are read: reading the
same files again changes nothing.
"""

from collections import Counter
from collections.abc import Callable

import msgspec

from recsvc.clock import now_us
from recsvc.core.items.aliases import Aliases
from recsvc.core.items.item import NewItem, StoredItem
from recsvc.core.items.merging import merged, merged_into
from recsvc.errors import InvalidError
from recsvc.intake.summary import Summary
from recsvc.sources.naming.matching import Index
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Paper
from recsvc.store.items.catalogue import Change, Items

_PER_CALL = 200
# Held back until written, so that records of one item meet: some 50 MB.
_HELD = 20_000


class ItemIntake:
    """Takes in items for one import.

    Args:
        gone: of a dry run, the origin of the items that are to be thought deleted; empty: none are.

    Attributes:
        index: the items that records may be.
        on_progress: called with (items written, items waiting).
    """

    def __init__(
        self, items: Items, aliases: Aliases, summary: Summary, dry_run: bool, gone: str = ""
    ) -> None:
        self._items = items
        self._aliases = aliases
        self._summary = summary
        self._dry_run = dry_run
        self._gone = gone
        self._held: dict[str, NewItem] = {}
        self._origins: dict[str, str] = {}
        self._fates: dict[str, str] = {}
        self.index = Index()
        self.on_progress: Callable[[int, int], None] = _nobody_watches

    async def load(self) -> None:
        """Read what identifies the items of the catalogue."""
        found: list[StoredItem] = []
        async for batch in self._items.all():
            found += (item for item in batch if not self._is_gone(item))
        for item in sorted(found, key=lambda item: (item.created_us, item.id)):
            self.index.add(item)
            self._aliases.put(item.id, item.aliases)

    async def take(self, record: NewItem, origin: str, *, by_title: bool) -> str:
        """Take in a record and return the id it goes under.

        Args:
            by_title: whether its title may say which item it is.
        """
        self._summary.read += 1
        if isinstance(record, Paper):
            self._summary.clipped.update(record.left_out)
        placed = self.index.place(record, by_title=by_title)
        try:
            self._hold(placed)
        except InvalidError as exc:
            self._summary.complain(Problem(origin, 0, f"{record.id}: {exc}"))
            return placed.id
        self._origins.setdefault(placed.id, origin)
        self.index.add(placed)
        if len(self._held) >= _HELD:
            await self.write()
        return placed.id

    async def write(self) -> None:
        """Write what is held back."""
        held, self._held = self._held, {}
        ids = list(held)
        for start in range(0, len(ids), _PER_CALL):
            await self._try({item: held[item] for item in ids[start : start + _PER_CALL]})
            waiting = max(0, len(ids) - start - _PER_CALL)
            self.on_progress(len(self._fates), waiting)
        fates = Counter(self._fates.values())
        self._summary.new, self._summary.changed = fates["new"], fates["changed"]
        self._summary.unchanged = fates["unchanged"]

    def _hold(self, placed: NewItem) -> None:
        """Hold a record back, together with all that speak of the same item.

        Raises:
            InvalidError: when they cannot be put together.
        """
        # What was taken for items of their own until this record said they are one.
        names = (*placed.aliases, placed.id)
        first, *others = [*(self._held[name] for name in names if name in self._held), placed]
        whole = msgspec.structs.replace(first, id=placed.id)
        for other in others:
            whole = merged(other, whole)
        self._summary.duplicates += sum(n in self._fates or n in self._held for n in names)
        for name in placed.aliases:
            self._held.pop(name, None)
            self._fates.pop(name, None)
        self._held[placed.id] = whole

    async def _try(self, wanted: dict[str, NewItem]) -> None:
        """Write items; one that cannot be put together with what is stored is reported."""
        try:
            await self._write(wanted)
        except InvalidError as exc:
            if len(wanted) == 1:
                (item,) = wanted
                self._summary.complain(Problem(self._origins[item], 0, str(exc)))
                return
            for item, record in wanted.items():
                await self._try({item: record})

    async def _write(self, wanted: dict[str, NewItem]) -> None:
        now = now_us()
        stored_before = await self._items.get(await self._items.resolve(list(wanted)))
        before = [None if old is None or self._is_gone(old) else old for old in stored_before]

        def change_to(item: NewItem) -> Change:
            return lambda old: merged_into(item, old, now, self._origins[item.id])

        if self._dry_run:
            would = [
                merged_into(item, old, now)
                for item, old in zip(wanted.values(), before, strict=True)
            ]
            differs = [new != old for new, old in zip(would, before, strict=True)]
        else:
            done = await self._items.change({i: change_to(item) for i, item in wanted.items()})
            differs = [is_changed for _, is_changed in done]
            for stored, _ in done:
                if stored is not None:
                    self._aliases.put(stored.id, stored.aliases)
        for item_id, old, is_changed in zip(wanted, before, differs, strict=True):
            fate = "new" if old is None else "changed" if is_changed else "unchanged"
            if self._fates.get(item_id, "unchanged") == "unchanged":
                self._fates[item_id] = fate

    def _is_gone(self, item: StoredItem) -> bool:
        return self._gone != "" and item.origin == self._gone


def _nobody_watches(done: int, waiting: int) -> None:
    """Show progress to nobody."""
