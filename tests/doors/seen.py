"""What is in the store after all: profiles, boards and counters, whichever door events came by."""

from pathlib import Path
from typing import Any

import msgspec
from redis import Redis

from recsvc.store import keys
from recsvc.store.bundled import socket_url
from tests.service import Service

_MARKS = (b"", b"\1", b"\3")  # the latest vote, when first seen, the version


class Seen:
    """Looks into a running service's store."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.redis = Redis.from_url(socket_url(Path(service.folder)), protocol=3)

    def close(self) -> None:
        self.redis.close()

    def profile(self, user: str) -> dict[str, dict[str, Any]]:
        """What a reader did, item by item, as it is stored."""
        fields = self.redis.hgetall(keys.profile(keys.shard_of(user), user))
        return {
            item.decode(): msgspec.msgpack.decode(packed)
            for item, packed in fields.items()
            if item not in _MARKS
        }

    def shown(self, user: str) -> dict[str, int]:
        """What a reader was shown, and when."""
        found = self.redis.zrange(keys.shown(keys.shard_of(user), user), 0, -1, withscores=True)
        return {item.decode(): int(at) for item, at in found}

    def entries(self, user: str) -> list[dict[str, Any]]:
        """What the log says of a reader, in its order."""
        log = self.redis.xrange(keys.events(keys.shard_of(user)))
        found = [msgspec.msgpack.decode(fields[b"e"]) for _, fields in log]
        return [entry for entry in found if entry["user"] == user]

    def reader_of(self, item: str) -> str:
        """Who was the first to do something to an item."""
        for shard in range(keys.N_SHARDS):
            for _, fields in self.redis.xrange(keys.events(shard)):
                entry = msgspec.msgpack.decode(fields[b"e"])
                if entry["item"] == item:
                    return entry["user"]
        raise AssertionError(f"nobody did anything to {item}")

    def board(self, item: str) -> dict[str, Any] | None:
        """An item's counters, once everything is counted."""
        self._service.settled()
        packed = self.redis.hget(keys.BOARD, item)
        return None if packed is None else msgspec.msgpack.decode(packed)

    def votes(self, item: str) -> dict[str, bytes]:
        """Who votes for an item, and since when, once everything is counted."""
        self._service.settled()
        return {user.decode(): at for user, at in self.redis.hgetall(keys.votes(item)).items()}

    def bytes_of(self, user: str) -> int:
        """How much is stored of a reader's events."""
        return sum(len(msgspec.msgpack.encode(entry)) for entry in self.entries(user))
