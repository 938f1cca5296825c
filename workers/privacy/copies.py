"""Copies as holdings, of the site and of wishes, and backups: whoever is erased does not come back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from recsvc.clock import now_us
from recsvc.live.wish_file import WishFile
from recsvc.store.log.epochs import Epochs
from workers.log.backup_erasures import tell_backups
from workers.log.site_copies import SiteCopies
from workers.privacy.holdings import Leaver, Line


class _Copies:
    """What is nothing but a copy: an export has it from elsewhere."""

    async def export(self, _: str, /) -> AsyncIterator[Line]:
        """Yield nothing."""
        nothing: list[Line] = []
        for line in nothing:
            yield line


class SiteHolding(_Copies):
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


class WishHolding(_Copies):
    """What readers hid and mute, on this machine: a copy of what profiles and preferences show."""

    name = "wishes"

    def __init__(self, file: WishFile) -> None:
        self._file = file

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Write the file anew without the readers."""
        gone = {leaver.user for leaver in leavers}
        if gone & self._file.read().keys():
            self._file.write_anew(lambda one: one.user not in gone)
        return {}


class BackupHolding(_Copies):
    """Backups that were made of the data folder: they keep what they have, and are told."""

    name = "backups"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Have every backup know whom to erase again when it is restored."""
        users = [leaver.user for leaver in leavers]
        await asyncio.to_thread(tell_backups, self._data_dir, users, now_us())
        return {}
