"""Events as clients send them, and entries as the log keeps them.

Whoever makes an event makes it here: decoders by the type, everybody else by `event_of`, which checks
the same. What `accept` takes has passed one of them, so that nothing else ever reaches the log.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from recsvc.clock import DAY_US, SECOND_US
from recsvc.core.access.trust import Trust
from recsvc.core.fitting import fitted
from recsvc.core.ids import Id
from recsvc.core.moments import Moment, moment_us
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError

MAX_BATCH = 1_000
MAX_AHEAD_US = 300 * SECOND_US
# As much as a request may be under way: no more of a difference is a clock that is wrong.
_TRAVEL_US = 5 * SECOND_US
MAX_VALUE = 1e6
# Profiles hold "switched off at t" as -t, so that t must be positive with room to spare.
MIN_AT_US = DAY_US


class Event(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One event, as a client sends it."""

    item: Annotated[Id, Meta(description="Id of the item acted on.")]
    kind: Annotated[str, Meta(description="What happened.", examples=["upvote"])]
    user: Annotated[
        Id | None, Meta(description="Id of the reader; taken from the user token if there is one.")
    ] = None
    at: Annotated[
        Moment | None,
        Meta(
            description="When it happened: RFC 3339, or a number of seconds, milliseconds or "
            "microseconds since 1970; now if absent."
        ),
    ] = None
    sent_at: Annotated[
        Moment | None,
        Meta(
            description="The same clock when this was sent: a device whose clock is wrong has `at` "
            "put right by the difference."
        ),
    ] = None
    event_id: Annotated[
        Id | None, Meta(description="The same id twice is one event: makes retries safe.")
    ] = None
    feed_id: Annotated[Id | None, Meta(description="The feed that led to it.")] = None
    position: Annotated[
        Annotated[int, Meta(ge=0, le=100_000)] | None,
        Meta(description="0-based place in that feed."),
    ] = None
    value: Annotated[
        Annotated[float, Meta(ge=0, le=MAX_VALUE)] | None,
        Meta(description="How much: seconds of a `read`."),
    ] = None


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as the log keeps it: complete, its time an instant, unknown fields ignored.

    Attributes:
        at_us: when it happened, by the client's word.
        value_milli: `value` in thousandths, an integer so that sums do not depend on their order.
        received_us: when the service took it.
        trust: who vouches for it (`core/access/trust.py`); None: what the user's id says.
        network: of an unvouched one, what stands for the network that it came from.
    """

    user: str
    item: str
    kind: str
    at_us: int
    received_us: int
    event_id: str | None = None
    feed_id: str | None = None
    position: int | None = None
    value_milli: int | None = None
    source: str | None = None
    trust: str | None = None
    network: str | None = None


def event_of(fields: Mapping[str, Any]) -> Event:
    """Return fields as an event, within the bounds of its types; None counts as not said.

    Raises:
        InvalidError: naming the field.
    """
    return fitted(fields, Event)


class Bringer(msgspec.Struct, frozen=True):
    """Who brought an event in.

    Attributes:
        source: what it was, where it was no client.
        trust: who vouches for it.
        network: what stands for where it came from.
    """

    source: str | None = None
    trust: Trust | None = None
    network: str | None = None


SOMEBODY = Bringer()


def accept(
    event: Event,
    user: str | None,
    kinds: Mapping[str, Kind],
    received_us: int,
    bringer: Bringer = SOMEBODY,
) -> Entry:
    """Check what types cannot, and complete an event to the entry that is logged.

    Args:
        user: who sends it, by their token; None when the event's own `user` is to be believed.
        received_us: the event's time where it names none.

    Raises:
        InvalidError: naming the field.
    """
    who = user if user is not None else event.user
    if who is None:
        raise InvalidError("an event needs a user", "user")
    if event.kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise InvalidError(f"unknown kind {event.kind[:64]!r}; known are {known}", "kind")
    at_us = _instant(event, received_us)
    if at_us > received_us + MAX_AHEAD_US:
        raise InvalidError("`at` is more than 5 minutes ahead", "at")
    if at_us < MIN_AT_US:
        raise InvalidError("`at` is before 1970-01-02", "at")
    return Entry(
        user=who,
        item=event.item,
        kind=event.kind,
        # Nothing happened after it was told; else a vote of the next minutes would lose to this one.
        at_us=min(at_us, received_us),
        received_us=received_us,
        event_id=event.event_id,
        feed_id=event.feed_id,
        position=event.position,
        value_milli=None if event.value is None else round(event.value * 1000),
        source=bringer.source,
        trust=bringer.trust,
        network=bringer.network,
    )


def _instant(event: Event, received_us: int) -> int:
    """Return when an event happened by our clock, as far as its sender says enough to know.

    A difference that a slow network may explain is left alone: times of one sender would change places.
    """
    if event.at is None:
        return received_us
    late_us = 0 if event.sent_at is None else received_us - moment_us(event.sent_at, "sent_at")
    return moment_us(event.at, "at") + (late_us if abs(late_us) > _TRAVEL_US else 0)
