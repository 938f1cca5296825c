"""Topics for items whose source names none: extracted anew whenever the catalogue changes.

The leader follows the catalogue's changes. Items that changed get their keywords at once, by the
phrases known so far; when the catalogue has grown by a tenth, the phrases are gathered anew and every
item is looked at again, so that the first paper on a subject gets its topic once others follow.

Which phrases are worth a topic depends on the whole catalogue, so it is one process's business. Keywords
are stored with the item, where they reach every process by the way items travel, and in a field of their
own: what a source said is never mixed with what we guessed. The price: a new item changes twice, the
second time about a second later, and at its start the worker reads every title and text once.
"""

import asyncio

import msgspec
import structlog

from recsvc.core.items.item import StoredItem
from recsvc.core.items.keywords import Vocabulary, keywords, vocabulary
from recsvc.store.items.catalogue import Change, Items

log = structlog.get_logger()

_COUNT = 1_000
_BATCH = 200
_GROWTH_SHARE = 0.1
_GROWTH_ITEMS = 20


class Topics:
    """Keeps the keywords of items true; at most one at a time, by the leader."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self.forget()

    def forget(self) -> None:
        """Start with everything again: somebody else may have worked meanwhile."""
        self._at: str | None = None
        self._titles: dict[str, str] = {}
        self._known = vocabulary([])

    async def run_once(self) -> int:
        """Extract what changes call for; return how many items' topics changed."""
        if self._at is None:
            # The position first: what changes while we read comes again, which does no harm.
            before = await self._items.last_change()
            async for batch in self._items.all():
                self._titles |= {item.id: item.title for item in batch if not item.hidden}
            n_changed = await self._extract_all()
            self._at = before
            return n_changed
        ids, after = await self._items.changed_since(self._at, _COUNT)
        if not ids:
            return 0
        found = await self._items.get(ids)
        for item_id, item in zip(ids, found, strict=True):
            if item is None or item.hidden:
                self._titles.pop(item_id, None)
            else:
                self._titles[item_id] = item.title
        grown = abs(len(self._titles) - self._known.n_titles)
        if grown > max(_GROWTH_SHARE * self._known.n_titles, _GROWTH_ITEMS):
            n_changed = await self._extract_all()
        else:
            n_changed = await self._extract([item for item in found if item is not None])
        self._at = after
        return n_changed

    async def _extract_all(self) -> int:
        titles = list(self._titles.values())
        self._known = await asyncio.to_thread(vocabulary, titles)
        n_changed = 0
        async for items in self._items.all():
            for start in range(0, len(items), _BATCH):
                n_changed += await self._extract(items[start : start + _BATCH])
        if n_changed:
            log.info("topics_extracted", n_items=len(titles), n_changed=n_changed)
        return n_changed

    async def _extract(self, items: list[StoredItem]) -> int:
        wanted = await asyncio.to_thread(_all_keywords, items, self._known)
        changes: dict[str, Change] = {
            item.id: _change(item, new)
            for item, new in zip(items, wanted, strict=True)
            if new != item.keywords
        }
        if not changes:
            return 0
        return sum(changed for _, changed in await self._items.change(changes))


def _all_keywords(items: list[StoredItem], known: Vocabulary) -> list[tuple[str, ...]]:
    return [() if item.topics else tuple(keywords(item.title, item.text, known)) for item in items]


def _change(seen: StoredItem, new: tuple[str, ...]) -> Change:
    def change(stored: StoredItem | None) -> StoredItem | None:
        # Changed since we read it: its own change is still to come to us.
        return msgspec.structs.replace(stored, keywords=new) if stored == seen else stored

    return change
