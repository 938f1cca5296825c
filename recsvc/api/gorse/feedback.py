"""Gorse's feedback: rows for its own calls, events for ranking.

A row that is new, or whose time changed, is an event; its kind follows from its type. Events go first,
under an id made of the row, so that a call that is cut off between the two can be repeated.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter

from recsvc.api.gorse import rows as standing
from recsvc.api.gorse.cursors import CapitalCursor, CursorText, N, amount, opened, sealed
from recsvc.api.gorse.shapes import (
    MAX_ROWS,
    Feedback,
    FeedbackAnswer,
    Success,
    entry_of,
    read,
    row_as_gorse,
    row_of,
)
from recsvc.api.services import Services
from recsvc.clock import SECOND_US, now_us
from recsvc.core.access.caller import ABOUT_READERS, FEEDBACK, NAMED
from recsvc.core.readers.events import Entry, accept, event_of
from recsvc.core.readers.gorse_feedback import kind_of
from recsvc.core.readers.kinds import Role
from recsvc.errors import NotFoundError
from recsvc.store.readers.gorse import FeedbackRow

# Clocks of clients are ahead by this much without meaning the future.
CLOCK_ERROR_US = 5 * SECOND_US

Type = Annotated[str, PathParameter(name="type_")]
UserId = Annotated[str, PathParameter(name="user_id")]
ItemId = Annotated[str, PathParameter(name="item_id")]


class FeedbackPage(msgspec.Struct, rename="pascal", frozen=True):
    """A page of feedback."""

    cursor: str
    feedback: list[FeedbackAnswer]


@post("/feedback", access=FEEDBACK, status_code=200)
async def insert(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Success:
    """Insert feedback; where there is some already, its value grows."""
    given: list[Feedback] = await read(request, services, list[Feedback])
    return await insert_rows(services, [row_of(one, now_us()) for one in given], overwrites=False)


@put("/feedback", access=FEEDBACK, status_code=200)
async def overwrite(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Insert feedback; where there is some already, it is replaced."""
    given: list[Feedback] = await read(request, services, list[Feedback])
    return await insert_rows(services, [row_of(one, now_us()) for one in given], overwrites=True)


@get("/feedback", access=NAMED)
async def get_feedback(
    services: NamedDependency[Services],
    n: N = None,
    cursor: CursorText = None,
    capital: CapitalCursor = None,
) -> FeedbackPage:
    """List all feedback."""
    return await _page(services, n, opened(cursor, capital), None)


@get("/feedback/{type_:str}", access=NAMED)
async def get_typed_feedback(
    type_: Type,
    services: NamedDependency[Services],
    n: N = None,
    cursor: CursorText = None,
    capital: CapitalCursor = None,
) -> FeedbackPage:
    """List all feedback of a type."""
    return await _page(services, n, opened(cursor, capital), type_)


@get("/feedback/{user_id:str}/{item_id:str}", access=NAMED)
async def get_between(
    user_id: UserId, item_id: ItemId, services: NamedDependency[Services]
) -> list[FeedbackAnswer]:
    """Return what a user gave an item."""
    return _answers(await _between(services, user_id, item_id))


@delete("/feedback/{user_id:str}/{item_id:str}", access=ABOUT_READERS, status_code=200)
async def delete_between(
    user_id: UserId, item_id: ItemId, services: NamedDependency[Services]
) -> Success:
    """Take back all that a user gave an item."""
    return await _delete(services, await _between(services, user_id, item_id))


@get("/feedback/{type_:str}/{user_id:str}/{item_id:str}", access=NAMED)
async def get_one(
    type_: Type, user_id: UserId, item_id: ItemId, services: NamedDependency[Services]
) -> FeedbackAnswer:
    """Return what a user gave an item under a type."""
    row = await _one(services, type_, user_id, item_id)
    if row is None:
        raise NotFoundError(f"user {user_id!r} gave item {item_id!r} no {type_!r}")
    return row_as_gorse(row)


@delete("/feedback/{type_:str}/{user_id:str}/{item_id:str}", access=ABOUT_READERS, status_code=200)
async def delete_one(
    type_: Type, user_id: UserId, item_id: ItemId, services: NamedDependency[Services]
) -> Success:
    """Take back what a user gave an item under a type."""
    row = await _one(services, type_, user_id, item_id)
    return await _delete(services, [] if row is None else [row])


@get("/user/{user_id:str}/feedback", access=NAMED)
async def of_user(user_id: UserId, services: NamedDependency[Services]) -> list[FeedbackAnswer]:
    """Return what a user gave."""
    return _answers(_present(await standing.of_user(services, user_id)))


@get("/user/{user_id:str}/feedback/{type_:str}", access=NAMED)
async def typed_of_user(
    user_id: UserId, type_: Type, services: NamedDependency[Services]
) -> list[FeedbackAnswer]:
    """Return what a user gave under a type."""
    rows = _present(await standing.of_user(services, user_id))
    return _answers(row for row in rows if row.type == type_)


