"""The client of a cluster, for callers who are told when a node does not answer."""

import asyncio
import contextlib
import time
from typing import Any

from redis.asyncio.cluster import ClusterNode, ClusterPipeline, PipelineCommand, RedisCluster
from redis.cluster import get_node_name
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisClusterException,
    RedisError,
    TimeoutError,
)

_LOST = (ConnectionError, TimeoutError, ClusterDownError, OSError)
_LOOK_S = 0.25
_ASKING = ("ASKING",)


class Cluster(RedisCluster):
    """Looks for the nodes anew after one did not answer.

    redis-py does so before it sends a command again. Nothing is sent again here, as whoever sends an
    event must know that its fate is unknown; so it would go on asking a node that was replaced.
    """

    _looked_s = 0.0

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """Return a pipeline."""
        if shard_hint is not None:
            raise RedisClusterException("shard_hint has no meaning here")
        pipeline: Any = _Pipeline  # concrete, though redis-py declares an attribute that it lacks
        made: ClusterPipeline = pipeline(self, transaction)
        return made

    async def look_again(self) -> None:
        """Ask who holds which slots, unless somebody just did."""
        if time.monotonic() - self._looked_s < _LOOK_S:
            return
        self._looked_s = time.monotonic()
        # They may be voting still; whoever fails next asks again.
        with contextlib.suppress(RedisError, RedisClusterException, OSError, asyncio.TimeoutError):
            await self.nodes_manager.initialize()

    async def written(
        self, writes: list[tuple[str, tuple[Any, ...]]], wait: tuple[Any, ...]
    ) -> list[list[Any]]:
        """Send commands that write, and behind them, on the same connection, how long to wait.

        `WAIT` speaks of what its own connection has written: where a pipeline follows a slot that moved,
        the command goes elsewhere and `WAIT` does not.

        Args:
            writes: for each command the key that it writes.

        Returns:
            For each its answer and that to `wait`; an error is one, too.
        """
        found: list[list[Any]] = [[] for _ in writes]
        held: dict[str, tuple[ClusterNode, list[int]]] = {}
        for place, (key, _) in enumerate(writes):
            node = self._holder(key)
            held.setdefault(node.name, (node, []))[1].append(place)

        async def send(node: ClusterNode, places: list[int], *before: tuple[Any, ...]) -> None:
            commands = [*before, *(writes[place][1] for place in places), wait]
            sent = [PipelineCommand(n, *command) for n, command in enumerate(commands)]
            try:
                await node.execute_pipeline(sent)
            except _LOST as exc:
                for one in sent:
                    one.result = exc
            for place, one in zip(places, sent[len(before) :], strict=False):
                found[place] = [one.result, sent[-1].result]

        await asyncio.gather(*(send(node, places) for node, places in held.values()))
        for place, (answer, _) in enumerate(found):
            if isinstance(answer, MovedError):
                await self.nodes_manager.move_slot(answer)
                await send(self._holder(writes[place][0]), [place])
            elif isinstance(answer, AskError):
                importing = self.get_node(node_name=get_node_name(answer.host, answer.port))
                if importing is not None:
                    await send(importing, [place], _ASKING)
        if any(isinstance(answer, _LOST) for answers in found for answer in answers):
            await self.look_again()
        return found

    def _holder(self, key: str) -> ClusterNode:
        node = self.get_node_from_key(key)
        if node is None:
            raise ClusterDownError(f"no node holds {key}")
        return node


class _Pipeline(ClusterPipeline):
    cluster_client: Cluster

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        try:
            answers: list[Any] = await super().execute(raise_on_error, allow_redirections)
        except _LOST:
            await self.cluster_client.look_again()
            raise
        if any(isinstance(answer, _LOST) for answer in answers):
            await self.cluster_client.look_again()
        return answers
