"""Too much to do: what is let in is bounded, events go first, and nobody waits for long."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import httpx
import numpy as np
import pytest

from recsvc.api.http.bodies import Bodies, Body
from recsvc.api.http.metrics import registry
from recsvc.api.http.overload import RULES, Gate, Lane, Rule, lane_of
from recsvc.places import given_away, place
from tests.service import Service

_STEP_S = 0.0005


class Clock(asyncio.SelectorEventLoop):
    """A loop on which nothing takes time but what is said to: it goes from one timer to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now_s = max(self.now_s, min(timer.when() for timer in self._scheduled))
        super()._run_once()


class Site:
    """One processor, and requests of some steps each that go through a lane."""

    def __init__(self, rule: Rule) -> None:
        self.lane = Lane("lane", rule)
        self.waited_s: dict[bool, list[float]] = {True: [], False: []}
        self._processor = asyncio.Lock()

    async def ask(self) -> bool:
        clock = asyncio.get_running_loop()
        came_s = clock.time()
        is_in = await self.lane.enter()
        if is_in:
            for _ in range(2):
                async with self._processor:
                    await asyncio.sleep(_STEP_S)
            self.lane.leave()
        self.waited_s[is_in].append(clock.time() - came_s)
        return is_in


def on_a_clock(work: Coroutine[Any, Any, None]) -> None:
    clock = Clock()
    try:
        clock.run_until_complete(work)
    finally:
        clock.close()


@pytest.mark.parametrize("seed", range(5))
async def test_never_more_at_a_time_than_the_bound_and_everybody_is_answered(seed: int):
    chance = random.Random(seed)
    lane = Lane("lane", Rule(places=4, crowd=50, few=chance.choice([None, 10])))
    inside = most = 0

    async def ask() -> bool:
        nonlocal inside, most
        if not await lane.enter():
            return False
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.sleep(chance.random() / 100)
        finally:
            inside -= 1
            lane.leave()
        return True

    tasks = [asyncio.create_task(ask()) for _ in range(150)]
    await asyncio.sleep(0.01)
    for task in chance.sample(tasks, 20):
        task.cancel()  # who asked has gone
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 4
    assert inside == 0
    assert False in answers, "more than may wait are refused at once"
    assert answers.count(True) > 10
    assert all([await lane.enter() for _ in range(4)]), "every place is free again"


@pytest.mark.parametrize("at_a_time", [1, 16, 60])
def test_few_who_ask_again_when_they_are_answered_are_served_in_order_and_all_of_them(
    at_a_time: int,
):
    async def ask() -> None:
        site = Site(RULES["lists"])

        async def reader() -> None:
            for _ in range(50):
                assert await site.ask()

        await asyncio.gather(*(reader() for _ in range(at_a_time)))
        assert max(site.waited_s[True]) <= 2 * _STEP_S * (at_a_time + 2)

    on_a_clock(ask())


def test_of_five_times_too_many_the_latest_are_answered_as_soon_as_ever_and_the_others_told_at_once():
    async def flood() -> None:
        site, tasks = Site(RULES["lists"]), []
        for _ in range(20_000):
            tasks.append(asyncio.create_task(site.ask()))
            await asyncio.sleep(2 * _STEP_S / 5)
        await asyncio.gather(*tasks)

        answered, refused = (np.sort(site.waited_s[is_in]) for is_in in (True, False))
        assert len(answered) > 3_900, "the processor has always had something to do"
        places = RULES["lists"].places
        assert answered[int(len(answered) * 0.99)] <= 2 * _STEP_S * (places + 1)
        assert refused.max() <= 0.1

    on_a_clock(flood())


def test_whoever_waits_in_vain_is_refused_after_a_second():
    async def wait() -> None:
        lane = Lane("lane", Rule(places=1))
        assert await lane.enter()

        assert await asyncio.gather(*(lane.enter() for _ in range(3))) == [False] * 3

        assert 1 <= asyncio.get_running_loop().time() < 1.1

    on_a_clock(wait())


async def test_whoever_waits_for_somebody_else_holds_nobody_up():
    bodies, lane = Bodies(1, 1), Lane("lane", Rule(places=1))
    assert await lane.enter()
    place.set(Body(bodies, lane, {"path": "/", "headers": []}, asyncio.Event().wait))

    async with given_away():
        assert await lane.enter()
        lane.leave()
    waiting = asyncio.create_task(lane.enter())
    await asyncio.sleep(0)
    assert not waiting.done(), "the place is held again"
    lane.leave()

    assert await waiting


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/v1/feed", "lists"),
        ("POST", "/v1/feed", "lists"),
        ("POST", "/v1/rank", "lists"),
        ("GET", "/", "lists"),
        ("POST", "/v1/events", "events"),
        ("GET", "/v1/events", "workers"),
        ("GET", "/v1/users/a%2Fb/export", "workers"),
        ("POST", "/v1/people/export", "workers"),
        ("GET", "/v1/search", "searches"),
        ("GET", "/v1/items/p/votes/explain", "explanations"),
        ("POST", "/v1/items", "writes"),
        ("DELETE", "/v1/users/ada", "writes"),
        ("GET", "/v1/items", "lists"),
    ],
)
def test_what_takes_long_goes_in_another_lane_than_lists(method: str, path: str, lane: str):
    assert lane_of(method, path) == lane


@pytest.mark.alone
@pytest.mark.timeout(300)
async def test_at_four_hundred_connections_answers_or_refusals_come_and_probes_too(new_service):
    service: Service = new_service().start()
    service.put_all([{"id": f"p{n}", "title": f"Paper {n} on things"} for n in range(500)])
    limits = httpx.Limits(max_connections=500)
    base = f"http://127.0.0.1:{service.port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=60) as http:

        async def asked(path: str) -> httpx.Response:
            try:
                return await http.get(path)
            except httpx.RemoteProtocolError:
                # This client was too slow to use a connection that it kept, and it was closed meanwhile:
                # what changes nothing is asked again (RFC 9110, section 9.2.2), once.
                return await http.get(path)

        async def read(n: int) -> list[httpx.Response]:
            path = f"/v1/feed?user=r{n}&limit=100&fields=full"
            return [await asked(path) for _ in range(3)]

        asking = asyncio.gather(*(read(n) for n in range(400)))
        probes = [await http.get("/health/ready") for _ in range(5)]
        answers = [answer for some in await asking for answer in some]

    assert {answer.status_code for answer in answers} <= {200, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert all("come back in a moment" in answer.json()["detail"] for answer in refused)
    assert len(refused) < len(answers)
    assert {probe.status_code for probe in probes} == {200}


async def test_the_figure_of_what_is_worked_on_is_that_of_all_lanes():
    gate = Gate()
    lanes = [gate.lane("GET", "/v1/feed"), gate.lane("POST", "/v1/events")]
    for lane in (*lanes, lanes[0]):
        await lane.enter()
    assert registry.get_sample_value("recsvc_requests_in_flight") == 3

    for lane in lanes:
        lane.leave()
    assert registry.get_sample_value("recsvc_requests_in_flight") == 1
