"""A journal of mails in hand: tells, after a crash, whether the end of a mail had gone out.

Between noting in the store that a mail is about to be accepted and giving the kernel its last line lies
some tenth of a millisecond. A worker that is killed in it leaves the mail in a state in which it must
not be sent again, though nobody has it. The journal narrows that to a microsecond: a byte of a memory-
mapped file, which outlives the process, is set in the instruction before the last line is written.

    byte 0      0 free, 1 in hand, 2 the end is going out
    byte 1-2    length of what follows
    byte 3-     [job, token of the claim] as JSON

One file per worker, locked while it lives: a file without a lock belongs to a dead one. A machine that
went down may have lost the byte; its journals are known by the boot id in their name and not believed.
The store's word stands then, and in doubt a mail is not sent twice.
"""

import fcntl
import mmap
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from recsvc.core.fitting import UNREADABLE

log = structlog.get_logger()

_SLOT_BYTES = 512
_HEAD_BYTES = 3
_FREE, _IN_HAND, _ENDING = 0, 1, 2
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Left(msgspec.Struct, frozen=True):
    """A mail that a dead worker had in hand.

    Attributes:
        handed: whether its end may have gone out.
    """

    job: str
    token: str
    handed: bool


class Slot:
    """The place of one mail."""

    def __init__(self, memory: mmap.mmap, n: int) -> None:
        self._memory = memory
        self._at = n * _SLOT_BYTES

    def take(self, job: str, token: str) -> None:
        """Note that a job is in hand."""
        raw = msgspec.json.encode([job, token])
        assert len(raw) <= _SLOT_BYTES - _HEAD_BYTES, "jobs have short names"
        start = self._at + 1
        self._memory[start : start + 2 + len(raw)] = len(raw).to_bytes(2, "big") + raw
        self._memory[self._at] = _IN_HAND

    def ending(self) -> None:
        """Note that the end goes out in the very next instruction."""
        self._memory[self._at] = _ENDING

    def free(self) -> None:
        """Note that the store knows what became of the job."""
        self._memory[self._at] = _FREE


class Journal:
    """The file of one worker."""

    def __init__(self, folder: Path, n_slots: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path, self._file = _locked_file(folder)
        os.ftruncate(self._file, n_slots * _SLOT_BYTES)
        self._memory = mmap.mmap(self._file, n_slots * _SLOT_BYTES)
        self.slots = [Slot(self._memory, n) for n in range(n_slots)]

    def close(self) -> None:
        """Remove the file: nothing is in hand any more."""
        self._memory.close()
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def _locked_file(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{_boot_id()}.{uuid.uuid4().hex[:12]}.journal"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return path, file
        os.close(file)  # another worker took it for a dead one's before it was locked


def left_behind(folder: Path) -> Iterator[Left]:
    """Yield what dead workers of this machine had in hand, then forget it."""
    for path in sorted(folder.glob("*.journal")):
        file = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its worker lives
        else:
            if path.name.startswith(f"{_boot_id()}."):
                yield from _read(path.read_bytes())
            path.unlink(missing_ok=True)
        finally:
            os.close(file)


def _read(raw: bytes) -> Iterator[Left]:
    for at in range(0, len(raw), _SLOT_BYTES):
        state = raw[at]
        length = int.from_bytes(raw[at + 1 : at + _HEAD_BYTES], "big")
        if state in (_IN_HAND, _ENDING):
            start = at + _HEAD_BYTES
            try:
                job, token = msgspec.json.decode(raw[start : start + length], type=tuple[str, str])
            except UNREADABLE:
                log.warning("journal_unreadable")  # the store's word stands
                continue
            yield Left(job, token, state == _ENDING)


def _boot_id() -> str:
    """Return what is the same until the machine starts anew; unlike any other where unknown."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"unknown-{os.getpid()}-{uuid.uuid4().hex}"
