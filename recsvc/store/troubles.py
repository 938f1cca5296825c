"""Troubles: what ails the store and the workers, told to every process that is asked how the site is.

What keeps the store down stands in a file of the data folder; all else stands in the store.
"""

import os
from pathlib import Path

import structlog

from recsvc.store import keys
from recsvc.store.heartbeat import KEPT_S
from recsvc.store.pipe import Command, Pipe

log = structlog.get_logger()

_BYTES = 4096


class StoreProblem:
    """What keeps the bundled store down, in a file of the data folder.

    The file is one block, made while all is well and written in place: a disk that is full cannot be
    told of in a file that has yet to be made.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "store-problem"

    def say(self, text: str) -> None:
        """Tell what the problem is, in place of what was told before."""
        block = text.encode()[:_BYTES].ljust(_BYTES)
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.pwrite(descriptor, block, 0)
            finally:
                os.close(descriptor)
        except OSError:
            return  # the log has it

    def clear(self) -> None:
        """Tell that there is none."""
        self.say("")

    def read(self) -> list[str]:
        """Return the problem; nothing if there is none, or no way to know of it."""
        try:
            told = self._path.read_text(errors="replace").strip()
        except OSError:
            return []
        return [told] if told else []


class Troubles:
    """What a leading worker finds wrong; it is told anew with each beat, and lapses with the worker."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._standing: dict[str, str] = {}

    def note(self, name: str, text: str | None) -> None:
        """Note what is wrong with something, or that nothing is; logged when that changes."""
        if text is None:
            if self._standing.pop(name, None) is not None:
                log.info("trouble_over", name=name)
            return
        if name not in self._standing:
            log.error("trouble", name=name, text=text)
        self._standing[name] = text

    async def beat(self, now_us: int, tells: bool) -> None:
        """Give a sign of life and, of whoever leads, tell what is wrong now.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        asked: list[Command] = [("SET", keys.WORKER, now_us, "EX", KEPT_S)]
        if tells:
            asked.append(("HKEYS", keys.PROBLEMS))
        _, *told = await self._pipe.send_all(asked)
        if not told:
            return
        known = {raw.decode() for raw in told[0]}
        commands: list[Command] = []
        if self._standing:
            pairs = [word for pair in self._standing.items() for word in pair]
            commands += [("HSET", keys.PROBLEMS, *pairs), ("EXPIRE", keys.PROBLEMS, KEPT_S)]
        if gone := known - self._standing.keys():
            commands.append(("HDEL", keys.PROBLEMS, *gone))
        await self._pipe.send_all(commands)
