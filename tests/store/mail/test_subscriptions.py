import asyncio
from pathlib import Path

import msgspec
import pytest

from recsvc.clock import HOUR_US, SECOND_US, now_us
from recsvc.core.mail.subscription import Pending, Preferences, Subscription, confirmed
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import Redis
from recsvc.store.mail.limits import MailLimitParams, MailLimits
from recsvc.store.mail.subscriptions import Subscriptions, confirm_job, digest_job
from recsvc.store.pipe import Pipe
from tests.workers.mail.post import Office, instant, settings_for

START = instant("2026-03-28T12:00")
LATER = instant("2036-01-01T00:00")


@pytest.fixture
async def office(redis: Redis, store_url: str, tmp_path: Path) -> Office:
    return Office(redis, settings_for(store_url, tmp_path, None))


@pytest.fixture
def subscriptions(office: Office) -> Subscriptions:
    return office.subscriptions


def wish(email: str = "reader@example.com", user: str | None = None) -> Pending:
    return Pending(email.partition("@")[0], email, Preferences(), START, 1, user)


async def test_a_wish_waits_and_is_forgotten_by_itself(
    subscriptions: Subscriptions, office: Office, redis: Redis
):
    await subscriptions.request("nonce", wish())

    assert await subscriptions.pending("nonce") == wish()
    assert await office.deliveries.due(START, 10) == [confirm_job("nonce")]
    assert 0 < await redis.ttl("rs:{site}:mail:pending:nonce") <= 3 * 86_400


async def test_a_wish_is_confirmed_once_however_often_it_is_tried(subscriptions: Subscriptions):
    await subscriptions.request("nonce", wish())
    subscription = confirmed(wish(), START + 1, "proof")

    done = await asyncio.gather(
        *(subscriptions.confirm("nonce", subscription, LATER) for _ in range(10))
    )

    assert sum(done) == 1
    assert await subscriptions.get("reader") == subscription
    assert await subscriptions.pending("nonce") is None


async def test_nothing_of_a_subscription_is_left_when_it_is_removed(
    office: Office, subscriptions: Subscriptions, redis: Redis
):
    await office.subscribe("reader@example.com", START, user="alice", content="both")

    assert await subscriptions.remove("reader")

    assert not await subscriptions.remove("reader")
    assert [k async for k in redis.scan_iter("rs:{site}:mail:*")] == []


async def test_a_readers_erasure_takes_subscriptions_and_wishes(
    office: Office, subscriptions: Subscriptions, redis: Redis
):
    await office.subscribe("home@example.com", START, user="alice", content="both")
    await office.subscribe("work@example.com", START, user="alice", content="personal")
    await office.subscribe("other@example.com", START, user="bob", content="both")
    await subscriptions.request("waiting", wish("third@example.com", "alice"))

    assert {s.email for s in await subscriptions.of("alice")} == {
        "home@example.com",
        "work@example.com",
    }
    assert await subscriptions.erase_subscriptions_of("alice") == 3

    assert await subscriptions.of("alice") == []
    assert await subscriptions.pending("waiting") is None
    assert await office.deliveries.due(LATER, 10) == [digest_job("other")]
    assert await redis.exists("rs:{site}:mail:of:alice") == 0
    assert await subscriptions.erase_subscriptions_of("alice") == 0


async def test_erasing_a_reader_leaves_an_address_that_went_to_somebody_else(
    office: Office, subscriptions: Subscriptions
):
    await office.subscribe("shared@example.com", START, user="alice", content="both")
    await office.subscribe("shared@example.com", START, user="bob", content="both")

    await subscriptions.erase_subscriptions_of("alice")

    assert (await subscriptions.get("shared")).user == "bob"


async def test_wishes_of_a_reader_do_not_pile_up(subscriptions: Subscriptions, redis: Redis):
    for n in range(5):
        old = msgspec.structs.replace(wish(user="alice"), requested_us=n * 4 * 86_400 * SECOND_US)
        await subscriptions.request(f"n{n}", old)

    assert await redis.zcard("rs:{site}:mail:of:alice") == 1
    assert 0 < await redis.ttl("rs:{site}:mail:of:alice") <= 3 * 86_400


async def test_a_change_does_not_bring_back_what_was_removed(
    office: Office, subscriptions: Subscriptions
):
    await office.subscribe("reader@example.com", START)
    await subscriptions.remove("reader")

    assert await subscriptions.change("reader", lambda s: s) is None
    assert await subscriptions.get("reader") is None


async def test_changes_at_the_same_time_all_count(office: Office, subscriptions: Subscriptions):
    await office.subscribe("reader@example.com", START)

    def struck(subscription: Subscription) -> Subscription:
        return msgspec.structs.replace(subscription, strikes=subscription.strikes + 1)

    await asyncio.gather(*(subscriptions.change("reader", struck) for _ in range(3)))

    assert (await subscriptions.get("reader")).strikes == 3


async def test_all_subscriptions_are_found(office: Office, subscriptions: Subscriptions):
    for n in range(20):
        await office.subscribe(f"r{n}@example.com", START)

    assert {s.id async for s in subscriptions.all()} == {f"r{n}" for n in range(20)}
    assert await subscriptions.count() == 20


class TestLimits:
    @pytest.fixture
    async def limits(self, redis: Redis) -> MailLimits:
        pipe = Pipe(redis)
        params = MailLimitParams(address_per_day=2, network_per_hour=3, site_per_hour=5)
        return MailLimits(pipe, await signatures(pipe), params)

    async def test_a_network_has_to_wait_after_its_share(self, limits: MailLimits):
        now = now_us() // HOUR_US * HOUR_US + 600 * SECOND_US

        waits = [await limits.wait_s("2001:db8::1", now) for _ in range(4)]

        assert waits == [0, 0, 0, 3_000]
        assert await limits.wait_s("192.0.2.1", now) == 0
        assert await limits.wait_s("2001:db8::1", now + HOUR_US) == 0

    async def test_an_address_gets_its_share_of_a_day(self, limits: MailLimits):
        assert [await limits.may_mail("id@example.org", START) for _ in range(3)] == [
            True,
            True,
            False,
        ]
        assert await limits.may_mail("id", START + 24 * HOUR_US)

    async def test_the_site_mails_its_share_of_an_hour(self, limits: MailLimits):
        sent = [await limits.may_mail(f"id-{n}", START) for n in range(7)]

        assert sent == [True] * 5 + [False] * 2

    async def test_nothing_in_the_store_says_who_asked(self, limits: MailLimits, redis: Redis):
        await limits.wait_s("192.0.2.1", START)
        await limits.may_mail("id", START)

        names = [key.decode() async for key in redis.scan_iter("rs:{site}:mail:limit:*")]
        assert len(names) == 3
        assert not any("192" in name for name in names)
        assert all([await redis.ttl(name) > 0 for name in names])
