"""How an item's votes are counted, over HTTP: nothing about them is weighed in secret."""

import math
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from recsvc.api.http.door import may
from recsvc.api.http.path_ids import path_id
from recsvc.api.services import Services
from recsvc.api.v1.item_answers import is_secret
from recsvc.clock import HOUR_US, from_us, now_us
from recsvc.core.access.caller import ITEMS, LISTS
from recsvc.core.choices import Window
from recsvc.core.items.trending import WINDOWS, worth
from recsvc.errors import NotFoundError

EXPLAINED = "/votes/explain"


class WindowAnswer(msgspec.Struct, frozen=True):
    """How votes are weighed in one window of trending.

    Attributes:
        half_life_hours: in which a vote loses half its worth; None: never.
        worth: the counted votes, in fresh ones.
    """

    half_life_hours: float | None
    worth: float


class ClassAnswer(msgspec.Struct, frozen=True):
    """Votes that the same sort of credential vouches for.

    Attributes:
        n: standing votes, those of owners and those that are held included.
        weight: what each counts on boards.
    """

    n: int
    weight: float


class VotesExplained(msgspec.Struct, frozen=True):
    """The votes of one item.

    Attributes:
        counted: standing votes that count.
        held: of readers known for less than `hold_hours`; the next counts from `next_counts_at` on.
        own: of the item's owners; they never count.
        anonymous: of sessions that nobody vouches for; they never count.
        crowded: that would count, had others of their network not been first; of those that nobody
            vouches for.
        elsewhere: upvotes that the item came with, shown but not trending.
        classes: by who vouches for a vote - `secret` and `token` for readers whom the host knows,
            `import`, `open` while there was no key; `session` and `page` for whom nobody does.
    """

    item: str
    counted: int
    held: int
    own: int
    anonymous: int
    crowded: int
    elsewhere: int
    hold_hours: float
    next_counts_at: datetime | None
    windows: dict[Window, WindowAnswer]
    classes: dict[str, ClassAnswer]


@get(
    "/v1/votes/explain", operation_id="explainVotes", tags=["items"], access=LISTS, problems=(404,)
)
async def explain_votes(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    item: Annotated[
        str, QueryParameter(min_length=1, max_length=256, description="Id of the item.")
    ],
) -> VotesExplained:
    """Which votes on an item count, which wait and which never will, and what they are worth now."""
    return await explained(request, services, item)


@get(
    "/v1/items/{item_id:str}/votes/explain",
    operation_id="explainVotesOfItem",
    tags=["items"],
    access=LISTS,
    problems=(404,),
    include_in_schema=False,  # with another method it is the address of an item whose id ends so
)
async def explain_votes_of(
    item_id: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> VotesExplained:
    """The same, below the item."""
    # In truth such calls arrive at `getItem`, whose path takes slashes and therefore everything.
    return await explained(request, services, path_id(request, "/v1/items/", EXPLAINED))


async def explained(
    request: Request[Any, Any, Any], services: Services, item: str
) -> VotesExplained:
    """Return what becomes of an item's votes.

    Raises:
        NotFoundError: when there is no such item, or none that the caller may see.
    """
    (stored,) = await services.items.get(await services.items.resolve([item]))
    if stored is None or (is_secret(stored) and not may(request, ITEMS)):
        raise NotFoundError(f"there is no item {item!r}")
    now = now_us()
    tally = await services.boards.tally(stored.id, now)
    half_lives = services.settings.lists.trending.half_lives_us()
    windows = {
        window: WindowAnswer(
            None if math.isinf(half_life) else half_life / HOUR_US,
            round(worth(score, half_life, now), 6),
        )
        for window, half_life, score in zip(WINDOWS, half_lives, tally.scores, strict=True)
    }
    return VotesExplained(
        item=item,
        counted=tally.counted,
        held=tally.held,
        own=tally.own,
        anonymous=tally.anonymous,
        crowded=tally.crowded,
        elsewhere=stored.upvotes,
        hold_hours=services.settings.log.vote_hold_hours,
        next_counts_at=None if tally.next_us is None else from_us(tally.next_us),
        windows=windows,
        classes={name: ClassAnswer(n, w) for name, (n, w) in tally.classes.items()},
    )


router = Router("/", route_handlers=[explain_votes, explain_votes_of])
