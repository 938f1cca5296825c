"""A week in which clocks spring forward in Europe and fall back in Australia, for a thousand people."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from recsvc.clock import from_us
from recsvc.core.mail.schedule import WEEKDAYS
from recsvc.store.connection import Redis
from tests.relay import Received, Relay
from tests.workers.mail.post import (
    MINUTE_US,
    Clock,
    Office,
    all_due,
    instant,
    papers,
    settings_for,
    worker,
)

ZONES = [
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Cairo", "Africa/Casablanca",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Tokyo", "Asia/Shanghai",
    "Australia/Sydney", "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Honolulu", "America/New_York",
    "America/Sao_Paulo", "America/St_Johns",
]  # fmt: skip
FROM, UNTIL = instant("2026-03-29T00:00"), instant("2026-04-05T00:00")
LEAVING = instant("2026-04-01T12:00")
STEP = 15 * MINUTE_US


class Person:
    def __init__(self, n: int, rng: random.Random) -> None:
        self.email = f"reader{n}@example.com"
        self.zone = ZONES[n % len(ZONES)]
        self.hour, self.minute = rng.choice([(2, 30), (2, 0), (0, 30), (7, 0), (23, 45), (3, 15)])
        kinds = ["weekly"] * 16 + ["daily", "leaves", "empty", "personal"]
        self.kind = kinds[n // len(ZONES) % len(kinds)]
        self.weekday = rng.choice(WEEKDAYS)

    @property
    def preferences(self) -> dict:
        return {
            "timezone": self.zone,
            "hour": self.hour,
            "minute": self.minute,
            "cadence": "weekly" if self.kind == "weekly" else "daily",
            "weekday": self.weekday,
            "content": "personal" if self.kind == "personal" else "trending",
            "topics": ["nothing-is-about-this"] if self.kind == "empty" else [],
        }


def due_dates(person: Person, minutes: dict[str, list[tuple[int, datetime]]]) -> list[date]:
    """The local dates that should have a mail, by walking through the week minute by minute."""
    if person.kind == "empty":
        return []
    until = LEAVING if person.kind == "leaves" else UNTIL
    found: dict[date, int] = {}
    for at, local in minutes[person.zone]:
        reached = (local.hour, local.minute) >= (person.hour, person.minute)
        if reached and local.date() not in found:
            found[local.date()] = at
    days = [day for day, at in found.items() if FROM < at <= until]
    if person.kind == "weekly":
        days = [day for day in days if WEEKDAYS[day.weekday()] == person.weekday]
    return sorted(days)


def walked(zone: str) -> list[tuple[int, datetime]]:
    """Every minute from the day before the week, with what the clocks of a zone show."""
    there, start = ZoneInfo(zone), from_us(FROM) - timedelta(days=2)
    return [
        (
            FROM - 2 * 1440 * MINUTE_US + n * MINUTE_US,
            (start + timedelta(minutes=n)).astimezone(there),
        )
        for n in range(9 * 1440 + 1)
    ]


def is_on_time(mail: Received, person: Person) -> bool:
    """Whether it came in the quarter of an hour after its time, or the clock skipped that."""
    local = mail.message["Date"].datetime.astimezone(ZoneInfo(person.zone))
    late = (local.hour * 60 + local.minute) - (person.hour * 60 + person.minute)
    before = (local - timedelta(days=1)).utcoffset()
    return 0 <= late < 15 or (local.utcoffset() != before and 0 <= late <= 60)


def local_day(mail: Received, zone: str) -> date:
    sent = mail.message["Date"].datetime
    return sent.astimezone(ZoneInfo(zone)).date()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_each_of_a_thousand_subscribers_gets_exactly_the_mails_they_should(
    redis: Redis, store_url: str, tmp_path: Path
):
    rng = random.Random(7)
    people = [Person(n, rng) for n in range(1_000)]
    minutes = {zone: walked(zone) for zone in ZONES}
    with Relay() as relay:
        office = Office(redis, settings_for(store_url, tmp_path, relay.port, digest_items=2))
        await office.stock(papers(60), n_votes=3)
        for p in people:
            user = p.email if p.kind == "personal" else None
            await office.subscribe(p.email, FROM, user, **p.preferences)
        clock = Clock(FROM)
        async with worker(office.settings, clock) as running:
            while clock.now <= UNTIL:
                await all_due(running)
                if clock.now == LEAVING:
                    for p in people:
                        if p.kind == "leaves":
                            await office.subscriptions.remove(p.email.partition("@")[0])
                clock.now += STEP
        links = await office.links()

    got: dict[str, list[Received]] = defaultdict(list)
    for mail in relay.received:
        got[mail.recipient].append(mail)
    for p in people:
        days = [local_day(mail, p.zone) for mail in got[p.email]]
        assert days == due_dates(p, minutes), (p.zone, p.hour, p.minute, p.kind)
        assert all(is_on_time(mail, p) for mail in got[p.email])
    assert len({mail.message["Message-ID"] for mail in relay.received}) == len(relay.received)
    assert {p.kind for p in people if got[p.email]} == {"weekly", "daily", "leaves", "personal"}
    for p in people[:: len(ZONES)]:
        items = [item for mail in got[p.email] for item in items_in(mail, links)]
        assert len(items) == len(set(items)), "nothing comes twice"
        assert len(items) == 2 * len(got[p.email])


def items_in(mail: Received, links) -> list[str]:
    urls = [w for w in mail.text.split() if w.startswith("https://papers.example.org/c/")]
    return [links.read_click(url.rpartition("/")[2]).item for url in urls]


def test_the_week_holds_both_changes_of_the_clock():
    berlin, sydney = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
    start, end = datetime.fromtimestamp(FROM / 1e6, UTC), datetime.fromtimestamp(UNTIL / 1e6, UTC)

    assert end.astimezone(berlin).utcoffset() - start.astimezone(berlin).utcoffset() == timedelta(
        hours=1
    )
    assert end.astimezone(sydney).utcoffset() - start.astimezone(sydney).utcoffset() == timedelta(
        hours=-1
    )
