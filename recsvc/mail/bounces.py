"""Bounces: reports of mails that were accepted and could not be delivered (RFC 3464).

A report names the message it is about, and only we can make the ids of our messages: a report that
anybody invents ends nobody's subscription. Feed this from the mailbox of `RECSVC_MAIL_FROM`.
"""

from email import message_from_bytes
from email.message import Message
from email.policy import compat32

import msgspec

from recsvc.core.mail.status_codes import is_of_address, status_in
from recsvc.core.mail.subscription import Subscription, with_strike
from recsvc.errors import InvalidError
from recsvc.mail.links import Links
from recsvc.mail.wording import clipped
from recsvc.store.mail.subscriptions import Subscriptions


class Failure(msgspec.Struct, frozen=True):
    """What a report says.

    Attributes:
        message_id: of the mail that failed.
        status: enhanced status code; what is not 5.x.x is temporary.
    """

    message_id: str
    status: tuple[int, int, int]
    why: str


def failure_in(report: bytes) -> Failure | None:
    """Return the failure that a report is about, None when it reports none.

    Raises:
        InvalidError: when it is no delivery status report, or names no message.
    """
    # compat32: reports come from every program there ever was, and must not fail to parse.
    parts = list(message_from_bytes(report, policy=compat32).walk())
    status = next((p for p in parts if p.get_content_type() == "message/delivery-status"), None)
    if status is None:
        raise InvalidError("not a delivery status report (RFC 3464)")
    blocks = status.get_payload()
    found = blocks if isinstance(blocks, list) else []
    failed = _failed([block for block in found if isinstance(block, Message)])
    if failed is None:
        return None
    returned = [p for p in parts[1:] if p.get("Message-ID")]
    headers = [p for p in parts if p.get_content_type() == "text/rfc822-headers"]
    message_id = _message_id(returned, headers)
    if message_id is None:
        raise InvalidError("the report does not say which message it is about")
    return Failure(message_id, failed[0], failed[1])


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
            InvalidError: when it is no delivery status report, or names no message.
            NotFoundError: when the message is not from here.
            NotAllowedError: when it only looks like one.
        """
        failure = failure_in(report)
        if failure is None or failure.status[0] != 5:
            return None
        kind, _, name = self._links.read_message_id(failure.message_id).partition(":")
        if kind != "d":
            return None  # a confirmation: nothing more is sent there
        final = is_of_address(failure.status)
        return await self._subscriptions.change(
            name, lambda s: s if s.suspended else with_strike(s, failure.why, now_us, final)
        )


def _failed(blocks: list[Message]) -> tuple[tuple[int, int, int], str] | None:
    """Return the status of the recipient whose delivery failed, and the reason."""
    for block in blocks:
        status = status_in(block.get("Status", ""))
        if block.get("Action", "").strip().lower() == "failed" and status is not None:
            why = block.get("Diagnostic-Code") or block.get("Status", "")
            return status, clipped(f"bounced: {why}", 200)
    return None


def _message_id(returned: list[Message], headers: list[Message]) -> str | None:
    for part in returned:
        return str(part["Message-ID"]).strip()
    for part in headers:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            found = message_from_bytes(payload, policy=compat32).get("Message-ID")
            if found:
                return str(found).strip()
    return None
