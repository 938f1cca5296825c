"""The exporter: writes everything kept of a reader, a line each, for whoever asked.

Beside archiving and erasing, and never behind them: others' erasures are nothing to an export. Of a
reader who is being erased there is none, neither from before nor from in between: what is asked for
during an export ends it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import msgspec
import structlog

from recsvc.clock import from_us, now_us
from recsvc.core.mail.subscription import subscription_of
from recsvc.errors import ConflictError, RecsvcError
from recsvc.store.readers.exports import Export, Exports
from workers.privacy.holdings import Holding, Leaver, Line

log = structlog.get_logger()

_PIECE_BYTES = 64 * 1024


class Exporter:
    """Answers requests for exports; the leader runs it more than once at a time."""

    def __init__(self, exports: Exports, holdings: Sequence[Holding]) -> None:
        self._exports = exports
        self._holdings = holdings
        self._choosing = asyncio.Lock()

    async def run_once(self) -> None:
        """Write the exports that nobody has begun; who comes meanwhile may be next."""
        while (found := await self._next()) is not None:
            identity, export = found
            try:
                n_lines = await self._write(identity, export)
            except ConflictError:
                continue  # nobody waits for it any more
            except BaseException:
                with suppress(RecsvcError):
                    await self._exports.break_off(identity, export)
                raise
            log.info("reader_exported", n_lines=n_lines)

    async def _next(self) -> tuple[str, Export] | None:
        async with self._choosing:
            for identity, export in (await self._exports.pending(now_us())).items():
                if not export.is_started:
                    await self._exports.start(identity, export)
                    return identity, export
        return None

    async def _write(self, identity: str, export: Export) -> int:
        """Write one export; whole only with its last line, which says how many of each there were.

        Returns:
            How many lines it has.

        Raises:
            ConflictError: when its reader is being erased, or whoever asked has gone.
        """
        await self._exports.look_for_erasure(identity, export)
        address = subscription_of(export.user)
        whose = "reader" if address is None else "subscriber"
        piece = bytearray(
            _line({"type": whose, "id": address or export.user, "at": from_us(now_us())})
        )
        counts: Counter[str] = Counter()
        for holding in self._holdings:
            async for line in holding.export(export.user):
                counts[line["type"]] += 1
                piece += _line(line)
                if len(piece) > _PIECE_BYTES:
                    await self._exports.write(identity, export, bytes(piece))
                    piece.clear()
        piece += _line({"type": "end", "counts": dict(counts)})
        # Some holdings are emptied by the request for an erasure itself: what was read before and
        # after it is no whole. One that was carried out meanwhile dropped this export.
        await self._exports.look_for_erasure(identity, export)
        await self._exports.write(identity, export, bytes(piece))
        await self._exports.write(identity, export, b"")
        return counts.total()


class ExportHolding:
    """Exports that are still on their way."""

    name = "exports"

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Drop the readers' exports."""
        users = {leaver.user for leaver in leavers}
        erased = dict.fromkeys(users, 0)
        for identity, export in (await self._exports.pending(now_us())).items():
            if export.user in users:
                await self._exports.forget(identity)
                erased[export.user] += 1
        return erased

    async def export(self, _: str, /) -> AsyncIterator[Line]:
        """Yield nothing: an export is no more than the other holdings say."""
        for line in list[Line]():
            yield line


def _line(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"
