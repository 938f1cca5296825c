"""Subscriptions: who gets which mail, when by their own clock, and that they asked for it."""

from collections.abc import Iterable
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from recsvc.core.ids import Id
from recsvc.core.items.item import Topics
from recsvc.core.mail.schedule import WEEKDAYS, Rhythm, Weekday
from recsvc.errors import InvalidError

Cadence = Literal["daily", "weekly"]
Content = Literal["trending", "personal", "both"]

MAX_STRIKES = 3

# Who subscribes and is no reader is exported and erased under a name that no reader can have.
_SUBSCRIBER = "\x01mail:"
PENDING_DAYS = 3

# What people agree to, by version: a subscription records which of these was shown. Add, never edit.
WORDINGS = {
    1: "Send me this mail at the time I chose. I can leave with one click from every mail.",
}
WORDING = max(WORDINGS)


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscriber may choose."""

    timezone: Annotated[str, Meta(max_length=64, description="IANA zone of the hour.")] = "UTC"
    hour: Annotated[int, Meta(ge=0, le=23, description="Local hour of the mail.")] = 7
    minute: Annotated[int, Meta(ge=0, le=59, description="Local minute of the mail.")] = 0
    cadence: Annotated[Cadence, Meta(description="How often a mail is sent.")] = "daily"
    weekday: Annotated[Weekday, Meta(description="Local day of weekly mails.")] = "monday"
    content: Annotated[
        Content,
        Meta(description="`personal` and `both` need a known reader."),
    ] = "trending"
    topics: Annotated[Topics, Meta(description="Only items with any of these; empty: all.")] = ()

    @property
    def rhythm(self) -> Rhythm:
        """When mails are due."""
        weekday = WEEKDAYS.index(self.weekday) if self.cadence == "weekly" else None
        return Rhythm(ZoneInfo(self.timezone), self.hour, self.minute, weekday)


class Request(Preferences, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A wish to subscribe, as it comes in."""

    email: Annotated[str, Meta(min_length=3, max_length=254, description="Where to send.")]
    user: Annotated[
        Id | None,
        Meta(description="The reader, for a personal mail; taken from the user token if any."),
    ] = None


class Consent(msgspec.Struct, frozen=True):
    """Proof that the owner of an address asked for the mail; nothing in it says from where.

    Attributes:
        requested_us: when somebody asked.
        confirmed_us: when the owner confirmed from their inbox.
        wording: which text they agreed to.
        proof: SHA-256 of the token that only the mail to that address held.
    """

    requested_us: int
    confirmed_us: int
    wording: int
    proof: str


class Pending(msgspec.Struct, frozen=True):
    """A wish that waits for its confirmation."""

    id: str
    email: str
    preferences: Preferences
    requested_us: int
    wording: int
    user: str | None = None


class Subscription(msgspec.Struct, frozen=True):
    """A confirmed subscription; one per address.

    Attributes:
        id: stands for the address without revealing it.
        email: in the form that goes over the wire.
        user: the reader whose feed makes the personal part.
        strikes: mails in a row that were refused for good, though not because of the address.
        suspended: why nothing is sent any more; empty while it is.
    """

    id: str
    email: str
    preferences: Preferences
    consent: Consent
    user: str | None = None
    strikes: int = 0
    suspended: str = ""
    suspended_us: int = 0


def as_person(subscription_id: str) -> str:
    """Return the name by which the owner of an address is exported and erased."""
    return _SUBSCRIBER + subscription_id


def subscription_of(person: str) -> str | None:
    """Return the id of the subscription of a person who is known by an address; None for a reader."""
    return person.removeprefix(_SUBSCRIBER) if person.startswith(_SUBSCRIBER) else None


def confirmed(pending: Pending, now_us: int, proof: str) -> Subscription:
    """Return the subscription that a confirmation makes of a wish."""
    consent = Consent(pending.requested_us, now_us, pending.wording, proof)
    return Subscription(pending.id, pending.email, pending.preferences, consent, pending.user)


def as_if(preferences: Preferences, user: str | None) -> Subscription:
    """Return a subscription that nobody has, to see what its mail would be."""
    return Subscription("preview", "reader@example.org", preferences, Consent(0, 0, 0, ""), user)


def checked(preferences: Preferences, user: str | None) -> Preferences:
    """Return the preferences without repeated topics.

    Raises:
        InvalidError: for what types cannot rule out, naming the field.
    """
    try:
        ZoneInfo(preferences.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidError(f"unknown time zone {preferences.timezone!r}", "timezone") from None
    if preferences.content != "trending" and user is None:
        raise InvalidError("a personal mail needs a known reader", "content")
    return msgspec.structs.replace(preferences, topics=_unique(preferences.topics))


def with_strike(subscription: Subscription, why: str, now_us: int, final: bool) -> Subscription:
    """Return a subscription after a mail was refused for good.

    Args:
        final: whether the address itself was refused; else it takes three in a row.
    """
    strikes = subscription.strikes + 1
    if not final and strikes < MAX_STRIKES:
        return msgspec.structs.replace(subscription, strikes=strikes)
    return msgspec.structs.replace(
        subscription, strikes=strikes, suspended=why or "refused", suspended_us=now_us
    )


def forgiven(subscription: Subscription) -> Subscription:
    """Return a subscription after a mail was taken: only refusals in a row count."""
    return msgspec.structs.replace(subscription, strikes=0)


def masked(email: str) -> str:
    """Return an address that its owner recognises and others do not: `a…@example.org`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _unique(topics: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topics))
