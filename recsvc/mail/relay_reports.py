"""Reports that relays send as JSON: our own plain shape, and those of four that are common.

    {"email": "…" or "message_id": "<…>", "kind": "bounce" | "complaint", "permanent": true,
     "status": "5.1.1", "reason": "…"}

Amazon SES (bare or inside SNS), SendGrid, Mailgun and Postmark are told by their own fields. What is no
failure - a delivery, an opening - is nothing to do.
"""

from typing import Any

import msgspec

from recsvc.core.fitting import UNREADABLE
from recsvc.core.mail.status_codes import is_of_address, status_in
from recsvc.errors import InvalidError
from recsvc.mail.wording import clipped


class Told(msgspec.Struct, frozen=True):
    """What a relay says of one address.

    Attributes:
        email: of the address; empty where only the message is named.
        final: whether nothing will ever arrive there, or nothing is wanted.
    """

    email: str
    message_id: str
    final: bool
    why: str


def told(found: object) -> list[Told]:
    """Return the failures of a report; temporary ones and other news are left out.

    Raises:
        InvalidError: when it is of none of the shapes.
    """
    if isinstance(found, list):
        return [one for part in found for one in told(part)]
    if not isinstance(found, dict):
        raise InvalidError("not a report: an object was expected", "body")
    if isinstance(found.get("Message"), str) and "Type" in found:
        return told(_decoded(found["Message"]))
    kind = found.get("notificationType") or found.get("eventType")
    if kind is not None:
        return _ses(found, str(kind))
    if isinstance(found.get("event-data"), dict):
        return _mailgun(found["event-data"])
    if "RecordType" in found:
        return _postmark(found)
    if "event" in found and "email" in found:
        return _sendgrid(found)
    return _ours(found)


def _ours(found: dict[str, Any]) -> list[Told]:
    if not (_text(found, "email") or _text(found, "message_id")):
        raise InvalidError("a report needs `email` or `message_id`", "email")
    is_complaint = found.get("kind") == "complaint"
    is_permanent = is_complaint or found.get("permanent", True) is not False
    status = _text(found, "status")
    if not is_permanent or status.startswith("4"):
        return []
    return [_told(found, "email", status, _text(found, "reason"), is_complaint or not status)]


def _ses(found: dict[str, Any], kind: str) -> list[Told]:
    about = found.get(kind.lower())
    if not isinstance(about, dict):
        return []
    if kind == "Complaint":
        return [
            _told(r, "emailAddress", "", "complaint", True)
            for r in _all(about, "complainedRecipients")
        ]
    if kind != "Bounce" or about.get("bounceType") != "Permanent":
        return []
    return [
        _told(
            r,
            "emailAddress",
            _text(r, "status"),
            _text(r, "diagnosticCode"),
            not _text(r, "status"),
        )
        for r in _all(about, "bouncedRecipients")
    ]


def _mailgun(found: dict[str, Any]) -> list[Told]:
    status = found.get("delivery-status")
    why = (
        _text(status, "description") or _text(status, "message") if isinstance(status, dict) else ""
    )
    if found.get("event") == "complained":
        return [_told(found, "recipient", "", "complaint", True)]
    if found.get("event") != "failed" or found.get("severity") != "permanent":
        return []
    return [_told(found, "recipient", "", why, True)]


def _postmark(found: dict[str, Any]) -> list[Told]:
    is_final = found.get("RecordType") == "SpamComplaint" or found.get("Type") == "HardBounce"
    return [_told(found, "Email", "", _text(found, "Description"), True)] if is_final else []


def _sendgrid(found: dict[str, Any]) -> list[Told]:
    if found.get("event") == "spamreport":
        return [_told(found, "email", "", "complaint", True)]
    if found.get("event") != "bounce" or found.get("type") == "blocked":
        return []
    status = _text(found, "status")
    return [_told(found, "email", status, _text(found, "reason"), not status)]


def _told(found: dict[str, Any], name: str, status: str, why: str, final: bool) -> Told:
    code = status_in(status)
    is_final = final or (code is not None and is_of_address(code))
    words = clipped(f"reported: {why or status or 'permanent failure'}", 200)
    return Told(_text(found, name), _text(found, "message_id"), is_final, words)


def _all(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = found.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return value.strip() if isinstance(value, str) else ""


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except UNREADABLE:
        raise InvalidError("`Message` is not JSON", "Message") from None
