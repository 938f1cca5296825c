"""Events over HTTP: one object, an array or NDJSON; what is right is stored even if others are not.

`sendBeacon` can set no headers, and what stands in an address ends up in the logs of whoever is in
between, so that a page's key or token may come in the body: `{"authorization": "...", "events": [...]}`.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from recsvc.access.admission import Visit
from recsvc.api.http import request_body as body
from recsvc.api.http.door import visit_of
from recsvc.api.http.metrics import EVENT_TO_FEED
from recsvc.api.http.metrics import EVENTS as COUNTED
from recsvc.api.http.openapi import accepts_records
from recsvc.api.http.quick import QuickTaking
from recsvc.api.services import Services
from recsvc.api.v1.all_events import list_events
from recsvc.clock import SECOND_US, now_us
from recsvc.core.access.caller import EVENTS, Caller
from recsvc.core.access.trust import trust_in
from recsvc.core.moments import Moment, moment_us
from recsvc.core.readers.events import MAX_BATCH, Bringer, Entry, Event, accept
from recsvc.core.readers.kinds import Kind
from recsvc.errors import InvalidError, TooLargeError
from recsvc.store.log.writing import Outcome

_ACCEPTED, _DUPLICATE, _REJECTED = (
    COUNTED.labels(outcome) for outcome in ("accepted", "duplicate", "rejected")
)

_decoder = msgspec.json.Decoder(Event)


class Rejection(msgspec.Struct, frozen=True):
    """Why one event of a batch was not taken."""

    index: int
    error: str
    field: str | None


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the events: each is accepted, a duplicate or rejected.

    Attributes:
        unchanged: of those accepted, how many switched nothing, as their state stood so already or
            something later stands; left out if 0.
    """

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    unchanged: int = 0


class Beacon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events with what goes for all of them: a credential, for callers who can set no headers.

    Attributes:
        sent_at: of every event that names none of its own.
    """

    events: list[msgspec.Raw]
    authorization: str | None = None
    sent_at: Moment | None = None


_beacon = msgspec.json.Decoder(Beacon)


class _Sent(msgspec.Struct, frozen=True):
    """The events of a body, and when it was sent by its sender's clock, where it says so."""

    records: Sequence[bytes | msgspec.Raw]
    at: Moment | None


class Taken(msgspec.Struct):
    """What a body held, by index.

    Attributes:
        said_us: the time that an event named.
    """

    entries: dict[int, Entry] = msgspec.field(default_factory=dict)
    said_us: dict[int, int | None] = msgspec.field(default_factory=dict)
    rejected: dict[int, InvalidError] = msgspec.field(default_factory=dict)


async def _record(
    services: Services, visit: Visit, request: Request[Any, Any, Any], *, is_strict: bool = False
) -> Recorded:
    """Log the events of a body and fold them into their readers' profiles."""
    most = services.settings.max_body_bytes
    raw = await body.read(request, min(most, body.STRANGERS_BYTES) if visit.is_stranger else most)
    records, single = body.raw_records(raw, MAX_BATCH)
    received_us = now_us()
    beacon = _beacon_in(raw) if single else None
    if beacon is not None:
        records, single = [*beacon.events], False
        if len(records) > MAX_BATCH:
            raise TooLargeError(f"at most {MAX_BATCH} at a time, not {len(records)}", "events")
    shown, sent_at = (None, None) if beacon is None else (beacon.authorization, beacon.sent_at)
    services.admission.admit_in_body(visit, shown, EVENTS)
    services.admission.charge(visit, len(records) - 1)
    network = None
    if not trust_in(visit.caller.kind).is_vouched:
        network = await services.network(visit.head)
    taken = _taken(_Sent(records, sent_at), visit.caller, services.kinds, received_us, network)
    if taken.entries and (is_strict or (network and services.refuses_unknown)):
        await _reject_unknown(taken, services)
    if single and taken.rejected:
        raise taken.rejected[0]
    entries = taken.entries
    outcomes = await services.events.log(
        list(entries.values()), [taken.said_us[i] for i in entries]
    )
    EVENT_TO_FEED.observe((now_us() - received_us) / SECOND_US)
    n_known = outcomes.count(Outcome.DUPLICATE)
    counted = (
        (_ACCEPTED, len(outcomes) - n_known),
        (_DUPLICATE, n_known),
        (_REJECTED, len(taken.rejected)),
    )
    for counter, n in counted:
        if n:
            counter.inc(n)
    return Recorded(
        accepted=len(outcomes) - n_known,
        duplicates=n_known,
        rejected=[Rejection(i, str(e), e.field) for i, e in sorted(taken.rejected.items())],
        unchanged=outcomes.count(Outcome.UNCHANGED),
    )


@post(
    "/v1/events",
    operation_id="recordEvents",
    tags=["events"],
    status_code=202,
    access=EVENTS,
    quick=QuickTaking(_record, 202),
    operation_class=accepts_records(
        Event, "An event, an array of at most 1,000, NDJSON, or a beacon.", Beacon
    ),
)
async def record(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    strict: Annotated[
        bool, QueryParameter(description="Reject events for unknown items instead of keeping them.")
    ] = False,
) -> Recorded:
    """Log events and fold them into their readers' profiles; the next feed reflects them.

    `user` is taken from the user token where there is one. With a publishable key it is the id of an
    anonymous session, kept apart from readers whom somebody vouches for.
    """
    return await _record(services, visit_of(request), request, is_strict=strict)


def _beacon_in(raw: bytes) -> Beacon | None:
    """Return the beacon that a body is; None when it is an event."""
    if b'"events"' not in raw:
        return None
    try:
        return body.decode(raw, _beacon)
    except InvalidError:
        return None


def _taken(
    sent: _Sent, caller: Caller, kinds: dict[str, Kind], received_us: int, network: str | None
) -> Taken:
    taken, bringer = Taken(), Bringer(None, trust_in(caller.kind), network)
    for index, record in enumerate(sent.records):
        try:
            event = body.decode(record, _decoder)
            if sent.at is not None and event.sent_at is None:
                event = msgspec.structs.replace(event, sent_at=sent.at)
            who = caller.sender(event.user)
            # A microsecond apart, so that events without a time of their own keep their order.
            taken.entries[index] = accept(event, who, kinds, received_us + index, bringer)
            taken.said_us[index] = None if event.at is None else moment_us(event.at, "at")
        except InvalidError as exc:
            taken.rejected[index] = exc
    return taken


async def _reject_unknown(taken: Taken, services: Services) -> None:
    known = await services.items.known([entry.item for entry in taken.entries.values()])
    for index, is_known in zip(list(taken.entries), known, strict=True):
        if not is_known:
            entry = taken.entries.pop(index)
            taken.rejected[index] = InvalidError(f"unknown item {entry.item!r}", "item")


router = Router("/", route_handlers=[record, list_events])
