"""The worker, seen from outside: its last sign of life, and how much it still has to do."""

from recsvc.clock import now_us
from recsvc.store.connection import Redis
from recsvc.store.entry_ids import FIRST, EntryId
from recsvc.store.log.backlog import look


class WorkerWatch:
    """What is known of the workers.

    Attributes:
        seen_us: the last sign of life of one, or when this watch began.
        events_behind: logged events that are not yet on the boards.
        demo: whether the demo catalogue is loaded.
        problems: what ails the workers, by name.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.seen_us = 0
        self._beat_us: int | None = None
        self.events_behind = 0
        self.demo = False
        self.problems: dict[str, str] = {}

    def start(self) -> None:
        """Give a worker that starts with us time for its first sign."""
        self.seen_us = now_us()

    async def look(self, applied: dict[int, EntryId]) -> None:
        """Ask how the worker is doing and how much it has to do.

        Args:
            applied: the entry of each shard that the boards here have come to.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        found = await look(self._redis)
        if self._beat_us is None:
            self.seen_us = max(self.seen_us, found.heartbeat_us)
        elif found.heartbeat_us not in (self._beat_us, 0):
            # It is earlier than the last one where clocks are set back.
            self.seen_us = found.heartbeat_us
        self._beat_us = found.heartbeat_us
        self.demo = found.demo
        self.problems = found.problems
        # What the worker is done with may still be on its way to the boards here.
        self.events_behind = sum(
            log.waiting or int(log.last > applied.get(shard, FIRST))
            for shard, log in found.logs.items()
        )
