"""The exporter: writes everything kept of a reader, a line each, for whoever asked."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec
import structlog

from recsvc.clock import from_us, now_us
from recsvc.core.mail.subscription import subscription_of
from recsvc.store.readers.exports import Export, Exports
from workers.privacy.holdings import Holding, Leaver, Line

log = structlog.get_logger()

_PIECE_BYTES = 64 * 1024


class Exporter:
    """Answers requests for exports; at most one at a time, by the leader."""

    def __init__(self, exports: Exports, holdings: Sequence[Holding]) -> None:
        self._exports = exports
        self._holdings = holdings

    async def run_once(self) -> None:
        """Write the exports that nobody has begun; who comes meanwhile may be next."""
        while (found := await self._next()) is not None:
            await self._exports.start(*found)
            await self._write(*found)

    async def _next(self) -> tuple[str, Export] | None:
        pending = (await self._exports.pending(now_us())).items()
        return next(((i, export) for i, export in pending if not export.is_started), None)

    async def _write(self, identity: str, export: Export) -> None:
        """Write one export; whole only with its last line, which says how many of each there were."""
        address = subscription_of(export.user)
        whose = "reader" if address is None else "subscriber"
        first = _line({"type": whose, "id": address or export.user, "at": from_us(now_us())})
        await self._exports.write(identity, first)  # at once: whoever asked knows that we are at it
        piece = bytearray()
        counts: Counter[str] = Counter()
        for holding in self._holdings:
            async for line in holding.export(export.user):
                counts[line["type"]] += 1
                piece += _line(line)
                if len(piece) > _PIECE_BYTES:
                    await self._exports.write(identity, bytes(piece))
                    piece.clear()
        piece += _line({"type": "end", "counts": dict(counts)})
        await self._exports.write(identity, bytes(piece))
        await self._exports.write(identity, b"")
        log.info("reader_exported", n_lines=counts.total())


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