@get("/item/{item_id:str}/feedback", access=NAMED)
async def of_item(item_id: ItemId, services: NamedDependency[Services]) -> list[FeedbackAnswer]:
    """Return what an item was given."""
    return _answers(await standing.of_item(services, item_id))


@get("/item/{item_id:str}/feedback/{type_:str}", access=NAMED)
async def typed_of_item(
    item_id: ItemId, type_: Type, services: NamedDependency[Services]
) -> list[FeedbackAnswer]:
    """Return what an item was given under a type."""
    return _answers(row for row in await standing.of_item(services, item_id) if row.type == type_)


async def insert_rows(services: Services, rows: list[FeedbackRow], overwrites: bool) -> Success:
    """Log what is news among rows, then store them."""
    known = await services.gorse.get([(row.type, row.user, row.item) for row in rows])
    now = now_us()
    news = [
        row for row, old in zip(rows, known, strict=True) if old is None or old.at_us != row.at_us
    ]
    types = services.settings.gorse_types()
    given = await _given_again(services, news)
    await _log(services, [entry_of(row, types, services.kinds, now) for row in given])
    await services.gorse.know_users({row.user for row in rows})
    await services.gorse.write(rows, overwrites, now)
    return Success(len(rows))


async def _given_again(services: Services, rows: list[FeedbackRow]) -> list[FeedbackRow]:
    """Return new rows, those that were taken back since their time with the moment after that.

    Gorse keeps no trace of a row that was deleted, so that the same row counts again; the log does.
    """
    done = await services.profiles.standing([(row.user, row.item) for row in rows])
    names = standing.names(services)
    found = []
    for row, interaction in zip(rows, done, strict=True):
        known = {} if interaction is None else interaction.states
        off_us = -known.get(names.state_of(row.type), 0)
        found.append(standing.moved(row, off_us + 1) if off_us >= row.at_us else row)
    return found


async def retract(services: Services, rows: list[FeedbackRow]) -> None:
    """Take back the votes, saves and hides behind rows that are to go, unless others stand for them.

    What adds up - clicks, reading - cannot be taken back: the log is what happened.
    """
    types, kinds = services.settings.gorse_types(), services.kinds
    clearing = {kind.state: name for name, kind in kinds.items() if kind.role is Role.CLEAR}

    def state(row: FeedbackRow) -> tuple[str, str, str]:
        return row.user, row.item, kinds[kind_of(row.type, types)].state

    gone = {(row.user, row.field) for row in rows}
    others = {
        state(other)
        for user in {row.user for row in rows}
        for other in await services.gorse.of_user(user)
        if (other.user, other.field) not in gone
    }
    now = now_us()
    over = {state(row) for row in rows} - others
    back = [
        event_of({"user": user, "item": item, "kind": clearing[s]})
        for user, item, s in over
        if s in clearing
    ]
    await _log(services, [accept(event, None, kinds, now) for event in back])


async def _delete(services: Services, rows: list[FeedbackRow]) -> Success:
    await retract(services, rows)
    await services.gorse.delete(rows)
    return Success(len(rows))


async def _log(services: Services, entries: list[Entry]) -> None:
    if entries:
        await services.events.record(entries, [False] * len(entries))


async def _between(services: Services, user: str, item: str) -> list[FeedbackRow]:
    return [row for row in await standing.of_user(services, user) if row.item == item]


async def _one(services: Services, type_: str, user: str, item: str) -> FeedbackRow | None:
    rows = await _between(services, user, item)
    return next((row for row in rows if row.type == type_), None)


async def _page(
    services: Services, n: str | None, position: str, type_: str | None
) -> FeedbackPage:
    wanted = min(amount(n, "n", 10), MAX_ROWS)
    user, _, field = position.partition("\x00")

    async def complete(users: list[str], rows: list[list[FeedbackRow]]) -> list[list[FeedbackRow]]:
        return await standing.completed(services, users, rows)

    rows, follow = await services.gorse.page(
        (user, field) if position else None, wanted, type_, now_us() + CLOCK_ERROR_US, complete
    )
    cursor = "" if follow is None else sealed("\x00".join(follow))
    return FeedbackPage(cursor, _answers(rows))


def _present(rows: list[FeedbackRow]) -> list[FeedbackRow]:
    until_us = now_us() + CLOCK_ERROR_US
    return [row for row in rows if row.at_us <= until_us]


def _answers(rows: Iterable[FeedbackRow]) -> list[FeedbackAnswer]:
    return [row_as_gorse(row) for row in rows]


HANDLERS = [
    insert,
    overwrite,
    get_feedback,
    get_typed_feedback,
    get_between,
    delete_between,
    get_one,
    delete_one,
    of_user,
    typed_of_user,
    of_item,
    typed_of_item,
]
