"""Agreement: whether the store and the archive are two halves of one log.

The log's beginning lies in files and its end in the store, and either may be lost, or brought back from
a copy, without the other. Three things give that away: files of a log that the store does not hold,
files that go on where the store stops, and entries of the store that a file claims to cover and does not
have. In the latter two the store begins another epoch, so that nothing in it passes for archived, and
what is missing on boards and in profiles is told until it was rebuilt.
"""

import asyncio

from recsvc.store.entry_ids import parse
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from workers.log.archive import Archive, table
from workers.log.decoding import decoded

_PAGE = 2_000


class Agreement:
    """Compares the two, and keeps apart what does not belong together."""

    def __init__(self, archive: Archive, streams: Streams, boards: Boards) -> None:
        self._archive = archive
        self._streams = streams
        self._boards = boards

    async def epoch(self) -> str:
        """Return the log that is being written, a new one where the store went back in time.

        To be asked before anything is put on boards: what is missing shows in how far they are.
        """
        held = await self._streams.epochs.held()
        if not held:
            is_filled = bool(await self._boards.applied())
            held = await self._streams.epochs.begin([], is_former=is_filled)
        until = await asyncio.to_thread(self._archive.until, held[0])
        applied = await self._boards.applied()  # after the files: both only grow, and files follow
        is_behind = any(parse(applied.get(s, "0-0")) < parse(last) for s, last in until.items())
        if is_behind or await self._claims_too_much(until):
            held = await self._streams.epochs.begin(held)
        return held[0]

    async def problem(self) -> str | None:
        """Return what boards and profiles lack of the archive, and what helps; None if nothing."""
        held = set(await self._streams.epochs.held())
        archived = await asyncio.to_thread(self._archive.epochs)
        n = sum(count for epoch, count in archived.items() if epoch not in held)
        if not n or not held:
            return None
        return (
            f"the archive holds {n} events of a store that was lost or went back in time, and boards "
            "and profiles may lack them: stop the service and run `recsvc rebuild`"
        )

    async def _claims_too_much(self, until: dict[int, str]) -> bool:
        """Return whether the archive claims to cover entries of the store that it does not have."""
        for shard, last in until.items():
            after = "0-0"
            while page := await self._streams.range(shard, after, last, _PAGE):
                after = page[-1].entry_id
                events = [(shard, e, event) for e in page if (event := decoded(e)) is not None]
                if await asyncio.to_thread(self._archive.lacks, table(events)):
                    return True
        return False
