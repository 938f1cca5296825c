"""Claims, leases and what became of mails, on a real server."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from recsvc.clock import DAY_US, SECOND_US
from recsvc.store.connection import Redis
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import digest_job
from tests.workers.mail.post import Office, instant, settings_for

START = instant("2026-03-28T12:00")
DUE = instant("2026-03-29T07:00")
DAY = date(2026, 3, 29)
JOB = digest_job("reader")


@pytest.fixture
async def office(redis: Redis, store_url: str, tmp_path: Path) -> Office:
    office = Office(redis, settings_for(store_url, tmp_path, None))
    await office.subscribe("reader@example.com", START)
    return office


@pytest.fixture
def deliveries(office: Office) -> Deliveries:
    return office.deliveries


async def test_a_job_is_due_when_its_time_has_come(deliveries: Deliveries):
    assert await deliveries.due(DUE - 1, 10) == []
    assert await deliveries.due(DUE, 10) == [JOB]
    assert await deliveries.claim(JOB, DUE - 1, 60) is None


async def test_one_of_many_workers_gets_a_job(deliveries: Deliveries):
    claims = await asyncio.gather(*(deliveries.claim(JOB, DUE, 60) for _ in range(20)))

    assert sum(claim is not None for claim in claims) == 1
    assert await deliveries.due(DUE + 59 * SECOND_US, 10) == []
    assert await deliveries.due(DUE + 60 * SECOND_US, 10) == [JOB]


async def test_what_is_sent_is_remembered_and_its_date_never_comes_again(deliveries: Deliveries):
    claim = await deliveries.claim(JOB, DUE, 60)
    assert await deliveries.hand_over(claim, DAY, ["a", "b/ä"])
    assert await deliveries.settle(claim, "sent", DUE + DAY_US, DAY, DUE)

    again = await deliveries.claim(JOB, DUE + DAY_US, 60)

    assert again.done == DAY
    assert again.handing is None
    assert sorted(await deliveries.mailed("reader", DUE + DAY_US)) == ["a", "b/ä"]
    assert await deliveries.mailed("reader", DUE + 31 * DAY_US) == []
    assert await deliveries.figures() == {"sent": 1, "last_sent_us": DUE}


async def test_a_mail_whose_worker_died_after_the_handing_over_is_known_to_the_next(
    deliveries: Deliveries,
):
    first = await deliveries.claim(JOB, DUE, 60)
    await deliveries.hand_over(first, DAY, ["a"])

    second = await deliveries.claim(JOB, DUE + 61 * SECOND_US, 60)
    await deliveries.settle(second, "unknown", DUE + DAY_US, DAY, DUE)

    assert second.handing == DAY
    assert await deliveries.mailed("reader", DUE) == ["a"], "it counts as sent"


async def test_an_earlier_claim_is_refused(deliveries: Deliveries):
    first = await deliveries.claim(JOB, DUE, 60)
    second = await deliveries.claim(JOB, DUE + 61 * SECOND_US, 60)

    assert not await deliveries.hand_over(first, DAY, ["a"])
    assert not await deliveries.settle(first, "sent", DUE + DAY_US, DAY, DUE)
    assert not await deliveries.release(JOB, first.token, DUE, handed=False)
    assert await deliveries.hand_over(second, DAY, ["a"])


async def test_nothing_is_handed_over_for_somebody_who_left(office: Office, deliveries: Deliveries):
    claim = await deliveries.claim(JOB, DUE, 60)
    await office.subscriptions.remove("reader")

    assert not await deliveries.hand_over(claim, DAY, ["a"])
    await deliveries.settle(claim, "withdrawn", None, None, DUE)
    assert await deliveries.due(DUE + 400 * DAY_US, 10) == []


async def test_leaving_while_a_mail_goes_out_leaves_nothing_behind(
    office: Office, deliveries: Deliveries, redis: Redis
):
    claim = await deliveries.claim(JOB, DUE, 60)
    await deliveries.hand_over(claim, DAY, ["a"])
    await office.subscriptions.remove("reader")
    await deliveries.settle(claim, "sent", DUE + DAY_US, DAY, DUE)

    left = [key.decode() async for key in redis.scan_iter("rs:{site}:mail:*")]
    assert left == []


async def test_a_deferred_mail_keeps_count_and_forgets_what_was_in_it(deliveries: Deliveries):
    for tries in range(3):
        now = DUE + tries * SECOND_US
        claim = await deliveries.claim(JOB, now, 60)
        assert claim.tries == tries
        await deliveries.hand_over(claim, DAY, ["a"])
        await deliveries.settle(claim, "deferred", now + SECOND_US, None, now)

    last = await deliveries.claim(JOB, DUE + 9 * SECOND_US, 60)

    assert (last.tries, last.done, last.handing) == (3, None, None)
    assert await deliveries.mailed("reader", DUE) == []


@pytest.mark.parametrize("handed", [False, True])
async def test_a_dead_workers_job_is_freed_as_far_as_it_had_got(
    deliveries: Deliveries, handed: bool
):
    claim = await deliveries.claim(JOB, DUE, 900)
    await deliveries.hand_over(claim, DAY, ["a"])

    assert await deliveries.release(JOB, claim.token, DUE, handed)

    again = await deliveries.claim(JOB, DUE, 900)
    assert again.handing == (DAY if handed else None)


async def test_what_is_remembered_is_bounded(deliveries: Deliveries, redis: Redis):
    claim = await deliveries.claim(JOB, DUE, 60)
    await deliveries.hand_over(claim, DAY, [f"item-{n}" for n in range(2_500)])
    await deliveries.settle(claim, "sent", DUE + DAY_US, DAY, DUE)

    assert len(await deliveries.mailed("reader", DUE)) == 2_000
    assert 0 < await redis.ttl("rs:{site}:mail:mailed:reader") <= 30 * 86_400
    assert await redis.ttl("rs:{site}:mail:job:d:reader") > 0
