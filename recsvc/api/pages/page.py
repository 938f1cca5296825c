"""What the site's pages share: the frame around them, the templates, and who is looking."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Request
from litestar.response import Template

from recsvc.api.http.page_headers import with_images_of
from recsvc.api.http.path_ids import raw_path
from recsvc.api.http.visitor import reader_of
from recsvc.api.pages.drawing import drawing
from recsvc.api.pages.own_list import HELD
from recsvc.api.pages.site import site_of
from recsvc.api.pages.tex import drawn, with_formulae, with_links
from recsvc.api.services import Services
from recsvc.api.syndication.formats import Alternate
from recsvc.core.access.origins import parse_origins
from recsvc.core.items.dating import said
from recsvc.core.items.facts import byline, counted, house
from recsvc.core.readers.kinds import HIDE, SAVE, UPVOTE
from recsvc.core.readers.preferences import Preferences
from recsvc.core.readers.profile import NOBODY, Profile
from recsvc.core.text.display import excerpt, printable, readable, shows
from recsvc.settings import Settings
from recsvc.sources import demo

HERE = Path(__file__).parent.parent

# What a page shows depends on who looks, and on what they did a moment ago.
_OWN = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}


class Visitor(msgspec.Struct, frozen=True):
    """Who looks at a page, and what they did.

    Attributes:
        user: None for somebody unknown.
        voted, saved, hidden: the items on which that state of theirs stands.
    """

    user: str | None
    profile: Profile
    voted: frozenset[str] = frozenset()
    saved: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    @property
    def preferences(self) -> Preferences:
        """What they follow and mute."""
        return self.profile.preferences

    @property
    def is_simulated(self) -> bool:
        """Whether it is one of the demo's readers, seen over the shoulder."""
        return self.user is not None and demo.is_simulated(self.user)


class Shell(msgspec.Struct, frozen=True):
    """What stands around every page.

    Attributes:
        section: the page's place in the navigation.
        back: the page's own address, where its buttons lead back to.
        canonical: the whole address by which it is known, without what only this visit adds.
        readers: the demo's readers to choose from; empty on a real site.
        is_open: whether this machine may call the API without a key.
        alternates: the page's list for feed readers.
        is_stale: whether a part is silent that should have had a say.
        has_embed: whether other people's pages may embed lists.
        has_console: whether there is a console.
        tells_seen: whether its script tells what was seen: of known readers, not of simulated ones.
    """

    section: str
    back: str
    canonical: str
    readers: list[str]
    is_demo: bool
    is_open: bool
    alternates: list[Alternate]
    is_stale: bool
    has_embed: bool
    has_console: bool
    tells_seen: bool


async def visitor_of(request: Request[Any, Any, Any], services: Services) -> Visitor:
    """Return who looks at a page."""
    user = reader_of(request, services)
    profile = await services.lists.audiences.profile(user) if user else NOBODY
    voted, saved, hidden = (
        frozenset(i.item for i in profile.interactions if i.states.get(state, 0) > 0)
        for state in (UPVOTE, SAVE, HIDE)
    )
    return Visitor(user, profile, voted, saved, hidden)


def render(
    request: Request[Any, Any, Any],
    services: Services,
    template: str,
    visitor: Visitor,
    *,
    section: str = "",
    status: int = 200,
    alternates: Iterable[Alternate] = (),
    is_stale: bool = False,
    canonical: str = "",
    **context: object,
) -> Template:
    """Return a page with everything around it.

    Args:
        canonical: its address on the site where that is not the path alone.
    """
    is_demo = services.live.demo
    shell = Shell(
        section=section,
        back=back_to(request),
        canonical=site_of(services.settings).url + (canonical or path_of(request)),
        readers=demo.readers() if is_demo else [],
        is_demo=is_demo,
        is_open=services.admission.is_open,
        alternates=list(alternates) if services.settings.syndication else [],
        is_stale=is_stale,
        has_embed=services.settings.embed,
        has_console=services.settings.console,
        tells_seen=services.settings.page_impressions
        and visitor.user is not None
        and not visitor.is_simulated,
    )
    return Template(
        template,
        context={"shell": shell, "visitor": visitor, **context},
        headers=with_images_of(parse_origins(services.settings.image_origins)) | _OWN,
        status_code=status,
        media_type="text/html",
    )


def back_to(request: Request[Any, Any, Any]) -> str:
    """Return a page's own address, from its first slash on; of a list that is held, the list itself."""
    query = "&".join(one for one in request.url.query.split("&") if not one.startswith(f"{HELD}="))
    return path_of(request) + (f"?{query}" if query else "")


def path_of(request: Request[Any, Any, Any]) -> str:
    """Return a page's path, from its first slash on."""
    path = quote(raw_path(request).decode("latin-1"), safe="/%:@!$&'()*+,;=~-._")
    return "/" + path.lstrip("/")


def environment(settings: Settings) -> Environment:
    """Return the template environment: autoescaping, undefined names are errors."""
    loaded = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.globals |= {"site": site_of(settings), "drawing": drawing}
    loaded.filters |= {
        "said": said,
        "count": counted,
        "byline": byline,
        "house": house,
        "shows": shows,
        "paper_path": paper_path,
        "quoted": lambda text: quote(text, safe=""),
        "formulae": with_formulae,
        "formulae_and_links": lambda text: with_formulae(text, with_links),
        "drawn": drawn,
        "readable": readable,
        "excerpt": excerpt,
        "summary": summary,
        "reader_name": _reader_name,
    }
    return loaded


def summary(extra: dict[str, Any]) -> str:
    """Return what an item is in a sentence, as far as its source brought one."""
    kept = (extra.get(name) for name in ("ai_summary", "tldr"))
    return next((said for said in kept if isinstance(said, str) and said.strip()), "")


def paper_path(item: str) -> str:
    """Return the path of a paper's page; slashes of its id are its own."""
    return f"/papers/{quote(item, safe='')}"


def _printed(value: Any) -> Any:
    """Return what a template prints, without characters that HTML cannot hold; markup stays markup."""
    return type(value)(printable(value)) if isinstance(value, str) else value


def _reader_name(user: str | None) -> str:
    """Return how a reader is called on the page; simulated ones say so."""
    if user is not None and demo.is_simulated(user):
        return user.removeprefix("simulated-").replace("-", " ").capitalize() + " (simulated)"
    return "you"
