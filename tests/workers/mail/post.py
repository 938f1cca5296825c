"""A post office for tests: subscribers, items with votes, and a digest worker whose clock is theirs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsvc.clock import SECOND_US, now_us, to_us
from recsvc.core.items.item import NewItem, completed
from recsvc.core.items.trending import TrendingParams
from recsvc.core.mail.schedule import next_slot
from recsvc.core.mail.subscription import Pending, Preferences, Subscription, confirmed
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.mail.links import Links
from recsvc.settings import Settings, from_environment
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe
from workers.digest import opened
from workers.ingest import Ingest
from workers.mail.digest import DigestWorker

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US


def instant(text: str) -> int:
    """`2026-03-29T01:00` is UTC."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Office:
    """The store's side of a test."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self.settings = settings
        self.redis = redis
        self.pipe = Pipe(redis)
        self.subscriptions = Subscriptions(self.pipe)
        self.deliveries = Deliveries(self.pipe, settings.digest.repeat_days)

    async def links(self) -> Links:
        return Links(await signatures(self.pipe), self.settings.digest, self.settings.site_url)

    async def stock(self, items: list[NewItem], n_votes: int = 1) -> None:
        """Put items into the catalogue and votes on them, the first item the most."""
        now = now_us()
        store = Items(self.pipe)
        await store.change({i.id: lambda _, i=i: completed(i, None, now) for i in items})
        if not n_votes:
            return
        log = EventLog(self.pipe, KINDS, EventLogParams())
        votes = [
            Entry(f"voter-{n}", item.id, "upvote", now - HOUR_US + n, now)
            for place, item in enumerate(items)
            for n in range(max(1, n_votes - place))
        ]
        await log.record(votes, [True] * len(votes))
        await self.applied()

    async def act(self, user: str, kind: str, item: str) -> None:
        log = EventLog(self.pipe, KINDS, EventLogParams())
        now = now_us()
        await log.record([Entry(user, item, kind, now, now)], [True])
        await self.applied()

    async def applied(self) -> None:
        """Bring every event onto the boards."""
        ingest = Ingest(
            Streams(self.redis, "test"), Boards(self.pipe, TrendingParams()), KINDS, 10.0
        )
        await ingest.start()
        while await ingest.run_once():
            pass

    async def subscribe(
        self, email: str, now: int, user: str | None = None, **preferences: Any
    ) -> Subscription:
        """Make a confirmed subscription."""
        wanted = Preferences(**preferences)
        pending = Pending(email.partition("@")[0], email, wanted, now, 1, user)
        await self.subscriptions.request(pending.id, pending)
        subscription = confirmed(pending, now, "proof")
        due = next_slot(wanted.rhythm, now).at_us
        assert await self.subscriptions.confirm(pending.id, subscription, due)
        return subscription


def settings_for(url: str, folder: Path, port: int | None, **more: Any) -> Settings:
    """Settings that talk to the test's store and relay."""
    relay = {} if port is None else {"smtp_host": "127.0.0.1", "smtp_port": port}
    defaults: dict[str, Any] = {
        "redis_url": url,
        "data_dir": str(folder),
        "smtp_tls": "none",
        "mail_from": "papers@example.org",
        "public_url": "https://papers.example.org",
        "digest_items": 3,
    }
    return from_environment({}, **(defaults | relay | more))


@asynccontextmanager
async def worker(settings: Settings, clock: Clock) -> AsyncIterator[DigestWorker]:
    async with opened(settings, clock) as running:
        yield running
        await running.rest()


async def all_due(running: DigestWorker) -> int:
    """Do everything that is due; return how many jobs."""
    total = 0
    while n := await running.run_once():
        total += n
    return total


def papers(n: int, **fields: Any) -> list[NewItem]:
    return [
        NewItem(
            id=f"paper/{i}", title=f"Paper {i} on attention", text="What it says. " * 9, **fields
        )
        for i in range(n)
    ]
