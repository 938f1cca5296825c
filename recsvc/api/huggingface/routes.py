"""The calls for papers of Hugging Face's client: `HfApi(endpoint=…)` reads them unchanged.

One thing is not copied: where theirs answers a date in the future with another day's papers, this
answers with none.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
import numpy as np
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from numpy.typing import NDArray

from recsvc.api.http.addresses import base_of
from recsvc.api.http.papers import found
from recsvc.api.http.path_ids import path_id
from recsvc.api.huggingface import shape
from recsvc.api.services import Services
from recsvc.clock import now_us
from recsvc.core.access.caller import PUBLIC
from recsvc.core.choices import PeriodKind
from recsvc.core.items.periods import named
from recsvc.core.ranking.public_lists import Fading, cold_list, new_list
from recsvc.core.text.query import MAX_CHARS
from recsvc.lists.shapes import Page

_MARKDOWN = "text/markdown"
# Which fields a paper has depends on what is known of it.
_ONE = {"application/json": dict[str, Any]}
_LIST = {"application/json": list[dict[str, Any]]}

Mask = NDArray[np.bool_]


@get("/api/daily_papers", operation_id="hfListDailyPapers", tags=["huggingface"], answers=_LIST)
async def list_daily_papers(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    date: Annotated[str | None, QueryParameter(description="A day, `2025-12-09`.")] = None,
    week: Annotated[str | None, QueryParameter(description="An ISO week, `2025-W50`.")] = None,
    month: Annotated[str | None, QueryParameter(description="A month, `2025-12`.")] = None,
    submitter: Annotated[str | None, QueryParameter(description="Handle of who submitted.")] = None,
    sort: Annotated[
        Literal["publishedAt", "trending"],
        QueryParameter(description="Latest first, or by votes now."),
    ] = "publishedAt",
    p: Annotated[int, QueryParameter(ge=0, le=100_000, description="Page, from 0.")] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Response[bytes]:
    """Papers as they were listed, all or those of a day, a week or a month."""
    catalogue = services.live.catalogue
    candidates = catalogue.visible.copy()
    asked: list[tuple[PeriodKind, str | None]] = [
        ("daily", date), ("weekly", week), ("monthly", month),
    ]  # fmt: skip
    for kind, name in asked:
        if name is not None:
            period = named(kind, name, services.settings.zone)
            candidates &= catalogue.listed_us >= period.start_us
            candidates &= catalogue.listed_us < period.end_us
    if submitter is not None:
        theirs = np.zeros(catalogue.n, bool)
        theirs[catalogue.submitters.rows([submitter])] = True
        candidates &= theirs
    end = (p + 1) * limit
    if sort == "trending":
        half_life_us = services.settings.lists.trending.half_life_us("month")
        fading = Fading("month", half_life_us, now_us())
        ranking = cold_list(catalogue, fading, candidates, end + 1)
    else:
        ranking = new_list(catalogue, candidates, end + 1)
    ids = [catalogue.id_of(row) for row in ranking.rows[p * limit : end].tolist()]
    headers = _link_to(request, services, p + 1) if len(ranking.rows) > end else None
    return await _answer(services, ids, headers)


@get("/api/papers/search", operation_id="hfSearchPapers", tags=["huggingface"], answers=_LIST)
async def search_papers(
    services: NamedDependency[Services],
    q: Annotated[
        str, QueryParameter(max_length=MAX_CHARS, description="What to find; all if empty.")
    ] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=120)] = 20,
) -> Response[bytes]:
    """Papers that a query finds."""
    page = Page(limit=limit, ids_only=True, goes_on=False)
    searched = (
        services.lists.search.search(q, page) if q.strip() else services.lists.boards.new(page)
    )
    return await _answer(services, [place.id for place in (await searched).items])


@get("/api/papers/{paper:path}", operation_id="hfPaperInfo", tags=["huggingface"], answers=_ONE)
async def paper_info(
    paper: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[bytes]:
    """One paper, by its arXiv id or the catalogue's."""
    item, upvotes = await found(services, path_id(request, "/api/papers/"))
    return _json(shape.alone(item, upvotes))


async def markdown(services: Services, identity: str) -> Response[str]:
    """Return one paper as Markdown.

    Raises:
        NotFoundError: when there is none.
    """
    item, upvotes = await found(services, identity)
    return Response(shape.markdown(item, upvotes), media_type=_MARKDOWN)


async def _answer(
    services: Services, ids: list[str], headers: dict[str, str] | None = None
) -> Response[bytes]:
    catalogue = services.live.catalogue
    bodies = await services.cache.get(ids)
    papers = [
        shape.listed(bodies[item], int(catalogue.upvotes[catalogue.rows[item]]))
        for item in ids
        if item in bodies
    ]
    return _json(papers, headers)


def _json(content: object, headers: dict[str, str] | None = None) -> Response[bytes]:
    encoded = msgspec.json.encode(content)
    return Response(encoded, media_type="application/json", headers=headers)


def _link_to(request: Request[Any, Any, Any], services: Services, p: int) -> dict[str, str]:
    """Return the header that names the next page (RFC 8288)."""
    named_ones = [(k, v) for k, v in request.query_params.multi_items() if k != "p"]
    base = base_of(request, services.settings)
    url = f"{base}/api/daily_papers?{urlencode([*named_ones, ('p', str(p))])}"
    return {"Link": f'<{url}>; rel="next"'}


router = Router(
    "/",
    route_handlers=[list_daily_papers, search_papers, paper_info],
    opt={"access": PUBLIC, "problems": (404,)},
)
