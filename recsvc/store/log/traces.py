"""Which traces led to what was applied lately, until a training says that it learned from it."""

from recsvc.clock import DAY_S
from recsvc.store import keys
from recsvc.store.pipe import Pipe
from recsvc.tracing import MOST_LINKS

_TTL_S = int(DAY_S)


class Traces:
    """Keeps the latest, as many as one training can name."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def note(self, traces: list[str]) -> None:
        """Note traces whose entries are on the boards."""
        await self._pipe.send_all(
            [
                ("LPUSH", keys.TRACES, *traces[-MOST_LINKS:]),
                ("LTRIM", keys.TRACES, 0, MOST_LINKS - 1),
                ("EXPIRE", keys.TRACES, _TTL_S),
            ]
        )

    async def take(self) -> list[str]:
        """Return those noted since somebody took them, the latest first."""
        found = await self._pipe.send("LPOP", keys.TRACES, MOST_LINKS)
        return [one.decode("ascii", "replace") for one in found or []]
