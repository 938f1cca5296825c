"""A relay that is a folder: mails as files in a Maildir, for services without SMTP settings.

A file's name comes from the message id, so that a mail delivered again takes its own place: what is
here is here exactly once. Format: https://cr.yp.to/proto/maildir.html.
"""

import asyncio
import hashlib
from collections.abc import Set
from contextlib import suppress
from email.parser import BytesHeaderParser
from pathlib import Path

import structlog

from recsvc.mail.message import Letter
from workers.mail.relay import Answer, LastCheck

log = structlog.get_logger()

_KEPT = 1_000


def remove_mails_to(folder: Path, addresses: Set[str]) -> int:
    """Remove the mails to some addresses; return how many there were."""
    n_removed = 0
    for path in [*folder.glob("new/*"), *folder.glob("cur/*"), *folder.glob("tmp/*")]:
        try:
            head = BytesHeaderParser().parsebytes(path.read_bytes())
        except FileNotFoundError:
            continue  # it was on its way to another folder, or fell to the limit
        if head.get("To") in addresses:
            path.unlink(missing_ok=True)
            n_removed += 1
    return n_removed


class Maildir:
    """Keeps the latest mails in `new`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, letter: Letter, check: LastCheck) -> Answer:
        """Write a letter, unless it is no longer wanted."""
        unfinished = await asyncio.to_thread(self._write, letter)
        if not await check.still_wanted():
            unfinished.unlink(missing_ok=True)
            return Answer("withdrawn")
        check.ends_now()
        path = unfinished.replace(self._folder / "new" / unfinished.name)
        log.info("mail_written", file=str(path))
        await asyncio.to_thread(self._prune)
        return Answer("sent")

    async def rest(self) -> None:
        """Nothing is open."""

    def _write(self, letter: Letter) -> Path:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]
        path = self._folder / "tmp" / f"{digest}.recsvc.eml"
        path.write_bytes(letter.content)
        return path

    def _prune(self) -> None:
        paths = list((self._folder / "new").iterdir())
        if len(paths) <= _KEPT + 100:  # not at every mail
            return
        dated: list[tuple[int, Path]] = []
        for path in paths:
            with suppress(FileNotFoundError):  # others prune at the same time, and people tidy up
                dated.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(dated)[:-_KEPT]:
            path.unlink(missing_ok=True)
