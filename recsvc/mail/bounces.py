"""Bounces: reports of mails that were accepted and could not be delivered.

A report names the message it is about, or comes to the address that the envelope of one subscriber's
mails bears (VERP); only we can make either: a report that anybody invents ends nobody's subscription.
Feed this from the mailbox of `RECSVC_MAIL_FROM`; RFC 3464, and what programs write that do not know it.
"""

import re
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

import msgspec

from recsvc.core.mail.status_codes import is_of_address, status_in
from recsvc.core.mail.subscription import Subscription, with_strike
from recsvc.errors import InvalidError
from recsvc.mail.bounce_texts import Status, decoded, is_by_a_program, status_of, words_of
from recsvc.mail.links import Links
from recsvc.mail.wording import clipped
from recsvc.store.mail.subscriptions import Subscriptions

_LONGEST = 2_000_000
_QUOTED_ID = re.compile(r"^\s*Message-ID:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")


class Failure(msgspec.Struct, frozen=True):
    """What a report says.

    Attributes:
        message_id: of the mail that failed; empty where it is not named.
        status: enhanced status code; what is not 5.x.x is temporary.
    """

    message_id: str
    status: Status
    why: str


def failure_in(report: bytes) -> Failure | None:
    """Return the failure that a report is about, None when it reports none.

    Raises:
        InvalidError: when it is no report of a delivery, or names no message.
    """
    failure = _failure(report)
    if failure is not None and not failure.message_id:
        raise InvalidError("the report does not say which message it is about")
    return failure


class Bounces:
    """Takes reports."""

    def __init__(self, subscriptions: Subscriptions, links: Links) -> None:
        self._subscriptions = subscriptions
        self._links = links

    async def take(self, report: bytes, now_us: int) -> Subscription | None:
        """Count a report; return the subscription as it is now.

        Returns:
            None when nothing is to be done: a temporary failure, or a subscription that is over.

        Raises:
            InvalidError: when it is no report of a delivery, or names no message.
            NotFoundError: when the message is not from here.
            NotAllowedError: when it only looks like one.
        """
        failure = _failure(report)
        if failure is None or failure.status[0] != 5:
            return None
        name = self._links.read_return_path(report[:_LONGEST].decode("utf-8", "replace"))
        if name is None:
            if not failure.message_id:
                raise InvalidError("the report does not say which message it is about")
            name = self.subscription_of(failure.message_id)
        if name is None:
            return None
        return await self.count(name, failure.why, now_us, is_of_address(failure.status))

    def subscription_of(self, message_id: str) -> str | None:
        """Return whose mail a message was; None for one that is no digest: nothing more is sent there.

        Raises:
            NotFoundError: when the message is not from here.
            NotAllowedError: when it only looks like one.
        """
        kind, _, name = self._links.read_message_id(message_id).partition(":")
        return name if kind == "d" else None

    async def count(self, name: str, why: str, now_us: int, final: bool) -> Subscription | None:
        """Count a failure of a subscriber's mail; return the subscription as it is now.

        Args:
            final: whether nothing will ever arrive at the address.
        """
        return await self._subscriptions.change(
            name, lambda s: s if s.suspended else with_strike(s, why, now_us, final)
        )


def _failure(raw: bytes) -> Failure | None:
    """Return the failure that a report is about, None when it reports none.

    Raises:
        InvalidError: when it is no report of a delivery.
    """
    # compat32: reports come from every program there ever was, and must not fail to parse.
    report = message_from_bytes(raw[:_LONGEST], policy=compat32)
    parts = list(report.walk())
    status = next((p for p in parts if p.get_content_type() == "message/delivery-status"), None)
    if status is None:
        return _told(report)
    blocks = status.get_payload()
    found = blocks if isinstance(blocks, list) else []
    failed = _failed([block for block in found if isinstance(block, Message)])
    if failed is None:
        return None
    return Failure(_message_id(report), failed[0], failed[1])


def _told(report: Message) -> Failure | None:
    """Return the failure of which a report that is no RFC 3464 tells people."""
    if not is_by_a_program(report):
        raise InvalidError("not a delivery status report (RFC 3464), nor a mail system's own words")
    words = words_of(report)
    status = status_of(words)
    if status is None:
        return None
    return Failure(_message_id(report), status, clipped(f"bounced: {_reason(words)}", 200))


def _reason(words: str) -> str:
    """Return the line of a report that says most: one with a code, else its beginning."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return next(
        (line for line in lines if re.search(r"\b5\d\d\b|5\.\d\.\d", line)), " ".join(lines)
    )


def _failed(blocks: list[Message]) -> tuple[Status, str] | None:
    """Return the status of the recipient whose delivery failed, and the reason."""
    for block in blocks:
        status = status_in(block.get("Status", ""))
        if block.get("Action", "").strip().lower() == "failed" and status is not None:
            why = block.get("Diagnostic-Code") or block.get("Status", "")
            return status, clipped(f"bounced: {why}", 200)
    return None


def _message_id(report: Message) -> str:
    """Return the id of the mail that a report returns, quotes or answers; empty where it names none."""
    parts = list(report.walk())
    for part in parts[1:]:
        if part.get("Message-ID"):
            return str(part["Message-ID"]).strip()
    for part in parts:
        if part.get_content_type() in ("text/rfc822-headers", "text/plain"):
            found = _QUOTED_ID.search(decoded(part))
            if found:
                return found[1]
    answered = f"{report.get('In-Reply-To', '')} {report.get('References', '')}"
    ids = _ID.findall(answered)
    return ids[-1] if ids else ""
