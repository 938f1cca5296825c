"""Troubles: what ails the workers, told to every process that is asked how the site is."""

import structlog

from recsvc.store import keys
from recsvc.store.heartbeat import KEPT_S
from recsvc.store.pipe import Pipe

log = structlog.get_logger()


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

    async def tell(self) -> None:
        """Tell what is wrong now.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        known = {raw.decode() for raw in await self._pipe.send("HKEYS", keys.PROBLEMS)}
        commands: list[tuple[object, ...]] = []
        if self._standing:
            pairs = [word for pair in self._standing.items() for word in pair]
            commands += [("HSET", keys.PROBLEMS, *pairs), ("EXPIRE", keys.PROBLEMS, KEPT_S)]
        if gone := known - self._standing.keys():
            commands.append(("HDEL", keys.PROBLEMS, *gone))
        await self._pipe.send_all(commands)
