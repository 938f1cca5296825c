"""What a reader saved or upvoted, as references for their reference manager."""

from typing import Annotated, Any, Literal

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from recsvc.api.services import Services
from recsvc.api.v1.preferences import Reader, own
from recsvc.core.access.caller import OWN
from recsvc.core.citing.formats import FORMATS, Name
from recsvc.core.citing.reference import reference
from recsvc.core.readers.profile import Profile

_ANSWERS: dict[str, Any] = {
    one.media_type: list[dict[str, Any]] if one.media_type.endswith("json") else str
    for one in FORMATS.values()
}
Kept = Literal["save", "upvote"]


@get("/v1/saves", operation_id="exportSaves", tags=["users"], access=OWN, answers=_ANSWERS)
async def export_saves(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    user: Reader = None,
    format: Annotated[Name, QueryParameter(description="What to write.")] = "bibtex",
    kind: Annotated[
        list[Kept] | None,
        QueryParameter(description="Of what the reader did; repeat: any. `save` if absent."),
    ] = None,
) -> Response[str]:
    """What a reader saved, latest first, as a file of references; papers that are gone are left out."""
    profile = await services.lists.audiences.profile(own(request, user))
    return await references(services, profile, format, kind or ["save"])


async def references(
    services: Services, profile: Profile, form: Name, kinds: list[Kept]
) -> Response[str]:
    """Return what a reader keeps as a file of references."""
    ids = kept(profile, kinds)
    bodies = await services.cache.get(ids)
    how = FORMATS[form]
    content = how.render(reference(bodies[i]) for i in ids if i in bodies)
    # Litestar 2.25 lets the handler's media type win over the response's, not over a header.
    headers = {
        "Content-Type": f"{how.media_type}; charset=utf-8",
        "Content-Disposition": f"attachment; filename=papers.{how.ending}",
        "Cache-Control": "private, no-cache",
    }
    return Response(content, headers=headers)


def kept(profile: Profile, kinds: list[Kept]) -> list[str]:
    """Return the items on which any of some states of a reader stands, the latest first."""
    latest = {i.item: max(i.states.get(kind, 0) for kind in kinds) for i in profile.interactions}
    return sorted((item for item, at in latest.items() if at > 0), key=lambda i: (-latest[i], i))


router = Router("/", route_handlers=[export_saves])
