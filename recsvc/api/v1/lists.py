"""Lists over HTTP that need no reader: by day, week and month, search, similar, topics."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from recsvc.api.http.list_parameters import ListAsked, SearchAsked, SimilarAsked, page_for
from recsvc.api.http.query_shapes import reads
from recsvc.api.services import Services
from recsvc.core.access.caller import LISTS
from recsvc.core.ids import Id
from recsvc.core.text.query import MAX_CHARS
from recsvc.lists.searched import SearchFeed
from recsvc.lists.shapes import Feed, PeriodFeed


class SimilarRequest(SimilarAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items to be like and items to be unlike, and what every list can be asked for."""

    positive: Annotated[list[Id], Meta(min_length=1, max_length=100)]
    negative: Annotated[list[Id], Meta(max_length=100)] = msgspec.field(default_factory=list)


class TopicAnswer(msgspec.Struct, frozen=True):
    """A topic, and how many items that can be listed have it."""

    topic: str
    items: int


class TopicList(msgspec.Struct, frozen=True):
    """The topics of the catalogue, the most frequent first."""

    topics: list[TopicAnswer]


@get("/v1/daily/{name:str}", operation_id="getDaily", tags=["lists"])
@reads(ListAsked)
async def get_daily(
    name: Annotated[str, PathParameter(description="A day, `2025-12-09`.")],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: ListAsked,
) -> PeriodFeed:
    """What was listed on a day, by votes; `previous` and `next` skip days without items."""
    return await services.lists.periods.listed("daily", name, page_for(request, asked))


@get("/v1/weekly/{name:str}", operation_id="getWeekly", tags=["lists"])
@reads(ListAsked)
async def get_weekly(
    name: Annotated[str, PathParameter(description="An ISO week, `2025-W50`.")],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: ListAsked,
) -> PeriodFeed:
    """What was listed in a week, by votes; `previous` and `next` skip weeks without items."""
    return await services.lists.periods.listed("weekly", name, page_for(request, asked))


@get("/v1/monthly/{name:str}", operation_id="getMonthly", tags=["lists"])
@reads(ListAsked)
async def get_monthly(
    name: Annotated[str, PathParameter(description="A month, `2025-12`.")],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: ListAsked,
) -> PeriodFeed:
    """What was listed in a month, by votes; `previous` and `next` skip months without items."""
    return await services.lists.periods.listed("monthly", name, page_for(request, asked))


@get(
    "/v1/search",
    operation_id="search",
    tags=["lists"],
)
@reads(SearchAsked)
async def get_search(
    q: Annotated[
        str,
        QueryParameter(
            min_length=1,
            max_length=MAX_CHARS,
            description='Words; `"a phrase"` must stand there as it is, `-word` must not.',
        ),
    ],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: SearchAsked,
) -> SearchFeed:
    """What a query finds, typos forgiven, with what was found marked in `highlights`."""
    return await services.lists.search.search(q, page_for(request, asked), asked.manner())


@get(
    "/v1/similar",
    operation_id="getSimilar",
    tags=["lists"],
)
@reads(SimilarAsked)
async def get_similar(
    item: Annotated[str, QueryParameter(max_length=256, description="Id of the item.")],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: SimilarAsked,
) -> Feed:
    """What is like an item; itself never."""
    page = page_for(request, asked)
    return await services.lists.similar.similar([item], [], page, asked.by)


@post("/v1/similar", operation_id="postSimilar", tags=["lists"], status_code=200)
async def post_similar(
    data: JSONBody[SimilarRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Feed:
    """What is like some items and unlike others, none of these; unknown ones are left out."""
    return await services.lists.similar.similar(
        data.positive, data.negative, page_for(request, data), data.by
    )


@get("/v1/topics", operation_id="listTopics", tags=["lists"], sync_to_thread=False)
def list_topics(
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=10_000, description="Topics at most.")] = 1_000,
) -> TopicList:
    """The topics of items that can be listed, the most frequent first, then by name."""
    catalogue = services.live.catalogue
    counts = catalogue.topics.counts(catalogue.visible)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return TopicList([TopicAnswer(topic, n) for topic, n in ordered[:limit]])


router = Router(
    "/",
    route_handlers=[
        get_daily,
        get_weekly,
        get_monthly,
        get_search,
        get_similar,
        post_similar,
        list_topics,
    ],
    opt={"access": LISTS, "problems": (404, 410)},
)
