"""A paper's page; and, since both live below `/papers/`, its Markdown."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from recsvc.api.http.papers import found
from recsvc.api.http.path_ids import path_id
from recsvc.api.huggingface.routes import markdown
from recsvc.api.pages.metadata import metadata
from recsvc.api.pages.page import Visitor, paper_path, render, summary, visitor_of
from recsvc.api.pages.site import site_of
from recsvc.api.services import Services
from recsvc.api.syndication.formats import alternates
from recsvc.core.access.caller import PUBLIC
from recsvc.core.items.address import Addresses
from recsvc.core.items.item import UNTITLED, StoredItem
from recsvc.core.text.display import readable
from recsvc.errors import NotFoundError
from recsvc.lists.shapes import Feed, Listed, Page, Reason
from recsvc.sources import demo

_PREFIX = "/papers/"
_SUFFIX = ".md"
_SIMILAR = 6
_AUTHORS = 12
_SOUGHT_CHARS = 300

# What importers keep of a paper's other addresses; `recsvc.sources.extra_fields` says what each means.
_LINKS = {"project_page": "Project page", "github": "Code", "open_access_pdf": "PDF"}


class Link(msgspec.Struct, frozen=True):
    """An address of a paper elsewhere."""

    label: str
    href: str


@get(
    "/papers/{paper:path}",
    operation_id="hfReadPaper",
    tags=["huggingface"],
    answers={"text/markdown": str, "text/html": str},
)
async def paper_page(
    paper: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    """One paper: its page, or as Markdown where `.md` follows its id."""
    name = path_id(request, _PREFIX)
    if not name.endswith(_SUFFIX):
        return await _page(request, services, name)
    try:
        return await markdown(services, name.removesuffix(_SUFFIX))
    except NotFoundError:
        if services.live.catalogue.row_of(name) is None:
            raise
        return await _page(request, services, name)  # whose id happens to end like that


async def _page(request: Request[Any, Any, Any], services: Services, name: str) -> Template:
    item, upvotes = await found(services, name)
    visitor = await visitor_of(request, services)
    similar, reason = await asyncio.gather(
        _similar(services, item.id), _reason(services, visitor, item.id)
    )
    votes_here = upvotes - item.upvotes
    entry = Listed(
        item.id, 0, 0.0, "", Reason("new", [], ""), services.cache.view(item, votes_here)
    )
    states = next((i.states for i in visitor.profile.interactions if i.item == item.id), {})
    return render(
        request, services, "paper-page.html", visitor, is_stale=similar.stale,
        alternates=alternates("/feeds/similar", "Similar papers", urlencode({"item": item.id})),
        canonical=paper_path(item.id), entry=entry, item=entry.item, similar=similar, reason=reason,
        links=links_of(item, services.settings.digest.item_url),
        authors=item.authors[:_AUTHORS], more_authors=item.authors[_AUTHORS:],
        summary=summary(item.extra), summary_by=_text(item, "ai_summary_model"),
        submitter=item.submitted_by.get("fullname") or item.submitter,
        is_ours=item.origin == demo.ORIGIN, is_hidden=states.get("hide", 0) > 0,
        metadata=metadata(item, site_of(services.settings)),
    )  # fmt: skip


async def _similar(services: Services, item: str) -> Feed:
    return await services.lists.similar.similar([item], [], Page(_SIMILAR, goes_on=False))


async def _reason(services: Services, visitor: Visitor, item: str) -> Reason | None:
    """Return what in the reader's history speaks for a paper; None if nothing does."""
    if visitor.user is None or item in visitor.voted:
        return None
    ranked = await services.lists.candidates.rank(visitor.user, [item], Page())
    reason = ranked.items[0].reason if ranked.items else None
    if reason is None or not reason.kind.startswith("because") or reason.items == [item]:
        return None
    return reason


def links_of(item: StoredItem, template: str = "") -> list[Link]:
    """Return a paper's addresses elsewhere, each once, the paper itself first; none but of the web.

    Args:
        template: where the host's site shows it, as of `Addresses`.
    """
    found = [("Read the paper", Addresses(template, None).of(item.id, item.url))]
    found += [("Its own page", item.url)]
    arxiv, doi = item.extra.get("arxiv_id"), item.extra.get("doi")
    if isinstance(arxiv, str):
        found += [("arXiv", f"https://arxiv.org/abs/{arxiv}")]
        found += [("PDF", f"https://arxiv.org/pdf/{arxiv}")]
    if isinstance(doi, str):
        found += [("DOI", f"https://doi.org/{doi}")]
    found += [(label, item.extra.get(name)) for name, label in _LINKS.items()]
    links: dict[str, Link] = {}
    for label, href in found:
        if isinstance(href, str) and href.startswith(("https://", "http://")):
            links.setdefault(href, Link(label, href))
    return list(links.values()) or ([] if item.title == UNTITLED else [_sought(item)])


def _text(item: StoredItem, name: str) -> str:
    """Return what an importer kept under a name; nothing where that is no text."""
    kept = item.extra.get(name)
    return kept if isinstance(kept, str) else ""


def _sought(item: StoredItem) -> Link:
    """Return where a paper without any address may be found: among arXiv's, by its title."""
    words = urlencode({"searchtype": "title", "query": readable(item.title)[:_SOUGHT_CHARS]})
    return Link("Find it on arXiv", f"https://arxiv.org/search/?{words}")


router = Router("/", route_handlers=[paper_page], opt={"access": PUBLIC, "problems": (404,)})
