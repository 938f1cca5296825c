"""Pages to subscribe, confirm, change and leave: showing them changes nothing, their buttons do."""

from functools import cache
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from recsvc.api.http.door import visit_of
from recsvc.api.http.problems import field_of
from recsvc.api.http.reader_links import link_for
from recsvc.api.http.visitor import met_here, reader_of
from recsvc.api.mail.page import message, on_broken_link, on_error, page
from recsvc.api.services import Services
from recsvc.api.v1.subscriptions import ASKED
from recsvc.clock import now_us
from recsvc.core.access.caller import LEAVING, PUBLIC
from recsvc.core.mail.schedule import WEEKDAYS, next_slot
from recsvc.core.mail.subscription import WORDING, WORDINGS, Preferences, Subscription, masked
from recsvc.core.mail.subscription import Request as Wish
from recsvc.errors import InvalidError, NotAllowedError, RecsvcError
from recsvc.lists.shapes import Page
from recsvc.mail.rendering import described

T = TypeVar("T")

# A link that a mail program cut or changed is a page that helps, not a complaint to a program.
Token = Annotated[str, QueryParameter()]
_ONE_CLICK = "One-Click"
_SAMPLE = 3
LINKS_ASKED = (
    "If this address gets mail from us, a message with new links is on its way to it. "
    "Nothing else has changed."
)


@get("/subscribe", include_in_schema=False)
async def subscribe_form(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    user: FromQuery[str | None] = None,
) -> Template:
    """The form."""
    known = reader_of(request, services, user)
    wish = {"timezone": services.settings.timezone}
    form = _form(services, wish, known)
    if services.settings.pages:  # elsewhere nobody without a key reads of the catalogue
        trending = await services.lists.boards.trending("week", Page(limit=_SAMPLE, goes_on=False))
        form.context |= {"sample": trending.items}
    return form


