"""A keepsake of the store: what a serving process reads at its start, on local disk.

A process that is started while the store is away starts on the last keepsake: catalogue, boards, keys
and which model is published, as they were when it was written. Of readers it holds nothing; theirs is
`recsvc.live.wish_file`.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from recsvc.errors import InvalidError, StoreUnavailableError
from recsvc.store import keys
from recsvc.store.part_files import read_parts, write_parts
from recsvc.store.pipe import Command, Pipe
from recsvc.store.site import Part, hash_parts

_ONES = (keys.CATALOGUE, keys.SECRET, keys.KEYED, keys.SNAPSHOT)
_HASHES = (keys.CREDENTIALS, keys.ROWS, keys.ITEMS, keys.BOARD, keys.APPLIED, keys.SNAPSHOTS)

_Held = dict[bytes, dict[bytes, bytes]]


class Keepsake:
    """The keepsake in a file."""

    def __init__(self, folder: Path, store_url: str) -> None:
        # Of another store it would be another site's.
        of = hashlib.sha256(store_url.encode()).hexdigest()[:16]
        self._path = folder / f"{of}.store"
        self.took_s = 0.0

    async def write(self, pipe: Pipe) -> None:
        """Keep the store as it is. A disk that is full keeps the one before.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        began_s = time.monotonic()
        unfinished = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            await write_parts(unfinished, _parts(pipe))
            unfinished.replace(self._path)
        except OSError:
            return
        self.took_s = time.monotonic() - began_s

    @property
    def exists(self) -> bool:
        """Whether anything was kept."""
        return self._path.exists()

    def is_fresh(self, seconds: float) -> bool:
        """Whether it was written within the last seconds, by whichever process."""
        try:
            return 0 <= time.time() - self._path.stat().st_mtime < seconds
        except OSError:
            return False

    async def read(self) -> "KeptPipe | None":
        """Return what stands for the store; None where nothing whole was kept."""
        try:
            return KeptPipe(await asyncio.to_thread(_held, self._path))
        except (OSError, InvalidError):
            return None


class KeptPipe(Pipe):
    """Answers what is asked at a start, out of a keepsake; everything else as a store that is away."""

    def __init__(self, held: _Held) -> None:
        self._held = held
        self.is_cluster = False

    async def send(self, *command: Any) -> Any:
        """Answer one command.

        Raises:
            StoreUnavailableError: when the keepsake cannot.
        """
        return self._answer(command)

    async def send_all(self, commands: list[Command]) -> list[Any]:
        """Answer several commands.

        Raises:
            StoreUnavailableError: when the keepsake cannot.
        """
        return [self._answer(command) for command in commands]

    def _answer(self, command: Command) -> Any:
        name, key, *words = command
        held = self._held.get(str(key).encode(), {})
        match name:
            case "GET":
                return held.get(b"")
            case "SET" if "NX" in words:
                return None
            case "EXISTS":
                return int(bool(held))
            case "HGET":
                return held.get(str(words[0]).encode())
            case "HGETALL":
                return held
            case "HSCAN":
                return b"0", held
            case "XREVRANGE":
                return []  # no place: all is read anew once the store is there
        raise StoreUnavailableError("the store does not answer")


async def _parts(pipe: Pipe) -> AsyncIterator[Part]:
    for name in _ONES:
        value = await pipe.send("GET", name)
        if value is not None:
            yield Part(name.encode(), "string", [(b"", value)])
    for name in _HASHES:
        async for part in hash_parts(pipe, name.encode()):
            yield part


def _held(path: Path) -> _Held:
    held: _Held = {}
    for part in read_parts(path):
        held.setdefault(part.key, {}).update(part.pairs)
    return held
