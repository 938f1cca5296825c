"""Rows of feedback as they stand: those that Gorse's API keeps, and what came by other doors."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from recsvc.api.services import Services
from recsvc.core.access.caller import is_anonymous
from recsvc.core.readers.gorse_rows import Names, is_void, said_by
from recsvc.core.readers.profile import Profile
from recsvc.store.readers.gorse import FeedbackRow

_AT_ONCE = 1_000


def names(services: Services) -> Names:
    """Return what types of feedback stand for."""
    settings = services.settings
    return Names(settings.gorse_types(), settings.gorse_feedback, services.kinds)


async def of_user(services: Services, user: str) -> list[FeedbackRow]:
    """Return a user's rows, by type and item."""
    (rows,) = await completed(services, [user], [await services.gorse.of_user(user)])
    return rows


async def of_item(services: Services, item: str) -> list[FeedbackRow]:
    """Return an item's rows, latest first; of what came by other doors, the votes."""
    rows = await services.gorse.of_item(item)
    voters = await services.gorse.voters(item)
    known = {row.user for row in rows}
    there = list(dict.fromkeys([*known, *voters]))
    of_each = await completed(
        services, there, [[row for row in rows if row.user == user] for user in there]
    )
    found = [row for own in of_each for row in own if row.item == item]
    return sorted(found, key=lambda row: (-row.at_us, row.user, row.type))


async def completed(
    services: Services, users: list[str], rows: list[list[FeedbackRow]]
) -> list[list[FeedbackRow]]:
    """Return users' rows with what came by other doors, and without what was taken back there."""
    profiles = await asyncio.gather(
        *[services.profiles.read(user, with_shown=True) for user in users]
    )
    known = names(services)
    return [
        _together(user, own, profile, known)
        for user, own, (profile, _) in zip(users, rows, profiles, strict=True)
    ]


def _together(
    user: str, rows: list[FeedbackRow], profile: Profile, known: Names
) -> list[FeedbackRow]:
    there = {(known.state_of(row.type), row.item) for row in rows}
    kept = [r for r in rows if not is_void(r.type, r.at_us, r.item, profile, known)]
    more = [
        FeedbackRow(type_, user, item, value, at_us, at_us)
        for type_, item, value, at_us in said_by(profile, there, known)
    ]
    return sorted([*kept, *more], key=lambda row: row.field)


async def know_everybody(services: Services) -> None:
    """List readers who are known by their events alone, too."""
    async for users in _in_pieces(services):
        await services.gorse.know_users(users)


async def _in_pieces(services: Services) -> AsyncIterator[set[str]]:
    users: set[str] = set()
    async for user in services.profiles.known():
        if not is_anonymous(user):
            users.add(user)
        if len(users) >= _AT_ONCE:
            yield users
            users = set()
    if users:
        yield users


def present(rows: list[FeedbackRow], until_us: int) -> list[FeedbackRow]:
    """Return the rows whose time has come."""
    return [row for row in rows if row.at_us <= until_us]


def moved(row: FeedbackRow, at_us: int) -> FeedbackRow:
    """Return a row with another time."""
    return msgspec.structs.replace(row, at_us=at_us)
