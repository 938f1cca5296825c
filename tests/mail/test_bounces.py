"""Delivery status reports, as relays write them."""

from pathlib import Path

import pytest

from recsvc.clock import now_us
from recsvc.errors import InvalidError, NotAllowedError, NotFoundError
from recsvc.mail.bounces import Bounces, failure_in
from recsvc.store.connection import Redis
from recsvc.store.mail.subscriptions import digest_job
from tests.workers.mail.post import Office, instant, settings_for


def report(
    message_id: str, status: str = "5.1.1", action: str = "failed", part: str = "full"
) -> bytes:
    """A report as Postfix writes it."""
    returned = {
        "full": "Content-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {message_id}\r\nSubject: A title\r\n\r\nThe mail.\r\n",
        "headers": "Content-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id}\r\nSubject: A title\r\n",
        "none": "Content-Type: text/plain\r\n\r\nNothing came back.\r\n",
    }[part]
    return (
        "From: MAILER-DAEMON@relay.example\r\nTo: papers@example.org\r\n"
        "Message-ID: <the-report@relay.example>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; reader@example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\n{returned}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("part", ["full", "headers"])
def test_a_report_names_the_message_and_the_reason(part: str):
    failure = failure_in(report("<the-mail@example.org>", part=part))

    assert failure is not None
    assert failure.message_id == "<the-mail@example.org>"
    assert failure.status == (5, 1, 1)
    assert "no such user" in failure.why


def test_a_report_of_a_delay_is_no_failure():
    assert failure_in(report("<x@example.org>", "4.4.7", "delayed")) is None


@pytest.mark.parametrize(
    "raw", [b"", b"Subject: hello\r\n\r\nWho are you?", report("<x@example.org>", part="none")]
)
def test_what_is_no_report_is_refused(raw: bytes):
    with pytest.raises(InvalidError):
        failure_in(raw)


@pytest.fixture
async def office(redis: Redis, store_url: str, tmp_path: Path) -> Office:
    return Office(redis, settings_for(store_url, tmp_path, None))


async def test_an_address_that_does_not_exist_gets_no_more_mail(office: Office):
    links = await office.links()
    known = await office.subscribe("reader@example.com", instant("2026-03-29T00:00"))
    message_id = links.message_id(digest_job(known.id), "2026-03-29")

    after = await Bounces(office.subscriptions, links).take(report(message_id), now_us())

    assert after is not None
    assert "no such user" in after.suspended
    assert await office.deliveries.due(instant("2030-01-01T00:00"), 10) == []


async def test_a_full_mailbox_is_given_three_chances(office: Office):
    links = await office.links()
    known = await office.subscribe("reader@example.com", instant("2026-03-29T00:00"))
    bounces = Bounces(office.subscriptions, links)

    after = [
        await bounces.take(
            report(links.message_id(digest_job(known.id), f"2026-03-{29 + n}"), "5.2.2"), now_us()
        )
        for n in range(3)
    ]

    assert [bool(s and s.suspended) for s in after] == [False, False, True]


async def test_an_invented_report_ends_nobodys_subscription(office: Office):
    links = await office.links()
    known = await office.subscribe("reader@example.com", instant("2026-03-29T00:00"))
    right = links.message_id(digest_job(known.id), "2026-03-29")
    bounces = Bounces(office.subscriptions, links)

    with pytest.raises(NotFoundError):
        await bounces.take(report("<somebody-elses@example.net>"), now_us())
    with pytest.raises(NotAllowedError):
        await bounces.take(report(right.replace("@", "A@")), now_us())

    assert await office.subscriptions.get(known.id) == known


async def test_a_report_for_somebody_who_left_is_nothing_to_do(office: Office):
    links = await office.links()
    message_id = links.message_id(digest_job("gone"), "2026-03-29")

    assert await Bounces(office.subscriptions, links).take(report(message_id), now_us()) is None
