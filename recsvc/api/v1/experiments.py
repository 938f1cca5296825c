"""Experiments over HTTP: made, looked at, stopped."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from recsvc.api.services import Services
from recsvc.clock import from_us, now_us, to_us
from recsvc.core.access.caller import ADMIN, FIGURES
from recsvc.core.experiments.experiment import Experiment, Name, Share, Variant
from recsvc.core.experiments.report import Arm, Report

State = Literal["waiting", "running", "ended"]


class ExperimentAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment that is to be.

    Attributes:
        variants: the first is what the others are compared with.
        traffic: share of all readers.
        starts_at: at once, if not said.
        is_guarded: whether a variant ends by itself that is surely worse, in clicks, empty lists, the
            time that a list takes, or how broad lists are.
        is_interleaved: whether each reader is shown one list of both variants, each picking in turn.
    """

    name: Name
    variants: Annotated[tuple[Variant, ...], Meta(min_length=2, max_length=8)]
    layer: Name = "main"
    traffic: Share = 1.0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_guarded: bool = False
    is_interleaved: bool = False


class ReportAnswer(msgspec.Struct, frozen=True):
    """What came of an experiment by an instant.

    Attributes:
        verdicts: by measure, what may be said.
        arms: by variant.
        crossed: readers who were shown more than one variant, and are left out.
        mismatch_p: how likely the numbers of readers are if they were dealt out as meant.
        share: of all readers, those whose lists are kept.
    """

    at: datetime
    verdicts: dict[str, str]
    arms: list[Arm]
    crossed: int
    mismatch_p: float
    share: float


class ExperimentAnswer(msgspec.Struct, frozen=True):
    """An experiment, and what came of it so far.

    Attributes:
        stopped: variants that were surely worse and ended by themselves, each with why.
        report: null before a worker has looked.
    """

    name: str
    state: State
    variants: tuple[Variant, ...]
    layer: str
    traffic: float
    starts_at: datetime
    ends_at: datetime | None
    is_guarded: bool
    is_interleaved: bool
    stopped: dict[str, str]
    report: ReportAnswer | None


class ExperimentList(msgspec.Struct, frozen=True):
    """All experiments, by name."""

    experiments: list[ExperimentAnswer]


@get("/v1/experiments", operation_id="listExperiments", tags=["experiments"], access=FIGURES)
async def list_experiments(services: NamedDependency[Services]) -> ExperimentList:
    """Every experiment with what came of it so far."""
    return ExperimentList(await all_of(services))


@get(
    "/v1/experiments/{name:str}",
    operation_id="getExperiment",
    tags=["experiments"],
    access=FIGURES,
    problems=(404,),
)
async def get_experiment(
    name: FromPath[str], services: NamedDependency[Services]
) -> ExperimentAnswer:
    """One experiment with what came of it so far."""
    store = services.experiment_store
    return answer(await store.get(name), await store.report(name))


@post(
    "/v1/experiments",
    operation_id="createExperiment",
    tags=["experiments"],
    access=ADMIN,
    problems=(409,),
)
async def create_experiment(
    data: JSONBody[ExperimentAsked], services: NamedDependency[Services]
) -> ExperimentAnswer:
    """Begin an experiment: readers are dealt out to its variants by a hash of their ids."""
    return answer(await services.experiment_store.create(experiment(data), now_us()), None)


@post(
    "/v1/experiments/{name:str}/stop",
    operation_id="stopExperiment",
    tags=["experiments"],
    status_code=200,
    access=ADMIN,
    problems=(404, 409),
)
async def stop_experiment(
    name: FromPath[str], services: NamedDependency[Services]
) -> ExperimentAnswer:
    """End an experiment: every process follows within two seconds."""
    stopped = await services.experiment_store.stop(name, now_us())
    return answer(stopped, await services.experiment_store.report(name))


@delete(
    "/v1/experiments/{name:str}",
    operation_id="removeExperiment",
    tags=["experiments"],
    access=ADMIN,
    problems=(404, 409),
)
async def remove_experiment(name: FromPath[str], services: NamedDependency[Services]) -> None:
    """Forget an experiment that has ended."""
    await services.experiment_store.remove(name, now_us())


async def all_of(services: Services) -> list[ExperimentAnswer]:
    """Return every experiment, by name."""
    reports = await services.experiment_store.reports()
    return [answer(one, reports.get(one.name)) for one in await services.experiment_store.all()]


def experiment(asked: ExperimentAsked) -> Experiment:
    """Return an experiment as it is kept."""
    return Experiment(
        asked.name,
        asked.variants,
        0 if asked.starts_at is None else to_us(asked.starts_at),
        None if asked.ends_at is None else to_us(asked.ends_at),
        asked.layer,
        asked.traffic,
        is_guarded=asked.is_guarded,
        is_interleaved=asked.is_interleaved,
    )


def answer(one: Experiment, report: Report | None) -> ExperimentAnswer:
    """Return an experiment as it is answered."""
    now = now_us()
    state: State = "ended" if one.has_ended(now) else "running"
    return ExperimentAnswer(
        one.name,
        "waiting" if now < one.starts_us and state == "running" else state,
        one.variants,
        one.layer,
        one.traffic,
        from_us(one.starts_us),
        None if one.ends_us is None else from_us(one.ends_us),
        one.is_guarded,
        one.is_interleaved,
        one.stopped,
        None if report is None else _told(report),
    )


def _told(report: Report) -> ReportAnswer:
    return ReportAnswer(
        from_us(report.at_us),
        {name: report.verdict(name) for name in report.measures},
        report.arms,
        report.crossed,
        report.mismatch_p,
        report.share,
    )


router = Router(
    "/",
    route_handlers=[
        list_experiments,
        get_experiment,
        create_experiment,
        stop_experiment,
        remove_experiment,
    ],
)
