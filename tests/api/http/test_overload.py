"""Too much to do: what is let in is bounded, events go first, and nobody waits for long."""

import asyncio
import random
import time

import httpx
import pytest

from recsvc.api.http.overload import Gate
from tests.service import Service

FEED, EVENTS = "/v1/feed", "/v1/events"


@pytest.mark.parametrize("seed", range(5))
async def test_never_more_at_a_time_than_the_bound_and_everybody_is_answered(seed: int):
    chance, gate = random.Random(seed), Gate(in_flight=4, waiting=50)
    inside = most = 0

    async def ask() -> bool:
        nonlocal inside, most
        if not await gate.enter(chance.choice([FEED, EVENTS])):
            return False
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.sleep(chance.random() / 100)
        finally:
            inside -= 1
            gate.leave()
        return True

    tasks = [asyncio.create_task(ask()) for _ in range(150)]
    await asyncio.sleep(0.01)
    for task in chance.sample(tasks, 20):
        task.cancel()  # who asked has gone
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 4
    assert inside == 0
    assert False in answers, "more than may wait are refused at once"
    assert answers.count(True) > 50
    assert all([await gate.enter(FEED) for _ in range(4)]), "every place is free again"


async def test_an_event_goes_before_feeds_and_a_new_feed_before_an_old_one():
    gate, order = Gate(in_flight=1), []
    assert await gate.enter(FEED)

    async def ask(name: str, path: str) -> None:
        if await gate.enter(path):
            order.append(name)
            gate.leave()

    tasks = []
    for name, path in [
        ("old feed", FEED),
        ("event", EVENTS),
        ("later event", EVENTS),
        ("new feed", FEED),
    ]:
        tasks.append(asyncio.create_task(ask(name, path)))
        await asyncio.sleep(0)
    gate.leave()
    await asyncio.gather(*tasks)

    assert order == ["event", "later event", "new feed", "old feed"]


async def test_lists_leave_places_to_events():
    gate = Gate(in_flight=3, others=1)
    assert await gate.enter(FEED)
    waiting = asyncio.create_task(gate.enter(FEED))
    await asyncio.sleep(0)
    assert await gate.enter(EVENTS)
    assert await gate.enter(EVENTS)

    gate.leave(EVENTS)
    await asyncio.sleep(0)
    assert not waiting.done(), "the place of an event is none for a list"
    gate.leave(FEED)

    assert await waiting
    assert await gate.enter(EVENTS)


async def test_whoever_waits_in_vain_is_refused_within_a_second_or_so():
    gate = Gate(in_flight=1)
    assert await gate.enter(FEED)
    started_s = time.monotonic()

    assert await asyncio.gather(gate.enter(FEED), gate.enter(EVENTS)) == [False, False]

    assert time.monotonic() - started_s < 3


@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_at_four_hundred_connections_answers_or_refusals_come_and_probes_too(new_service):
    service: Service = new_service().start()
    service.put_all([{"id": f"p{n}", "title": f"Paper {n} on things"} for n in range(500)])
    limits = httpx.Limits(max_connections=500)
    base = f"http://127.0.0.1:{service.port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=60) as http:

        async def read(n: int) -> list[httpx.Response]:
            path = f"/v1/feed?user=r{n}&limit=100&fields=full"
            return [await http.get(path) for _ in range(3)]

        asking = asyncio.gather(*(read(n) for n in range(400)))
        probes = [await http.get("/health/ready") for _ in range(5)]
        answers = [answer for some in await asking for answer in some]

    assert {answer.status_code for answer in answers} <= {200, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert all("come back in a moment" in answer.json()["detail"] for answer in refused)
    assert len(refused) < len(answers)
    assert {probe.status_code for probe in probes} == {200}
