"""Rows of feedback as they stand: those that Gorse's API keeps, and what came by other doors."""

import asyncio

import msgspec

from recsvc.api.services import Services
from recsvc.core.readers.gorse_rows import Names, is_void, said_by
from recsvc.core.readers.profile import Profile
from recsvc.store.readers.gorse import FeedbackRow
from recsvc.store.readers.profiles import ALL


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
    profiles = await asyncio.gather(*[services.profiles.read(user, n_shown=ALL) for user in users])
    known = names(services)
    return [
        together(user, own, profile, known)
        for user, own, (profile, _) in zip(users, rows, profiles, strict=True)
    ]


def together(
    user: str, rows: list[FeedbackRow], profile: Profile, known: Names
) -> list[FeedbackRow]:
    """Return a user's rows with what their profile says besides, without what it takes back."""
    there = {(known.state_of(row.type), row.item) for row in rows}
    kept = [r for r in rows if not is_void(r.type, r.at_us, r.item, profile, known)]
    more = [
        FeedbackRow(type_, user, item, value, at_us, at_us)
        for type_, item, value, at_us in said_by(profile, there, known)
    ]
    return sorted([*kept, *more], key=lambda row: row.field)


def present(rows: list[FeedbackRow], until_us: int) -> list[FeedbackRow]:
    """Return the rows whose time has come."""
    return [row for row in rows if row.at_us <= until_us]


def moved(row: FeedbackRow, at_us: int) -> FeedbackRow:
    """Return a row with another time."""
    return msgspec.structs.replace(row, at_us=at_us)
