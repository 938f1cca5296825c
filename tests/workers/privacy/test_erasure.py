"""Erasure on a real store and a real archive, step by step; `test_privacy.py` does it end to end."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from recsvc.clock import DAY_US, now_us
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import TrendingParams
from recsvc.core.mail.subscription import Consent, Pending, Preferences, Subscription
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.errors import ConflictError, NotFoundError
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import GROUP, Logged, Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures, ErasureState
from recsvc.store.readers.exports import Exports
from recsvc.store.readers.preferences import ReaderPreferences
from recsvc.store.readers.profiles import ALL, Profiles
from workers.ingest import Ingest
from workers.log.archive import Archive
from workers.log.archiver import Archiver
from workers.log.params import ArchiveParams
from workers.privacy import holdings
from workers.privacy.eraser import Eraser
from workers.privacy.exporter import ExportHolding
from workers.privacy.records import PreferenceHolding, SubscriptionHolding

# Found by trying: the three readers share a shard, so that one's erasure might touch another's log.
SHARD = 7


def readers(n: int) -> list[str]:
    found = (f"reader-{i}" for i in range(10_000))
    return [user for user in found if keys.shard_of(user) == SHARD][:n]


LEAVER, STAYER, OTHER = readers(3)


class CompactedError(Exception):
    """Raised instead of compacting, to die at that point."""


@dataclass
class World:
    """Everything between an event and its erasure."""

    redis: Redis
    log: EventLog
    boards: Boards
    streams: Streams
    ingest: Ingest
    archive: Archive
    archiver: Archiver
    profiles: Profiles
    erasures: Erasures
    items: Items
    eraser: Eraser

    async def act(self, user: str, kind: str, item: str) -> None:
        now = now_us()
        await self.log.record([Entry(user, item, kind, now, now)], [False])

    async def applied(self) -> None:
        while await self.ingest.run_once():
            pass

    async def archived(self) -> None:
        await self.applied()
        await self.archiver.run_once(now_us(), force=True)

    async def erased(self) -> None:
        await self.eraser.run(await self.eraser.pending())

    async def logged(self) -> list[str]:
        entries = await self.streams.range(SHARD, "0-0", "+", None)
        return [entry.entry().user for entry in entries]


def world_on(redis: Redis, folder: Path, compact=None) -> World:
    pipe = Pipe(redis)
    boards, streams = Boards(pipe, TrendingParams()), Streams(redis, "test")
    archive, profiles, items = Archive(folder), Profiles(pipe), Items(pipe)
    erasures = Erasures(pipe)
    held = [
        holdings.LogHolding(streams, archive),
        holdings.DeadLetterHolding(streams),
        holdings.ArchiveHolding(archive),
        holdings.VoteHolding(boards, profiles),
        holdings.OwnerHolding(items),
        PreferenceHolding(ReaderPreferences(pipe)),
        SubscriptionHolding(Subscriptions(pipe), Deliveries(pipe, 30), folder / "outbox"),
        ExportHolding(Exports(pipe)),
    ]
    return World(
        redis,
        EventLog(pipe, KINDS, EventLogParams()),
        boards,
        streams,
        Ingest(streams, boards, KINDS, 10.0),
        archive,
        Archiver(archive, streams, boards, ArchiveParams(60.0, 10**9)),
        profiles,
        erasures,
        items,
        Eraser(erasures, boards, streams, held, compact),
    )


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    made = world_on(redis, tmp_path)
    await made.ingest.start()
    return made


async def test_a_reader_is_forgotten_at_once(world: World):
    await world.act(LEAVER, "upvote", "a")
    await world.act(LEAVER, "impression", "b")
    await world.act(STAYER, "upvote", "a")

    proof = await world.erasures.request(LEAVER, now_us())

    assert proof.state is ErasureState.RUNNING
    assert proof.counts == {"interactions": 1, "shown": 1, "preferences": 0}
    assert (await world.profiles.read(LEAVER, n_shown=ALL))[0].is_empty
    assert not (await world.profiles.read(STAYER))[0].is_empty


async def test_log_archive_votes_and_ownership_go_and_others_stay(world: World):
    owned = StoredItem(id="mine", title="mine", created_us=1, owners=(LEAVER, STAYER))
    await world.items.change({"mine": lambda _: owned})
    for user in (LEAVER, STAYER, OTHER):
        await world.act(user, "upvote", "a")
        await world.act(user, "click", "b")
    await world.archived()
    for user in (STAYER, LEAVER, OTHER, LEAVER):
        await world.act(user, "click", "c")
    await world.applied()
    await world.streams.bury(SHARD, Logged("1-1", {b"e": LEAVER.encode()}), "poison")
    await world.streams.bury(SHARD, Logged("1-2", {b"e": STAYER.encode()}), "poison")

    asked = await world.erasures.request(LEAVER, now_us())
    await world.erased()

    assert await world.logged() == [STAYER, OTHER]
    assert sorted(world.archive.read()["user"]) == sorted([STAYER, STAYER, OTHER, OTHER])
    row = (await world.boards.all())["a"]
    assert row.votes == row.counts["upvote"] == 2
    assert (await world.items.owners())["mine"] == [STAYER]
    assert [d.fields[b"e"].decode() for d in await world.streams.dead_letters(SHARD)] == [STAYER]
    proof = await world.erasures.find(asked.id)
    assert proof.state is ErasureState.DONE
    assert proof.counts == {
        "interactions": 3,
        "events": 2,
        "archived_events": 2,
        "votes": 1,
        "owned_items": 1,
        "dead_letters": 1,
        "shown": 0,
        "preferences": 0,
    }
    assert LEAVER not in str(proof)
    assert await world.erasures.proofs_of(LEAVER) == [proof]
    assert await world.erasures.proofs_of(STAYER) == []


async def test_events_that_arrive_later_start_afresh(world: World):
    await world.act(LEAVER, "upvote", "a")
    await world.act(LEAVER, "upvote", "b")
    await world.applied()
    await world.erasures.request(LEAVER, now_us())
    await world.act(LEAVER, "upvote", "b")
    await world.act(LEAVER, "click", "c")
    await world.archived()

    await world.erased()

    profile, _ = await world.profiles.read(LEAVER)
    assert {i.item for i in profile.interactions} == {"b", "c"}
    assert world.archive.read()["item"].to_list() == ["b", "c"]
    boards = await world.boards.all()
    assert ("a" in boards, boards["b"].votes) == (False, 1)


async def test_erasure_waits_for_the_boards(world: World):
    await world.act(LEAVER, "upvote", "a")

    await world.erasures.request(LEAVER, now_us())

    assert await world.eraser.pending() == {}
    await world.applied()
    assert len(await world.eraser.pending()) == 1


async def test_erasure_waits_while_entries_are_being_delivered(world: World):
    await world.act(LEAVER, "click", "a")
    await world.applied()
    asked = await world.erasures.request(LEAVER, now_us())
    await world.act(STAYER, "click", "a")
    delivered = await world.streams.read(10, 100)

    with pytest.raises(ConflictError):
        await world.erased()

    await world.streams.acknowledge({SHARD: [e.entry_id for e in delivered[SHARD]]})
    await world.erased()
    assert (await world.erasures.find(asked.id)).state is ErasureState.DONE


async def test_a_log_written_anew_is_consumed_where_it_was(world: World, redis: Redis):
    for n in range(5):
        await world.act(STAYER if n % 2 else LEAVER, "click", f"i{n}")
    await world.applied()
    before = await redis.xinfo_stream(keys.events(SHARD))
    await world.erasures.request(LEAVER, now_us())
    await world.act(STAYER, "click", "later")

    await world.erased()

    after = await redis.xinfo_stream(keys.events(SHARD))
    assert after["entries-added"] == before["entries-added"] + 1
    (group,) = await redis.xinfo_groups(keys.events(SHARD))
    assert (group["name"], group["pending"], group["lag"]) == (GROUP.encode(), 0, 1)
    assert await world.ingest.run_once() == 1
    assert (await world.boards.all())["later"].counts == {"click": 1}


async def test_whoever_dies_in_between_is_followed_by_one_who_finishes(
    redis: Redis, tmp_path: Path
):
    async def die() -> None:
        raise CompactedError

    world = world_on(redis, tmp_path, die)
    await world.ingest.start()
    for kind in ("upvote", "click"):
        await world.act(LEAVER, kind, "a")
    await world.archived()
    asked = await world.erasures.request(LEAVER, now_us())
    # Once through the archive without a note of it, as if killed right there.
    world.archive.erase({LEAVER: "9999999999999-0"})

    with pytest.raises(CompactedError):
        await world.erased()
    assert (await world.erasures.find(asked.id)).state is ErasureState.COMPACTING
    done = []

    async def compact() -> None:
        done.append(True)

    successor = world_on(redis, tmp_path, compact)
    await successor.erased()
    await successor.erased()

    proof = await successor.erasures.find(asked.id)
    assert (proof.state, proof.compacted, done) == (ErasureState.DONE, True, [True])
    assert world.archive.read().is_empty()


async def test_many_readers_go_at_a_time(world: World):
    users = [f"simulated-{n}" for n in range(30)]
    for user in [*users, STAYER]:
        await world.act(user, "upvote", "a")
    await world.archived()
    for user in users:
        await world.erasures.request(user, now_us())
    await world.erasures.request(users[0], now_us())

    await world.erased()

    assert world.archive.read()["user"].to_list() == [STAYER]
    assert (await world.boards.all())["a"].votes == 1
    assert await world.erasures.pending() == {}


async def test_what_the_files_say_of_shards_survives(world: World):
    await world.act(LEAVER, "click", "a")
    await world.archived()
    until = world.archive.until()

    await world.erasures.request(LEAVER, now_us())
    await world.erased()

    assert world.archive.read().is_empty()
    assert Archive(world.archive._folder).until() == until


async def test_unknown_erasures_are_not_found(world: World):
    for identity in ("", "zz", "ff", "0" * 26, "abc"):
        with pytest.raises(NotFoundError):
            await world.erasures.find(identity)


def test_old_files_are_dropped_by_day(tmp_path: Path):
    for day in ("2026-01-30", "2026-01-31", "2026-02-01"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.parquet").touch()

    assert Archive(tmp_path).drop_before(date(2026, 2, 1)) == 2

    assert [f.parent.name for f in tmp_path.glob("*/*.parquet")] == ["2026-02-01"]
    assert not (tmp_path / "2026-01-30").exists()


async def test_retention_drops_what_is_older_than_the_setting(world: World):
    await world.act(STAYER, "click", "a")
    await world.archived()
    params = ArchiveParams(60.0, 10**9, kept_days=3)
    keeper = Archiver(world.archive, world.streams, world.boards, params)

    await keeper.run_once(now_us() + 3 * DAY_US)
    assert world.archive.count() == 1
    await keeper.run_once(now_us() + 5 * DAY_US)

    assert world.archive.count() == 0


async def test_what_a_reader_follows_goes_at_once_and_their_mails_soon_after(
    world: World, tmp_path: Path
):
    outbox = tmp_path / "outbox" / "new"
    outbox.mkdir(parents=True)
    for n, user in enumerate((LEAVER, STAYER)):
        mail = f"From: x@example.com\r\nTo: {user}@example.com\r\n\r\nNews.\r\n"
        (outbox / f"{n}.eml").write_text(mail)
    pipe = Pipe(world.redis)
    preferences, subscriptions = ReaderPreferences(pipe), Subscriptions(pipe)
    for user in (LEAVER, STAYER):
        await preferences.change(user, {"topics": {"birds": "follow"}})
        await subscriptions.request(user, pending(user))
        assert await subscriptions.confirm(user, subscription(user), now_us())

    asked = await world.erasures.request(LEAVER, now_us())

    assert (await preferences.read(LEAVER)).is_empty
    await world.erased()
    assert await subscriptions.of(LEAVER) == []
    assert (await preferences.read(STAYER)).topics == {"birds": "follow"}
    assert [s.user for s in await subscriptions.of(STAYER)] == [STAYER]
    assert [path.name for path in outbox.iterdir()] == ["1.eml"]
    counts = (await world.erasures.find(asked.id)).counts
    assert (counts["preferences"], counts["subscriptions"]) == (1, 1)


def pending(user: str) -> Pending:
    return Pending(user, f"{user}@example.com", Preferences(), now_us(), 1, user)


def subscription(user: str) -> Subscription:
    consent = Consent(now_us(), now_us(), 1, "")
    return Subscription(user, f"{user}@example.com", Preferences(), consent, user)
