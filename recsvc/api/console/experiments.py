"""The console's page of experiments: begun, seen as they go, stopped."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Meta

from recsvc.api.console.page import PATH, page
from recsvc.api.services import Services
from recsvc.api.v1.experiments import ExperimentAsked, all_of, experiment
from recsvc.clock import now_us
from recsvc.core.experiments.report import MEASURES
from recsvc.core.ranking.tuning import settings_in, tunable
from recsvc.errors import InvalidError

_EXPERIMENTS = f"{PATH}/experiments"
Text = Annotated[str, Meta(max_length=4000)]


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form: an experiment of two variants, the control as usual.

    Attributes:
        percent: of all readers.
        settings: of the second variant, as JSON.
    """

    name: Text
    variant: Text
    settings: Text
    percent: Annotated[float, Meta(gt=0, le=100)] = 100.0
    layer: Text = "main"
    guarded: Text = ""
    interleaved: Text = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which experiment."""

    name: Text


@get(_EXPERIMENTS, include_in_schema=False)
async def experiments(
    request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    """Every experiment with what came of it so far, those that run first."""
    found = sorted(await all_of(services), key=lambda one: (one.state == "ended", one.name))
    return page(
        request, "experiments", experiments=found, measures=MEASURES, tunable=tunable(),
        share=services.settings.lists.exposures.share,
    )  # fmt: skip


@post(f"{_EXPERIMENTS}/begin", include_in_schema=False)
async def begin(data: URLEncodedBody[Begun], services: NamedDependency[Services]) -> Redirect:
    """Begin an experiment of the usual lists against others."""
    name = data.variant.strip()
    variants = [{"name": "control"}, {"name": name, "settings": settings_in(data.settings, name)}]
    form = {
        "name": data.name.strip(),
        "variants": variants,
        "layer": data.layer.strip(),
        "traffic": data.percent / 100,
        "is_guarded": data.guarded == "yes",
        "is_interleaved": data.interleaved == "yes",
    }
    try:
        asked = msgspec.convert(form, ExperimentAsked)
    except msgspec.ValidationError as exc:
        raise InvalidError(str(exc)) from None
    await services.experiment_store.create(experiment(asked), now_us())
    return Redirect(_EXPERIMENTS, status_code=303)


@post(f"{_EXPERIMENTS}/stop", include_in_schema=False)
async def stop(data: URLEncodedBody[Named], services: NamedDependency[Services]) -> Redirect:
    """End an experiment now."""
    await services.experiment_store.stop(data.name, now_us())
    return Redirect(_EXPERIMENTS, status_code=303)


router = Router("/", route_handlers=[experiments, begin, stop])
