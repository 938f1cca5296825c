"""The client of a cluster, for callers who are told when a node does not answer."""

import asyncio
import contextlib
import time
from typing import Any

from redis.asyncio.cluster import ClusterPipeline, RedisCluster
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,
    RedisClusterException,
    RedisError,
    TimeoutError,
)

_LOST = (ConnectionError, TimeoutError, ClusterDownError, OSError)
_LOOK_S = 0.25


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
