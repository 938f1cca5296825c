"""One poisoned abstract among twenty: everybody gets their mail, and the operator sees which it was.

Thirty subscribers here; `SUBSCRIBERS=1000` for as many as it was once seen to stop.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from unicodedata import normalize

import pytest

from recsvc.clock import DAY_US
from recsvc.core.items.item import NewItem
from recsvc.mail.letters import MAX_BYTES
from recsvc.store.connection import Redis
from tests.relay import Relay
from tests.workers.mail.post import Clock, Office, all_due, instant, papers, settings_for, worker

N = int(os.environ.get("SUBSCRIBERS", "30"))
START, DUE = instant("2026-03-28T12:00"), instant("2026-03-29T07:00")

POISONS = {
    "a link in a formula": r"Our code is at $\href{https://github.com/example/repo}{here}$.",
    "a macro without its arguments": r"We take $\frac \sqrt \overset$ of it.",
    "braces without end": "It is $" + "{" * 60 + "x" + "}" * 60 + "$.",
}


@pytest.fixture
async def office(
    redis: Redis, store_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Office, Relay]]:
    with Relay() as relay:
        yield Office(redis, settings_for(store_url, tmp_path, relay.port, digest_items=20)), relay


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
async def test_everybody_gets_their_mail_and_the_operator_sees_one_item_named(
    office: tuple[Office, Relay], poison: str
):
    post, relay = office
    n = N if poison == POISONS["a link in a formula"] else 3
    await post.stock([NewItem(id="poisoned", title="A fine paper", text=poison), *papers(19)])
    for i in range(n):
        await post.subscribe(f"reader{i}@example.com", START)

    async with worker(post.settings, Clock(DUE)) as running:
        await all_due(running)

    assert len(relay.received) == n
    assert set(relay.per_recipient.values()) == {1}
    assert (await post.deliveries.figures())["sent"] == n
    trouble = await post.deliveries.trouble()
    assert list(trouble.plain) == ["poisoned"]
    assert (trouble.left_out, trouble.last_us) == ({}, {})
    assert "A fine paper" in relay.received[-1].text


async def test_odd_texts_reach_an_inbox_as_people_read_them(office: tuple[Office, Relay]):
    post, relay = office
    items = [NewItem(id=f"odd/{n}", title=text[:1_000], text=text) for n, text in enumerate(ODD)]
    await post.stock(items)
    await post.subscribe("reader@example.com", START)
    clock = Clock(DUE)

    async with worker(post.settings, clock) as running:
        for day in range(3):
            clock.now = DUE + day * DAY_US
            await all_due(running)

    shown = "\n".join(normalize("NFC", mail.text) for mail in relay.received)
    for text in ("中文标题", "مرحبا بالعالم", "👩‍👩‍👧‍👦", "é́", "Bcc: victim@example.net"):
        assert normalize("NFC", text) in shown
    for mail in relay.received:
        assert len(mail.wire) < MAX_BYTES
        assert mail.message["Bcc"] is None
        assert "<script" not in mail.html
        assert not set(mail.text) & set("\x00\x1b\u202e\u2066\u200b")
    assert set(relay.per_recipient) == {"reader@example.com"}


ODD = [
    "中文标题" * 3, "مرحبا بالعالم", "👩‍👩‍👧‍👦 and 🏳️‍🌈", "é́" + "\u0301" * 40,
    "a\u202egnp.exe", "zero\u200bwidth", "\u2066isolated", "bell\x07 esc\x1b[31m nul\x00",
    "Fine\r\nBcc: victim@example.net", "$x^2$",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "x" * 900, "word " * 20_000,
    "<p>" * 400, "data:text/html,<b>x</b>", "=?utf-8?q?encoded?=", ".\r\n.\r\n", "\\" * 500, "&" * 500,
]  # fmt: skip
