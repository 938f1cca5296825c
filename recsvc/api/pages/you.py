"""The reader's page: what they follow, mute and did; their feed's address, export, erasure."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.response import Redirect, Stream, Template
from msgspec import Meta

from recsvc.api.http.reader_links import VALID_MINUTES, link_for
from recsvc.api.http.visitor import forgetting, network_of, newcomer, reader_of
from recsvc.api.pages.buttons import Back, back_as
from recsvc.api.pages.page import Visitor, render, visitor_of
from recsvc.api.services import Services
from recsvc.api.syndication.private import private_feed_of
from recsvc.api.v1.preferences import Name
from recsvc.api.v1.saves import Kept, kept, references
from recsvc.api.v1.users import EXPORT_COST, exported
from recsvc.clock import MINUTE_US, from_us, now_us
from recsvc.core.access.caller import LEAVING, PUBLIC
from recsvc.core.citing.formats import FORMATS
from recsvc.core.citing.formats import Name as FormatName
from recsvc.core.items.dating import said as dated
from recsvc.core.mail.subscription import masked
from recsvc.core.readers.deeds import deeds
from recsvc.core.readers.kinds import HIDE, SAVE, UPVOTE, Role
from recsvc.core.readers.preferences import Stance
from recsvc.core.readers.profile import Interaction
from recsvc.core.text.display import readable
from recsvc.errors import InvalidError, NotAllowedError, NotFoundError
from recsvc.live.organisations import organisation_names
from recsvc.mail.rendering import described
from recsvc.sources import demo

_HISTORY = 100
KEPT: list[Kept] = ["save", "upvote"]

# What the button beside a deed takes back, of several states the first.
_UNDO = {HIDE: "unhide", UPVOTE: "unvote", SAVE: "unsave"}

Kind = Literal["topics", "organisations", "words"]


class Preference(msgspec.Struct, frozen=True):
    """One thing followed or muted.

    Attributes:
        name: what it is kept by; of organisations the slug.
        label: how it is called.
    """

    kind: Kind
    name: str
    label: str
    stance: Stance


class Deed(msgspec.Struct, frozen=True):
    """What a reader did to a paper.

    Attributes:
        title: None when the paper is gone.
        did: everything that still stands, in words.
        day: of the latest of it, in words.
        undo: the kind of event that takes it back; empty where nothing does.
    """

    item: str
    title: str | None
    did: str
    day: str
    undo: str


class Mail(msgspec.Struct, frozen=True):
    """A subscription of a reader.

    Attributes:
        to: the address, as its owner recognises it.
        change, leave: the pages on which it is changed, and ended.
    """

    to: str
    what: str
    change: str
    leave: str


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a button to follow or mute says; no stance takes it back."""

    kind: Kind
    name: Name
    stance: Literal["follow", "mute", ""] = ""
    back: Back = "/you"


class AddressWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of the private address."""

    wanted: Literal["make", "revoke"]


class Farewell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That somebody means it."""

    sure: Annotated[str, Meta(max_length=10)] = ""


@get("/you", include_in_schema=False)
async def you(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    erased: Annotated[bool, QueryParameter()] = False,
    link: Annotated[bool, QueryParameter()] = False,
) -> Template:
    """What is known of whoever looks at it."""
    visitor = await visitor_of(request, services)
    private = await private_feed_of(services, visitor.user)
    is_own = visitor.user is not None and not visitor.is_simulated
    return render(
        request, services, "you.html", visitor, section="you",
        preferences=await _preferences(services, visitor),
        deeds=await _deeds(services, visitor), limit=_HISTORY,
        n_deeds=len(_standing(visitor)), private=private, erased=erased,
        n_kept=len(kept(visitor.profile, KEPT)), formats=FORMATS, minutes=VALID_MINUTES,
        link=link_for(services, visitor.user) if link and visitor.user and is_own else None,
        is_own=is_own, mails=await _mails(services, visitor.user) if is_own else [],
    )  # fmt: skip


