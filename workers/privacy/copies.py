"""The copies of the site as a holding: whoever is erased is in none of them."""

from collections.abc import AsyncIterator, Sequence

from recsvc.store.log.epochs import Epochs
from workers.log.site_copies import SiteCopies
from workers.privacy.holdings import Leaver, Line


class SiteHolding:
    """Copies of what the other holdings keep."""

    name = "copies"

    def __init__(self, copies: SiteCopies, epochs: Epochs) -> None:
        self._copies = copies
        self._epochs = epochs

    async def erase(self, _: Sequence[Leaver], /) -> dict[str, int]:
        """Copy what is left, and drop the copies of stores before this one."""
        held = await self._epochs.held()
        if held:
            await self._copies.write(held[0])
            self._copies.drop_others(held[0])
        return {}

    async def export(self, _: str) -> AsyncIterator[Line]:
        """Yield nothing: the others show what they keep."""
        nothing: list[Line] = []
        for line in nothing:
            yield line
