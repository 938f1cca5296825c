"""Who the readers are, page by page."""

from datetime import datetime

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

from recsvc.api.http.positions import Cursor, Limit, opened, sealed
from recsvc.api.http.query_shapes import reads
from recsvc.api.services import Services
from recsvc.clock import from_us
from recsvc.core.access.caller import EVERYBODY
from recsvc.store.readers.index import Known


class UsersAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which readers."""

    limit: Limit = 100
    cursor: Cursor | None = None


class UserSummary(msgspec.Struct, frozen=True):
    """A reader, and how much is kept of them.

    Attributes:
        first_at: when they first did something; null if they were only shown something.
        last_at: when they last did something or were shown something.
        items: how many items they did something to.
        shown: how many items they were shown, of the latest.
    """

    id: str
    first_at: datetime | None
    last_at: datetime
    items: int
    shown: int


class UserList(msgspec.Struct, frozen=True):
    """A page of readers; `next` is the cursor of the page that follows."""

    users: list[UserSummary]
    next: str | None


@get("/v1/users", operation_id="listUsers", tags=["users"])
@reads(UsersAsked)
async def list_users(services: NamedDependency[Services], asked: UsersAsked) -> UserList:
    """Every reader who did something or was shown something, in the order of ids.

    Anonymous sessions are left out, and so is who only follows something. A page may be short although
    more follow: profiles lapse.
    """
    found, follow = await services.readers.page(opened(asked.cursor or ""), asked.limit)
    cursor = None if follow is None else sealed(follow)
    return UserList([_summary(one) for one in found], cursor)


def _summary(known: Known) -> UserSummary:
    first = None if known.first_us is None else from_us(known.first_us)
    return UserSummary(known.user, first, from_us(known.last_us), known.items, known.shown)


router = Router("/", route_handlers=[list_users], opt={"access": EVERYBODY})
