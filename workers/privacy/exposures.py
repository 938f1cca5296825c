"""What readers were shown, as a holding."""

from collections.abc import AsyncIterator, Sequence

from recsvc.clock import from_us
from workers.log.exposures import ExposureCollector
from workers.privacy.holdings import Leaver, Line


class ExposureHolding:
    """Lists that readers were served, in files and on their way there."""

    name = "exposures"

    def __init__(self, collector: ExposureCollector) -> None:
        self._collector = collector

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Write the files anew without what they were shown before they asked for it."""
        return await self._collector.erase([leaver.user for leaver in leavers])

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield a line for each list."""
        for found in await self._collector.of(user):
            for row in found.drop("user", "share").iter_rows(named=True):
                yield {"type": "exposure", "at": from_us(row.pop("at_us"))} | row
