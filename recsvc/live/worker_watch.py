"""The worker, seen from outside: its last sign of life, and how much it still has to do."""

from recsvc.clock import now_us
from recsvc.store.connection import Redis
from recsvc.store.entry_ids import FIRST, EntryId
from recsvc.store.log.backlog import ShardLog, Signs, glance, look
from recsvc.store.pipe import Pipe


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
        self._pipe = Pipe(redis)
        self._logs: dict[int, ShardLog] = {}
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
        self._take(found.signs)
        self._logs = found.logs
        # What the worker is done with may still be on its way to the boards here.
        self.events_behind = sum(
            log.waiting or int(log.last > applied.get(shard, FIRST))
            for shard, log in found.logs.items()
        )

    async def glance(self) -> bool:
        """Ask how the worker is doing; return whether it may have more to do than at the last look.

        What is logged makes a log longer. Where one became shorter by as much meanwhile, a worker is
        there who archived it and puts what was logged on the boards: that is heard of.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        signs, lengths = await glance(self._pipe)
        self._take(signs)
        known = {shard: log.length for shard, log in self._logs.items()}
        return any(n != known.get(shard, 0) for shard, n in lengths.items())

    def _take(self, signs: Signs) -> None:
        if self._beat_us is None:
            self.seen_us = max(self.seen_us, signs.heartbeat_us)
        elif signs.heartbeat_us not in (self._beat_us, 0):
            # It is earlier than the last one where clocks are set back.
            self.seen_us = signs.heartbeat_us
        self._beat_us = signs.heartbeat_us
        self.demo = signs.demo
        self.problems = signs.problems
