"""The whole loop on a real Redis Cluster: three masters, each with a replica."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from recsvc.errors import StoreUnavailableError
from recsvc.store.connection import connect
from recsvc.store.pipe import Pipe
from tests.cluster import Cluster
from tests.faults.servers import is_ready, served
from tests.service import Service, recsvc, wait_until
from tests.tally import Tally

pytestmark = [pytest.mark.server, pytest.mark.alone, pytest.mark.timeout(240)]

ITEMS = [f"paper/{n}" for n in range(12)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), has_replicas=True).running() as running:
        yield running


@pytest.fixture(scope="module")
def service(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service") / "data"
    started = Service(folder, redis_url=cluster.url, train_every_s=1, wait_for_replicas=1).start()
    started.put_all([{"id": item, "title": f"Snails and slugs {item}"} for item in ITEMS])
    yield started
    started.stop()
    started.http.close()


def upvotes(service: Service) -> dict[str, int]:
    listed = service.get("/v1/trending", window="all", limit=50)["items"]
    return {one["id"]: one["item"]["upvotes"] for one in listed}


def is_acknowledged(http: httpx.Client, event: dict[str, str], tally: Tally) -> bool:
    """Send a vote; of what gets no answer nobody knows whether it happened."""
    try:
        return tally.ask(lambda: http.post("/v1/events", json=event)).status_code == 202
    except httpx.TransportError as exc:
        print(f"{event['event_id']}: {exc!r}")
        return False


@contextmanager
def loaded(
    service: Service, tally: Tally | None = None, others: Sequence[httpx.Client] = ()
) -> Iterator[dict[str, str]]:
    """Vote meanwhile, each vote again until it is acknowledged; what was goes into the answer.

    Args:
        others: APIs beside the service's own, which voters share out among themselves.
    """
    tally = tally or Tally()
    doors = [service.http, *others]
    stopping, acknowledged = threading.Event(), dict[str, str]()

    def vote(number: int) -> None:
        door, name = doors[number % len(doors)], f"{id(acknowledged)}-{number}"
        with httpx.Client(base_url=door.base_url, timeout=30) as http:
            n = 0
            while not stopping.is_set():
                user, item = f"{name}-{n}", ITEMS[n % len(ITEMS)]
                event = {
                    "user": user,
                    "item": item,
                    "kind": "upvote",
                    "event_id": f"vote of {user}",
                }
                while not is_acknowledged(
                    http, event, tally
                ):  # the last one, too: it may have happened
                    time.sleep(0.1)
                acknowledged[user] = item
                n += 1

    voters = [threading.Thread(target=vote, args=(n,)) for n in range(3)]
    for voter in voters:
        voter.start()
    try:
        yield acknowledged
    finally:
        stopping.set()
        for voter in voters:
            voter.join()


def counted(service: Service, before: dict[str, int], acknowledged: dict[str, str]) -> bool:
    """Whether the boards hold what was acknowledged, each vote once."""
    found, votes = upvotes(service), list(acknowledged.values())
    return all(found.get(i, 0) - before.get(i, 0) == votes.count(i) for i in ITEMS)


def test_readers_of_every_node_in_one_call_and_the_next_feed_reflects_it(service):
    before = upvotes(service)
    votes = [{"user": f"u{n}", "kind": "upvote", "item": ITEMS[n % 5]} for n in range(40)]

    assert service.send(*votes)["accepted"] == 40

    feeds = [service.feed(f"u{n}") for n in range(10)]
    assert all(feed["source"] == "personal" for feed in feeds)
    assert all(ITEMS[n % 5] not in [i["id"] for i in feed["items"]] for n, feed in enumerate(feeds))
    acknowledged = {vote["user"]: vote["item"] for vote in votes}
    wait_until(lambda: counted(service, before, acknowledged), "the votes on the boards", 30)
    service.act("u1", "unvote", acknowledged.pop("u1"))
    wait_until(lambda: counted(service, before, acknowledged), "one was taken back", 30)
    assert service.get("/health/ready") == {"status": "ok", "problems": []}
    wait_until(lambda: service.get("/v1/snapshots")["snapshots"], "a model was trained", 30)
    assert service.ids("/v1/search", q="snails")


def test_a_reader_is_erased_and_the_others_stay(service):
    before = upvotes(service)
    both = dict.fromkeys(("leaver", "stayer"), ITEMS[7])
    service.send(*[{"user": user, "item": item, "kind": "upvote"} for user, item in both.items()])
    wait_until(lambda: counted(service, before, both), "both votes", 30)

    assert service.http.delete("/v1/users/leaver").status_code in (202, 204)

    wait_until(lambda: counted(service, before, {"stayer": ITEMS[7]}), "one vote", 30)
    assert service.get("/v1/users/stayer")["interactions"]
    assert service.http.get("/v1/users/leaver").json().get("interactions") in (None, [])


def test_boards_made_anew_from_the_log_are_the_same(service):
    wait_until(lambda: service.get("/v1/stats")["events_behind"] == 0, "all are on the boards", 30)
    before = upvotes(service)
    service.stop()

    done = service.run("rebuild")
    service.start()

    assert done.returncode == 0, done.stderr
    assert upvotes(service) == before


def test_slots_move_under_load_and_nothing_is_lost_or_doubled(service, cluster):
    before = upvotes(service)
    with loaded(service) as acknowledged:
        wait_until(lambda: len(acknowledged) > 20, "votes", 30)
        for key in ("rs:{site}:items", "rs:{0}:events", "rs:{23}:events", "rs:{42}:events"):
            cluster.move(key)
        n = len(acknowledged)
        wait_until(lambda: len(acknowledged) > n + 20, "more votes", 30)

    wait_until(lambda: counted(service, before, acknowledged), "each vote once", 30)


async def test_what_waits_for_a_replica_waits_for_those_of_the_node_that_wrote_it(cluster):
    client = connect(cluster.url)
    pipe, key = Pipe(client), "{7}safe"
    await pipe.send_safely(key, "SET", key, 1, replicas=1)

    cluster.move(key)  # the client does not know

    with cluster.without_replicas(cluster.holder(key)):
        with pytest.raises(StoreUnavailableError):
            await pipe.send_safely(key, "SET", key, 2, replicas=1)
        async with asyncio.timeout(20):  # once for all that wait, not one after another
            writes = [pipe.send_safely(key, "INCR", key, replicas=1) for _ in range(60)]
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(outcome, StoreUnavailableError) for outcome in outcomes)
    assert await pipe.send_safely(key, "INCR", key, replicas=1) == 63
    await client.aclose()


def test_a_replica_stands_in_for_a_master_that_died_and_no_vote_is_lost(service, cluster, capsys):
    tally = Tally()
    before, serving = upvotes(service), service.part("api")
    with (
        served(cluster.url, wait_for_replicas=1) as second,
        served(cluster.url, wait_for_replicas=1) as third,
        loaded(service, tally, [second, third]) as acknowledged,
    ):
        wait_until(lambda: len(acknowledged) > 20, "votes", 30)
        lost = cluster.holder("rs:{site}:items")
        cluster.kill(lost)
        wait_until(lambda: cluster.holder("rs:{site}:items") != lost, "a replica stands in", 30)
        cluster.revive(lost)  # until then no replica has what is written there
        n = len(acknowledged)
        wait_until(lambda: len(acknowledged) > n + 50, "votes are taken again", 60)
        for http in (second, third):
            wait_until(partial(is_ready, http), "each API is ready again", 30)

    with capsys.disabled():
        print(f"\na master of the cluster killed under three APIs: {tally.told()}")

    def is_settled() -> bool:
        stats = service.http.get("/v1/stats")
        return stats.status_code == 200 and stats.json()["events_behind"] == 0

    wait_until(is_settled, "all are on the boards", 60)
    wait_until(lambda: counted(service, before, acknowledged), "each vote once", 30)
    assert service.get("/health/ready")["status"] == "ok"
    assert service.part("api") == serving, "it was not started anew"


def test_the_address_of_a_single_server_is_refused_for_a_cluster(cluster, tmp_path):
    done = recsvc("up", redis_url=f"redis://127.0.0.1:{cluster.replicas[0]}", data_dir=tmp_path)

    assert done.returncode == 2
    assert "redis+cluster://" in done.stderr
    assert "Traceback" not in done.stderr
