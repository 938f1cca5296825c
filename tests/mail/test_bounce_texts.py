"""Reports in the words of every mail system, for people; each with a copy that only looks like one."""

import re
from pathlib import Path

import pytest

from recsvc.clock import now_us
from recsvc.errors import InvalidError
from recsvc.mail.bounces import Bounces, failure_in
from recsvc.mail.relay_reports import told
from recsvc.store.connection import Redis
from recsvc.store.mail.subscriptions import digest_job
from tests.service import REPOSITORY
from tests.workers.mail.post import Office, instant, settings_for

KEPT = REPOSITORY.parent / "shared" / "cases" / "texts" / "f28_qmail_bounce.eml"
ID = "<mthe.mail@example.org>"
COPY = f"""
Return-Path: <papers@example.org>
From: papers@example.org
To: reader@example.com
Message-ID: {ID}
Subject: Papers on user unknown errors 5.1.1

This abstract says that the mailbox does not exist.
"""
QMAIL = """From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader@example.com>:
{reason}

--- Below this line is a copy of the message.
"""
EXIM = """From: Mail Delivery System <Mailer-Daemon@mx.example.net>
X-Failed-Recipients: reader@example.com
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  reader@example.com
    {reason}

------ This is a copy of the message, including all the headers. ------
"""
POSTFIX = """From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<reader@example.com>: {reason}
"""
EXCHANGE = """From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>
Subject: Undeliverable: Paper 0
Content-Type: text/html; charset=utf-8
In-Reply-To: <mthe.mail@example.org>

<html><body><p><b>Your message to reader@example.com couldn't be delivered.</b></p>
<p>{reason}</p></body></html>
"""
GMAIL = """From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)
References: <mthe.mail@example.org>
X-Failed-Recipients: reader@example.com

** {reason} **

Your message wasn't delivered to reader@example.com because the address couldn't be found,
or is unable to receive mail.
"""
SYSTEMS = {
    "qmail": QMAIL,
    "exim": EXIM,
    "postfix": POSTFIX,
    "exchange": EXCHANGE,
    "gmail": GMAIL,
}
GONE = {
    "qmail": ["user unknown (#5.1.1)", "Sorry, no mailbox here by that name. vpopmail (#5.1.1)"],
    "exim": ["Unrouteable address", "550 5.1.1 No such user", "SMTP error: 550 User unknown"],
    "postfix": [
        'host mx[1.2.3.4] said: 550 5.1.1 <reader@x>: Recipient address rejected: User unknown',
        "unknown user: \"reader\"",
    ],
    "exchange": [
        "reader wasn't found at example.com. 550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "The email account that you tried to reach is disabled.",
    ],
    "gmail": ["Address not found", "The account does not exist"],
}  # fmt: skip


def report(system: str, reason: str) -> bytes:
    return (SYSTEMS[system].replace("{reason}", reason) + COPY).encode()


@pytest.mark.parametrize(
    ("system", "reason"), [(name, reason) for name, known in GONE.items() for reason in known]
)
def test_every_system_says_that_an_address_is_gone(system: str, reason: str):
    failure = failure_in(report(system, reason))

    assert failure is not None
    assert failure.message_id == ID
    assert failure.status[:2] in ((5, 1), (5, 2))
    assert failure.status != (5, 2, 2)


@pytest.mark.parametrize("system", ["qmail", "exim", "postfix"])
@pytest.mark.parametrize("reason", ["552 5.2.2 Over quota", "mailbox is full"])
def test_a_full_mailbox_may_be_emptied(system: str, reason: str):
    failure = failure_in(report(system, reason))

    assert failure is not None
    assert failure.status == (5, 2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "Your message has been delayed. Delivery attempts will continue to be made for 4 days.",
        "THIS IS A WARNING MESSAGE ONLY. YOU DO NOT NEED TO RESEND. It has not yet been delivered.",
        "A message that you sent has not yet been delivered. No action is required on your part.",
        "The server did not accept it: 451 4.7.1 try again. Temporarily; Gmail will retry.",
    ],
)
def test_a_delay_is_no_failure(text: str):
    raw = (
        f"From: Mail Delivery System <mailer-daemon@x.example>\nSubject: Warning\n\n{text}\n{COPY}"
    )

    assert failure_in(raw.encode()) is None


