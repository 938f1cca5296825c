"""The digest worker against a real store and a real relay."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recsvc.clock import DAY_US
from recsvc.core.items.item import NewItem
from recsvc.core.mail.subscription import Pending, Preferences, Subscription
from recsvc.store.connection import Redis
from tests.relay import Relay, Says
from tests.workers.mail.post import (
    HOUR_US,
    MINUTE_US,
    Clock,
    Office,
    all_due,
    instant,
    papers,
    settings_for,
    worker,
)
from workers.mail.digest import DigestWorker

START = instant("2026-03-28T12:00")
DUE = instant("2026-03-29T07:00")
EMAIL = "reader@example.com"


class Scene:
    """An office, its relay, and a worker with a clock that is moved by hand."""

    def __init__(self, office: Office, relay: Relay, running: DigestWorker, clock: Clock) -> None:
        self.office = office
        self.relay = relay
        self.running = running
        self.clock = clock

    async def at(self, now: int) -> list[str]:
        """Do what is due at an instant; return the subjects that arrived by it."""
        before = len(self.relay.received)
        self.clock.now = now
        await all_due(self.running)
        return [mail.message["Subject"] for mail in self.relay.received[before:]]

    async def outcomes(self) -> dict[str, int]:
        figures = await self.office.deliveries.figures()
        figures.pop("last_sent_us", None)
        return figures

    async def subscription(self) -> Subscription:
        found = await self.office.subscriptions.get("reader")
        assert found is not None
        return found


SceneMaker = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def scene(redis: Redis, store_url: str, tmp_path: Path) -> SceneMaker:
    @asynccontextmanager
    async def make(
        says: Says | None = None, items: list[NewItem] | None = None, **settings: Any
    ) -> AsyncIterator[Scene]:
        with Relay(says) as relay:
            office = Office(redis, settings_for(store_url, tmp_path, relay.port, **settings))
            await office.stock(papers(9) if items is None else items)
            clock = Clock(START)
            async with worker(office.settings, clock) as running:
                yield Scene(office, relay, running, clock)

    return make


async def test_a_mail_is_sent_at_its_time_and_once(scene: SceneMaker):
    async with scene() as s:
        await s.office.subscribe(EMAIL, START)

        assert await s.at(DUE - 1) == []
        assert await s.at(DUE) == ["Paper 0 on attention and 2 more"]
        assert await s.at(DUE + HOUR_US) == []
        assert await s.at(DUE + DAY_US - 1) == []
        assert await s.at(DUE + DAY_US) == ["Paper 3 on attention and 2 more"]
        assert await s.outcomes() == {"sent": 2}


async def test_nothing_comes_twice_and_a_day_without_news_has_no_mail(scene: SceneMaker):
    async with scene() as s:
        await s.office.subscribe(EMAIL, START)

        subjects = [await s.at(DUE + n * DAY_US) for n in range(5)]

        assert [len(found) for found in subjects] == [1, 1, 1, 0, 0]
        assert await s.outcomes() == {"sent": 3, "empty": 2}
        after_a_month = await s.at(DUE + 40 * DAY_US)
        assert after_a_month == ["Paper 0 on attention and 2 more"], "then it may come again"


async def test_leaving_between_the_plan_and_the_end_of_the_mail_wins(scene: SceneMaker):
    loop = asyncio.get_running_loop()

    def left(command: str, _: str) -> None:
        """Leave while the relay is told for whom the mail is."""
        if command == "RCPT":
            leaving = s.office.subscriptions.remove("reader")
            asyncio.run_coroutine_threadsafe(leaving, loop).result(10)

    async with scene(left) as s:
        await s.office.subscribe(EMAIL, START)

        assert await s.at(DUE) == []
        assert await s.at(DUE + DAY_US) == []


async def test_a_worker_that_was_away_sends_one_mail_and_not_one_per_day(scene: SceneMaker):
    async with scene() as s:
        await s.office.subscribe(EMAIL, START)

        assert len(await s.at(DUE + 2 * DAY_US + HOUR_US)) == 1
        assert len(await s.at(DUE + 3 * DAY_US)) == 1


async def test_changing_the_hour_does_not_bring_a_second_mail_on_the_same_day(scene: SceneMaker):
    def at_nine(subscription: Subscription) -> Subscription:
        return msgspec.structs.replace(subscription, preferences=Preferences(hour=9))

    async with scene() as s:
        await s.office.subscribe(EMAIL, START)
        assert len(await s.at(DUE)) == 1
        await s.office.subscriptions.change("reader", at_nine, DUE + 2 * HOUR_US)

        assert await s.at(DUE + 2 * HOUR_US) == []
        assert len(await s.at(DUE + DAY_US + 2 * HOUR_US)) == 1


async def test_only_followed_topics_are_mailed(scene: SceneMaker):
    items = [
        NewItem(id="a", title="About graphs", topics=("graphs",)),
        NewItem(id="b", title="About music", topics=("music",)),
    ]
    async with scene(items=items) as s:
        await s.office.subscribe(EMAIL, START, topics=("music",))

        assert await s.at(DUE) == ["About music"]


async def test_a_known_reader_gets_their_own_feed_and_nothing_they_acted_on(scene: SceneMaker):
    async with scene(items=papers(6)) as s:
        await s.office.act("alice", "upvote", "paper/5")
        await s.office.act("alice", "hide", "paper/0")
        await s.office.subscribe(EMAIL, START, user="alice", content="both")
        await s.at(instant("2099-01-01T00:00"))  # after whatever was listed just now

        (mail,) = s.relay.received
        assert "Trending today" in mail.text
        assert "Paper 5" not in mail.text.replace("“Paper 5 on attention”", "")
        assert "Paper 0" not in mail.text


async def test_the_personal_part_is_about_what_was_listed_lately(scene: SceneMaker):
    makers = NewItem(id="makers", title="Violins and their makers", text="Violins of Cremona.")
    players = NewItem(id="players", title="Violins and their players", text="Violins of Cremona.")
    async with scene(items=[*papers(4), makers, players]) as s:
        await s.office.act("alice", "upvote", "makers")
        await s.office.subscribe(EMAIL, START, user="alice", content="personal")

        await s.at(DUE)

        (mail,) = s.relay.received
        assert "Picked for you" in mail.text
        assert "Because you upvoted “Violins and their makers”" in " ".join(mail.text.split())
        # Everything was listed now, which for this clock is far behind in 2099.
        assert await s.at(instant("2099-01-01T00:00")) == []


async def test_an_address_that_does_not_exist_is_suspended(scene: SceneMaker):
    async with scene(lambda command, _: "550 5.1.1 no" if command == "RCPT" else None) as s:
        await s.office.subscribe(EMAIL, START)

        assert await s.at(DUE) == []
        assert (await s.subscription()).suspended == "550 5.1.1 no"
        s.relay.says = None
        assert await s.at(DUE + DAY_US) == []
        assert await s.outcomes() == {"refused": 1}


async def test_a_suspended_address_that_is_confirmed_again_gets_mail_again(scene: SceneMaker):
    async with scene(lambda command, _: "550 5.1.1 no" if command == "RCPT" else None) as s:
        await s.office.subscribe(EMAIL, START)
        await s.at(DUE)
        s.relay.says = None

        await s.office.subscribe(EMAIL, DUE + HOUR_US)

        assert len(await s.at(DUE + DAY_US)) == 1
        assert (await s.subscription()).suspended == ""


async def test_mails_that_the_relay_dislikes_suspend_after_three_in_a_row(scene: SceneMaker):
    async with scene() as s:
        await s.office.subscribe(EMAIL, START)
        dislikes = {1, 2, 4, 5, 6}
        for n in range(8):
            s.relay.says = (
                (lambda command, _: "554 5.7.1 spam" if command == "DATA" else None)
                if n + 1 in dislikes
                else None
            )
            await s.at(DUE + n * DAY_US)

        assert len(s.relay.received) == 1, "on the third day; then three in a row"
        assert (await s.subscription()).suspended == "554 5.7.1 spam"


async def test_a_mail_that_is_deferred_is_tried_again_ever_more_slowly(scene: SceneMaker):
    async with scene(lambda command, _: "450 4.2.0 grey" if command == "RCPT" else None) as s:
        await s.office.subscribe(EMAIL, START)

        assert await s.at(DUE) == []
        assert await s.at(DUE + 4 * MINUTE_US) == []
        assert await s.at(DUE + 6 * MINUTE_US) == []
        assert await s.outcomes() == {"deferred": 2}
        s.relay.says = None
        assert await s.at(DUE + 12 * MINUTE_US) == [], "ten minutes after the second try"
        assert len(await s.at(DUE + 20 * MINUTE_US)) == 1
        assert (await s.subscription()).strikes == 0


async def test_a_relay_that_is_away_is_left_alone_for_a_while_and_nobody_is_skipped(
    scene: SceneMaker,
):
    async with scene(lambda *_: "421 4.3.2 going down") as s:
        people = [f"r{n}@example.com" for n in range(20)]
        for email in people:
            await s.office.subscribe(email, START)

        assert await s.at(DUE) == []
        tried = (await s.outcomes())["postponed"]
        assert tried <= 2, "one per connection, then it is left alone"
        assert await s.at(DUE + 4_000_000) == []
        s.relay.says = None
        assert len(await s.at(DUE + MINUTE_US)) == len(people)
        assert set(s.relay.per_recipient.values()) == {1}


async def test_one_item_that_cannot_be_shown_does_not_stop_the_others(scene: SceneMaker):
    async with scene() as s:
        await s.office.subscribe("broken@example.com", START)
        await s.office.subscribe(EMAIL, START)
        raw = msgspec.json.decode(await s.office.redis.hget("rs:{site}:mail:subs", "broken"))
        raw["preferences"]["timezone"] = "Europe/Nowhere"
        await s.office.redis.hset("rs:{site}:mail:subs", "broken", msgspec.json.encode(raw))

        assert len(await s.at(DUE)) == 1


async def test_a_confirmation_is_asked_for_once_and_names_no_list(scene: SceneMaker):
    async with scene() as s:
        wish = Pending("reader", EMAIL, Preferences(), START, 1)
        await s.office.subscriptions.request("nonce", wish)

        assert await s.at(START) == ["Please confirm: Daily Papers by mail"]
        assert await s.at(START + DAY_US) == []
        (mail,) = s.relay.received
        assert mail.message["List-Unsubscribe"] is None
        assert mail.message["Auto-Submitted"] == "auto-generated"
        links = await s.office.links()
        (token,) = re.findall(r"/confirm\?token=(\S+)", mail.text)
        assert links.read_confirm(token) == ("nonce", "reader")


async def test_a_hostile_title_arrives_as_a_title(scene: SceneMaker):
    title = "Étude <EOS> & 注意\r\nBcc: victim@example.net"
    long_url = f"https://{'x' * 60}.papers.example.org"
    async with scene(items=[NewItem(id="x", title=title)], public_url=long_url) as s:
        await s.office.subscribe(EMAIL, START)
        await s.at(DUE)

        (mail,) = s.relay.received
        unsubscribe = (await s.office.links()).unsubscribe("reader")
        assert len(unsubscribe) >= 120
        assert mail.message["List-Unsubscribe"] == f"<{unsubscribe}>"
        assert f"<{unsubscribe}>".encode() in mail.wire
        assert mail.message["Subject"] == "Étude <EOS> & 注意 Bcc: victim@example.net"
        assert mail.message["Bcc"] is None
        assert "Étude &lt;EOS&gt; &amp; 注意" in mail.html
        assert list(s.relay.per_recipient) == [EMAIL]


async def test_without_a_relay_mails_go_to_a_folder(redis: Redis, store_url: str, tmp_path: Path):
    office = Office(redis, settings_for(store_url, tmp_path, None))
    await office.stock(papers(9))
    await office.subscribe(EMAIL, START)
    clock = Clock(DUE)
    async with worker(office.settings, clock) as running:
        await all_due(running)

    (path,) = (tmp_path / "outbox" / "new").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == EMAIL
    assert message["Subject"] == "Paper 0 on attention and 2 more"
    assert list((tmp_path / "outbox" / "tmp").iterdir()) == []