@post("/subscribe", include_in_schema=False, status_code=200)
async def subscribe(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """Ask the owner of the address."""
    form = await request.form()
    known = reader_of(request, services, form.get("user") or None)
    try:
        wish = _filled(form, Wish)
        where = services.admission.neighbourhood(visit_of(request).head)
        await services.subscribing.request(wish, known, where, now_us())
    except InvalidError as exc:
        entered = {name: form.get(name) for name in form}
        return _form(services, entered, known, str(exc), exc.field, 400)
    return message("Look into your inbox", ASKED)


@get("/confirm", include_in_schema=False)
async def confirm_page(services: NamedDependency[Services], token: Token = "") -> Template:
    """What a confirmation would start, and the button that starts it; or that it was done."""
    if (known := await services.subscribing.confirmed_by(token)) is not None:
        return _subscribed(known)
    pending = await services.subscribing.waiting(token)
    return page(
        "confirm",
        title=services.settings.digest.title,
        what=described(pending.preferences),
        address=masked(pending.email),
        wording=WORDINGS[pending.wording],
    )


@post("/confirm", include_in_schema=False, status_code=200)
async def confirm(services: NamedDependency[Services], token: Token = "") -> Template:
    """Start the subscription."""
    return _subscribed(await services.subscribing.confirm(token, now_us()))


@post("/mail-links", include_in_schema=False, status_code=200)
async def mail_links(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """Mail links that work to who subscribes, and the same answer to everybody."""
    form = await request.form()
    try:
        where = services.admission.neighbourhood(visit_of(request).head)
        await services.subscribing.request_links(str(form.get("email", "")), where, now_us())
    except InvalidError as exc:
        return page("broken", 400, problem=str(exc), title=services.settings.digest.title)
    return message("Look into your inbox", LINKS_ASKED)


@get("/unsubscribe", include_in_schema=False)
async def unsubscribe_page(services: NamedDependency[Services], token: Token = "") -> Template:
    """The button that ends the subscription."""
    subscription = await services.subscribing.leaving(token)
    if subscription is None:
        return message("You are not subscribed", "This address gets no mail from us.")
    return page(
        "unsubscribe",
        title=services.settings.digest.title,
    )


@post("/unsubscribe", include_in_schema=False, status_code=200, access=LEAVING)
async def unsubscribe(
    request: Request[Any, Any, Any], services: NamedDependency[Services], token: Token = ""
) -> Response[Any]:
    """End the subscription: by the button, or by a mail program's one click (RFC 8058)."""
    await services.subscribing.leave(token)
    form = await request.form()
    if form.get("List-Unsubscribe") == _ONE_CLICK:
        return Response(b"", media_type="text/plain")
    return message(
        "You are unsubscribed", "No more mail is sent to you. Should you miss it:", again=True
    )


@get("/preferences", include_in_schema=False)
async def preferences_form(services: NamedDependency[Services], token: Token = "") -> Template:
    """What a subscriber gets, to be changed."""
    subscription = await services.subscribing.subscriber(token, now_us())
    if subscription is None:
        return page("fresh", title=services.settings.digest.title)
    return _preferences(services, subscription)


@post("/preferences", include_in_schema=False, status_code=200)
async def prefer(
    request: Request[Any, Any, Any], services: NamedDependency[Services], token: Token = ""
) -> Template:
    """Change what a subscriber gets, or have a link mailed by which they can."""
    known = await services.subscribing.subscriber(token, now_us())
    if known is None:
        await services.subscribing.mail_fresh(token, now_us())
        return message("Look into your inbox", LINKS_ASKED)
    form = await request.form()
    try:
        wanted = _filled(form, Preferences)
        subscription = await services.subscribing.prefer(token, wanted, now_us())
    except InvalidError as exc:
        return _preferences(services, known, str(exc), exc.field, 400)
    return message("Saved", f"Your next mail comes on {_next(subscription)}.")


def _form(
    services: Services,
    values: dict[str, Any],
    user: str | None,
    problem: str = "",
    field: str | None = None,
    status: int = 200,
) -> Template:
    return page(
        "subscribe",
        status,
        title=services.settings.digest.title,
        wording=WORDINGS[WORDING],
        values=values,
        user=user,
        problem=problem,
        field=field,
        guess=not problem,
        **_choices(user),
    )


def _preferences(
    services: Services,
    subscription: Subscription,
    problem: str = "",
    field: str | None = None,
    status: int = 200,
) -> Template:
    values = msgspec.to_builtins(subscription.preferences)
    values["topics"] = ", ".join(subscription.preferences.topics)
    return page(
        "preferences",
        status,
        title=services.settings.digest.title,
        address=masked(subscription.email),
        values=values,
        problem=problem,
        field=field,
        join=_join(services, subscription.user),
        **_choices(subscription.user),
    )


def _join(services: Services, user: str | None) -> str | None:
    """Return by what address the subscriber's reader goes on in this browser; of our own pages' only."""
    if user is None or not services.settings.pages or not met_here(user):
        return None
    return link_for(services, user)


def _choices(user: str | None) -> dict[str, object]:
    contents: list[tuple[str, str]] = [("trending", "What is trending")]
    if user is not None:
        contents += [("personal", "What is picked for me"), ("both", "Both")]
    return {
        "zones": _zones(),
        "weekdays": WEEKDAYS,
        "contents": contents,
    }


@cache
def _zones() -> list[str]:
    """Return the zones to choose from, without the old names that are no place."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def _filled(form: FormMultiDict, into: type[T]) -> T:
    """Return what a form says; empty fields are as if they were not there.

    Raises:
        InvalidError: naming the field.
    """
    names = {*Preferences.__struct_fields__, "email"} - {"topics"}
    values: dict[str, Any] = {n: v for n, v in form.items() if n in names and v}
    values.pop("email" if into is Preferences else "", None)
    values["topics"] = [t.strip() for t in str(form.get("topics", "")).split(",") if t.strip()]
    try:
        return msgspec.convert(values, into, strict=False)
    except msgspec.ValidationError as exc:
        field, problem = field_of(str(exc))
        raise InvalidError(problem, field) from None


def _subscribed(known: Subscription) -> Template:
    return message("You are subscribed", f"Your next mail comes on {_next(known)}.")


def _next(subscription: Subscription) -> str:
    rhythm = subscription.preferences.rhythm
    day = next_slot(rhythm, now_us()).day
    at = f"{rhythm.hour:02}:{rhythm.minute:02}"
    return f"{day:%A}, {day.day} {day:%B}, at {at} ({subscription.preferences.timezone})"


router = Router(
    "/",
    route_handlers=[
        subscribe_form,
        subscribe,
        confirm_page,
        confirm,
        unsubscribe_page,
        unsubscribe,
        preferences_form,
        prefer,
        mail_links,
    ],
    exception_handlers={RecsvcError: on_error, NotAllowedError: on_broken_link},
    opt={"access": PUBLIC},
)
