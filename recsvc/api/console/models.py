"""The console's page of models: what evaluation and the gate said of each, and which one is served."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Meta

from recsvc.api.console.page import PATH, page
from recsvc.api.services import Services
from recsvc.api.v1.snapshots import kept
from recsvc.errors import NotFoundError
from recsvc.store.models.serving import earlier, serve

_MODELS = f"{PATH}/models"


class Served(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model is to be served.

    Attributes:
        hold: `yes`: training replaces it only after a release.
    """

    snapshot: Annotated[str, Meta(min_length=1, max_length=100)]
    hold: Annotated[str, Meta(max_length=10)] = ""


@get(_MODELS, include_in_schema=False)
async def models(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Template:
    """The models that are kept, latest first."""
    found = await kept(services)
    try:
        before = earlier(await services.snapshots.manifests(), found.current)
    except NotFoundError:
        before = None
    return page(request, "models", kept=found, earlier=before)


@post(f"{_MODELS}/serve", include_in_schema=False)
async def serve_model(
    data: URLEncodedBody[Served], services: NamedDependency[Services]
) -> Redirect:
    """Serve a model from now on; every process follows within two seconds.

    The form names it, so that pressing a button twice does not roll back twice.
    """
    hold = data.hold == "yes"
    await serve(services.snapshots, services.training, data.snapshot, hold=hold)
    return Redirect(_MODELS, status_code=303)


@post(f"{_MODELS}/release", include_in_schema=False)
async def release(services: NamedDependency[Services]) -> Redirect:
    """Let training publish again."""
    await services.training.release()
    return Redirect(_MODELS, status_code=303)


router = Router("/", route_handlers=[models, serve_model, release])