@post("/you/preferences", include_in_schema=False)
async def wish(
    data: URLEncodedBody[Wish],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Redirect:
    """Follow, mute or neither, and go back to where the button stood."""
    name = data.name.strip()
    if not name:
        raise InvalidError("a name is missing", "name")
    known = reader_of(request, services)
    user = known or newcomer(services)
    await services.preferences.change(user, {data.kind: {name: data.stance or None}})
    return back_as(services, user, known, data.back)


@post("/you/address", include_in_schema=False)
async def address(
    data: URLEncodedBody[AddressWish],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Redirect:
    """Make the private address of the reader's list, or make it invalid."""
    known = reader_of(request, services)
    user = known or newcomer(services)
    if data.wanted == "make":
        await services.preferences.make_address(user, now_us())
    else:
        await services.preferences.revoke_address(user)
    return back_as(services, user, known, "/you")


@get("/you/export", include_in_schema=False, cost=EXPORT_COST)
async def export(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Stream:
    """Everything stored of the reader."""
    user = reader_of(request, services)
    if user is None:
        raise NotFoundError("nothing is stored about you")
    return await exported(services, user, await network_of(request, services))


@get("/you/references", include_in_schema=False)
async def kept_references(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    format: Annotated[FormatName, QueryParameter()] = "bibtex",
    kind: Annotated[list[Kept] | None, QueryParameter()] = None,
) -> Response[str]:
    """What the reader saved or upvoted, for their reference manager."""
    visitor = await visitor_of(request, services)
    return await references(services, visitor.profile, format, kind or KEPT)


@post("/you/erase", include_in_schema=False, access=LEAVING)
async def erase(
    data: URLEncodedBody[Farewell],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Redirect:
    """Erase the reader, and forget who they are."""
    user = reader_of(request, services)
    # A box and not a question in a dialogue: that would need a script.
    if data.sure != "yes":
        raise InvalidError("tick the box if you are sure", "sure")
    if user is not None and demo.is_simulated(user):
        raise NotAllowedError("a simulated reader is not yours to erase")
    if user is not None:
        await services.erasures.request(user, now_us())
    return Redirect("/you?erased=true", status_code=303, cookies=[forgetting()])


async def _mails(services: Services, user: str | None) -> list[Mail]:
    """Return what mails a reader gets, with pages that are good for as long as a link to join."""
    subscriptions = [] if user is None else await services.subscriptions.of(user)
    until_us = now_us() + VALID_MINUTES * MINUTE_US
    return [
        Mail(
            masked(one.email),
            described(one.preferences),
            services.links.fresh_preferences(one.id, until_us),
            services.links.unsubscribe(one.id),
        )
        for one in subscriptions
    ]


async def _preferences(services: Services, visitor: Visitor) -> list[Preference]:
    """Return what a reader follows and mutes, by name."""
    kept = visitor.preferences
    names = await organisation_names(services.live.catalogue, services.cache, kept.organisations)
    kinds: list[tuple[Kind, dict[str, Stance]]] = [
        ("topics", kept.topics), ("organisations", kept.organisations), ("words", kept.words),
    ]  # fmt: skip
    found = [
        Preference(kind, name, names.get(name, name) if kind == "organisations" else name, stance)
        for kind, stances in kinds
        for name, stance in stances.items()
    ]
    return sorted(found, key=lambda one: (one.label.casefold(), one.kind))


async def _deeds(services: Services, visitor: Visitor) -> list[Deed]:
    """Return what a reader did, latest first."""
    shown = _standing(visitor)[:_HISTORY]
    bodies = await services.cache.get([i.item for i in shown])
    zone = services.settings.zone
    deeds = []
    for i in shown:
        body = bodies.get(i.item)
        at = from_us(i.last_us).astimezone(zone)
        undo = next((kind for state, kind in _UNDO.items() if i.states.get(state, 0) > 0), "")
        title = None if body is None else readable(body.title)
        deeds.append(Deed(i.item, title, _did(i), dated(at, None), undo))
    return deeds


def _standing(visitor: Visitor) -> list[Interaction]:
    standing = [i for i in visitor.profile.interactions if i.is_acted_on]
    return sorted(standing, key=lambda i: (-i.last_us, i.item))


def _did(interaction: Interaction) -> str:
    """Return what a reader did to a paper, in words."""
    kinds = list(deeds(interaction))
    words = [kind.did for kind in kinds if kind.role is Role.STATE]
    for kind in reversed(kinds):
        if kind.role is Role.SIGNAL:
            n = interaction.signals[kind.state][0]
            words.append(kind.did if n == 1 else f"{kind.did} {n} times")
    return ", ".join(words).capitalize()


router = Router(
    "/", route_handlers=[you, wish, address, export, kept_references, erase], opt={"access": PUBLIC}
)
