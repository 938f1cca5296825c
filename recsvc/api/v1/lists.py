"""Lists over HTTP that need no reader: by day, week and month, search, similar, topics."""

from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from recsvc.api.http.list_parameters import By, asked_page
from recsvc.api.http.list_parameters import page as page_of
from recsvc.api.services import Services
from recsvc.core.access.caller import LISTS
from recsvc.core.ids import Id
from recsvc.core.ranking.public_lists import Likeness
from recsvc.lists.periods import PeriodFeed
from recsvc.lists.search import Sort
from recsvc.lists.shapes import Feed, Page


class SimilarRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Items to be like and items to be unlike."""

    positive: Annotated[list[Id], Meta(min_length=1, max_length=100)]
    negative: Annotated[list[Id], Meta(max_length=100)] = msgspec.field(default_factory=list)
    by: Likeness = "both"
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | None = None
    topic: list[str] = msgspec.field(default_factory=list)
    topic_all: list[str] = msgspec.field(default_factory=list)
    topic_not: list[str] = msgspec.field(default_factory=list)
    organisation: list[str] = msgspec.field(default_factory=list)
    since: str | None = None
    until: str | None = None
    exclude: list[str] = msgspec.field(default_factory=list)
    fields: Literal["full", "id"] = "full"


class TopicAnswer(msgspec.Struct, frozen=True):
    """A topic, and how many items that can be listed have it."""

    topic: str
    items: int


class TopicList(msgspec.Struct, frozen=True):
    """The topics of the catalogue, the most frequent first."""

    topics: list[TopicAnswer]


@get("/v1/daily/{name:str}", operation_id="getDaily", tags=["lists"])
async def get_daily(
    name: Annotated[str, PathParameter(description="A day, `2025-12-09`.")],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
) -> PeriodFeed:
    """What was listed on a day, by votes; `previous` and `next` skip days without items."""
    return await services.periods.listed("daily", name, asked)


@get("/v1/weekly/{name:str}", operation_id="getWeekly", tags=["lists"])
async def get_weekly(
    name: Annotated[str, PathParameter(description="An ISO week, `2025-W50`.")],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
) -> PeriodFeed:
    """What was listed in a week, by votes; `previous` and `next` skip weeks without items."""
    return await services.periods.listed("weekly", name, asked)


@get("/v1/monthly/{name:str}", operation_id="getMonthly", tags=["lists"])
async def get_monthly(
    name: Annotated[str, PathParameter(description="A month, `2025-12`.")],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
) -> PeriodFeed:
    """What was listed in a month, by votes; `previous` and `next` skip months without items."""
    return await services.periods.listed("monthly", name, asked)


@get("/v1/search", operation_id="search", tags=["lists"])
async def get_search(
    q: Annotated[
        str,
        QueryParameter(
            min_length=1,
            max_length=1_000,
            description='Words; `"a phrase"` must stand there as it is, `-word` must not.',
        ),
    ],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
    prefix: Annotated[
        bool, QueryParameter(description="The last word may be only the beginning of one.")
    ] = False,
    sort: Annotated[Sort, QueryParameter(description="`new`: latest listed first.")] = "relevance",
) -> Feed:
    """What a query finds, typos forgiven, with what was found marked in `highlights`."""
    return await services.search.search(q, asked, prefix=prefix, sort=sort)


@get("/v1/similar", operation_id="getSimilar", tags=["lists"])
async def get_similar(
    item: Annotated[str, QueryParameter(max_length=256, description="Id of the item.")],
    services: NamedDependency[Services],
    asked: NamedDependency[Page],
    by: By = "both",
) -> Feed:
    """What is like an item; itself never."""
    return await services.recommender.similar([item], [], asked, by)


@post("/v1/similar", operation_id="postSimilar", tags=["lists"], status_code=200)
async def post_similar(data: JSONBody[SimilarRequest], services: NamedDependency[Services]) -> Feed:
    """What is like some items and unlike others, none of these; unknown ones are left out."""
    page = page_of(
        data.limit, data.cursor, data.fields, data.topic, data.topic_all, data.topic_not,
        data.since, data.until, data.exclude, data.organisation,
    )  # fmt: skip
    return await services.recommender.similar(data.positive, data.negative, page, data.by)


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
    dependencies={"asked": Provide(asked_page, sync_to_thread=False)},
    opt={"access": LISTS, "problems": (404, 410)},
)
