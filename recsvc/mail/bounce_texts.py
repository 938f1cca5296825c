"""Reports that are no RFC 3464: what qmail, Exim, Exchange, Gmail and others write to people.

The words before the returned copy say what happened; the copy is ours, and its words mean nothing here.
Only programs are believed: an answer by a person that quotes a mail ends no subscription.
"""

import re
from email.message import Message

from recsvc.core.mail.status_codes import is_of_address, status_in

Status = tuple[int, int, int]


def _any(*patterns: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | flags)


_PROGRAM = _any(
    "mailer-?daemon", "postmaster", "mail delivery", "microsoftexchange", "mail-?system"
)
_SUBJECT = _any(
    "undeliver", r"delivery (?:status|failure|has failed|problem)", "failure notice", "returned mail",
    "mail delivery", "could not be delivered", "unzustellbar", "non remis",
)  # fmt: skip
_COPY = _any(
    "^-+ ?(?:below this line|this is a copy|original message|the (?:header|original)|message header)",
    "^-+ ?(?:begin|included is|forwarded)", "^original message headers", "^return-path:",
    "^received: ", "^message-id:", "^dkim-sig", "^the original message", "^auto-submitted:",
    flags=re.MULTILINE,
)  # fmt: skip
_ENHANCED = re.compile(r"(?<![\d.])[#(\[ ]*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_PLAIN = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
_THING = "(?:user|recipient|mailbox|address|account|alias)"
_NOBODY = _any(
    rf"{_THING}\W[^.]{{0,80}}?(?:does(?: not|n['’]t) exist|not found|unknown|disabled|inactive)",
    rf"{_THING}\W[^.]{{0,80}}?(?:suspended|rejected|not (?:a )?valid|not known|no longer)",
    rf"(?:unknown|no such|invalid|bad|illegal|inactive|nonexistent) (?:\w+ )?{_THING}",
    r"(?:couldn|wasn|isn)['’]t (?:be )?found", "could not be found", "was not found",
    "unrouteable address", "no mailbox here", "not (?:our|a) customer",
)  # fmt: skip
_FULL = _any("quota", r"mailbox (?:is |size |was )?(?:full|limit)", "sufficient storage")
_GIVEN_UP = _any(
    "permanent", "given? up", "giving up", "undeliver", r"could ?n[o'’]t be (?:delivered|sent)",
    "could not be delivered", r"wasn['’]t (?:able to|delivered)",
    r"(?:delivery|message) (?:\w+ ){0,4}(?:failed|failure|unsuccessful)", "returned to sender",
    "unable to deliver", "was not delivered", "retry timeout exceeded", "rejected",
)  # fmt: skip
_DELAYED = _any(
    "delayed", r"will (?:keep|continue|be) (?:try|retr|to )", "still trying", "not yet been delivered",
    "no action is required", "warning message only", "temporar",
)  # fmt: skip


def is_by_a_program(report: Message) -> bool:
    """Return whether a message comes from a mail system rather than from a person."""
    sender = str(report.get("From", ""))
    return (
        _PROGRAM.search(sender) is not None
        or str(report.get("Return-Path", "x")).strip() == "<>"
        or report.get("X-Failed-Recipients") is not None
        or report.get_content_type() == "multipart/report"
        or (_SUBJECT.search(str(report.get("Subject", ""))) is not None and not sender)
    )


def words_of(report: Message) -> str:
    """Return what a report says itself: its first text, up to the copy of what it returns."""
    for part in report.walk():
        if part.get_content_type() in ("text/plain", "text/html"):
            text = decoded(part)
            if part.get_content_type() == "text/html":
                text = re.sub(r"<[^<>]{0,2000}>", " ", text)
            return text[: found.start()] if (found := _COPY.search(text)) else text
    return ""


def decoded(part: Message) -> str:
    """Return a part's text, whatever it is encoded in."""
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def status_of(words: str) -> Status | None:
    """Return the status that a report's words amount to; None while the mail is only delayed.

    A code that names the address counts most, then words that do, then any code, then any words.
    """
    words = " ".join(words.split())
    codes = [s for text in _ENHANCED.findall(words) if (s := status_in(text)) is not None]
    failed = [code for code in codes if code[0] == 5]
    ours = next((code for code in failed if is_of_address(code)), None)
    if ours is not None:
        return ours
    has_given_up = bool(failed) or _GIVEN_UP.search(words) is not None
    if not has_given_up and _DELAYED.search(words):
        return None
    refused = any(code.startswith("5") for code in _PLAIN.findall(words))
    if _FULL.search(words) and (has_given_up or refused):
        return (5, 2, 2)
    if _NOBODY.search(words):
        return (5, 1, 1)
    if failed:
        return failed[0]
    return (5, 0, 0) if has_given_up or refused else None