def test_a_person_who_quotes_a_mail_is_not_believed():
    head = f"From: Ann <ann@example.com>\nIn-Reply-To: {ID}\nSubject: Re: x\n\n"
    raw = f"{head}User unknown! 5.1.1\n{COPY}"

    with pytest.raises(InvalidError):
        failure_in(raw.encode())


@pytest.fixture
async def office(redis: Redis, store_url: str, tmp_path: Path) -> Office:
    return Office(
        redis,
        settings_for(store_url, tmp_path, None, mail_return_path="bounces+{token}@example.org"),
    )


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_dead_address_gets_no_more_mail_whoever_says_so(office: Office, system: str):
    links = await office.links()
    known = await office.subscribe("reader@example.com", instant("2026-03-29T00:00"))
    message_id = links.message_id(digest_job(known.id), "2026-03-29")
    raw = report(system, GONE[system][0]).decode().replace(ID, message_id)

    after = await Bounces(office.subscriptions, links).take(raw.encode(), now_us())

    assert after is not None
    assert after.suspended
    assert await office.deliveries.due(instant("2030-01-01T00:00"), 10) == []


@pytest.mark.skipif(not KEPT.exists(), reason=f"no case at {KEPT}")
async def test_the_kept_case_suspends_its_address(office: Office):
    links = await office.links()
    known = await office.subscribe("reader@example.org", instant("2026-11-25T00:00"))
    message_id = links.message_id(digest_job(known.id), "2026-11-25")
    raw = re.sub(r"(?m)^Message-ID: .*$", f"Message-ID: {message_id}", KEPT.read_text())

    after = await Bounces(office.subscriptions, links).take(raw.encode(), now_us())

    assert after is not None
    assert after.suspended


async def test_a_report_to_a_subscribers_own_bounce_address_needs_no_message(office: Office):
    links = await office.links()
    known = await office.subscribe("reader@example.com", instant("2026-03-29T00:00"))
    raw = (
        f"From: MAILER-DAEMON@x.example\nTo: {links.return_path(known.id)}\nSubject: failure notice\n\n"
        "The following address failed permanently: no such user.\n"
    )

    after = await Bounces(office.subscriptions, links).take(raw.encode(), now_us())

    assert after is not None
    assert after.suspended


@pytest.mark.parametrize(
    ("found", "addresses"),
    [
        ({"email": "a@x.example"}, ["a@x.example"]),
        ({"email": "a@x.example", "kind": "complaint"}, ["a@x.example"]),
        ({"email": "a@x.example", "permanent": False}, []),
        ({"email": "a@x.example", "status": "4.2.2"}, []),
        ({"Type": "Notification", "Message": '{"notificationType":"Bounce","bounce":{"bounceType":'
          '"Permanent","bouncedRecipients":[{"emailAddress":"a@x.example","status":"5.1.1"}]}}'},
         ["a@x.example"]),
        ({"notificationType": "Delivery", "delivery": {}}, []),
        ([{"event": "bounce", "email": "a@x.example", "status": "5.1.1", "type": "bounce"},
          {"event": "delivered", "email": "b@x.example"}], ["a@x.example"]),
        ({"event-data": {"event": "failed", "severity": "permanent", "recipient": "a@x.example",
          "delivery-status": {"code": 550, "description": "gone"}}}, ["a@x.example"]),
        ({"RecordType": "Bounce", "Type": "HardBounce", "Email": "a@x.example"}, ["a@x.example"]),
    ],
)  # fmt: skip
def test_relays_tell_it_each_in_their_own_shape(found: object, addresses: list[str]):
    assert [one.email for one in told(found)] == addresses
    assert all(one.final for one in told(found))


@pytest.mark.parametrize("found", [1, "x", None, {}, {"kind": "bounce"}])
def test_what_tells_nothing_is_refused(found: object):
    with pytest.raises(InvalidError):
        told(found)
