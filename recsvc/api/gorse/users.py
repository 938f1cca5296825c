"""Gorse's users: labels and a comment, kept for those calls; ranking knows readers by what they do."""

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from recsvc.api.gorse.cursors import CapitalCursor, CursorText, N, amount, opened, sealed
from recsvc.api.gorse.shapes import MAX_ROWS, Success, User, UserPatch, read
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import ABOUT_READERS, ADMIN, NAMED
from recsvc.errors import NotFoundError
from recsvc.store.readers.profiles import ALL

UserId = Annotated[str, PathParameter(name="user_id")]


class Users(msgspec.Struct, rename="pascal", frozen=True):
    """A page of users."""

    cursor: str
    users: list[User]


@post("/user", access=ABOUT_READERS, status_code=200)
async def insert_user(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Insert or replace a user."""
    user: User = await read(request, services, User)
    await services.gorse.put_users({user.user_id: _fields(user)})
    return Success(1)


@post("/users", access=ABOUT_READERS, status_code=200)
async def insert_users(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Insert or replace users."""
    users: list[User] = await read(request, services, list[User])
    await services.gorse.put_users({user.user_id: _fields(user) for user in users})
    return Success(len(users))


@get("/users", access=NAMED)
async def get_users(
    services: NamedDependency[Services],
    n: N = None,
    cursor: CursorText = None,
    capital: CapitalCursor = None,
) -> Users:
    """List users."""
    wanted = min(amount(n, "n", 10), MAX_ROWS)
    after = opened(cursor, capital)
    found = await services.gorse.users(after, wanted + 1)
    shown = found[:wanted]
    follow = sealed(shown[-1][0]) if shown and len(found) > wanted else ""
    return Users(follow, [_user(name, fields) for name, fields in shown])


@get("/user/{user_id:str}", access=NAMED)
async def get_user(user_id: UserId, services: NamedDependency[Services]) -> User:
    """Return a user."""
    return _user(user_id, await _fields_of(services, user_id))


@patch("/user/{user_id:str}", access=ABOUT_READERS, status_code=200)
async def modify_user(
    user_id: UserId, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Success:
    """Change a user."""
    changes: UserPatch = await read(request, services, UserPatch)
    fields = await _fields_of(services, user_id)
    fields |= {n: v for n in UserPatch.__struct_fields__ if (v := getattr(changes, n)) is not None}
    await services.gorse.put_users({user_id: fields})
    return Success(1)


@delete("/user/{user_id:str}", access=ADMIN, status_code=200)
async def delete_user(user_id: UserId, services: NamedDependency[Services]) -> Success:
    """Erase a user: forgotten at once, gone from log, archive and boards soon after."""
    await services.erasures.request(user_id, now_us())
    await services.gorse.forget(user_id)
    return Success(1)


async def _fields_of(services: Services, user: str) -> dict[str, object]:
    """Return what is stored of a user; of one who is known by events alone, nothing more.

    Raises:
        NotFoundError: when nobody has heard of them.
    """
    try:
        return await services.gorse.user(user)
    except NotFoundError:
        profile, _ = await services.profiles.read(user, n_shown=ALL)
        if profile.is_empty:
            raise
        return {}


def _fields(user: User) -> dict[str, object]:
    fields: dict[str, object] = {"labels": user.labels, "comment": user.comment}
    if user.subscribe is not msgspec.UNSET:
        fields["subscribe"] = user.subscribe
    return fields


def _user(user: str, fields: dict[str, object]) -> User:
    return msgspec.convert({"UserId": user, **{n.capitalize(): v for n, v in fields.items()}}, User)


HANDLERS = [insert_user, insert_users, get_users, get_user, modify_user, delete_user]
