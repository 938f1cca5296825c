"""Metrics in Prometheus' format: what the loop promises, measured where it happens.

Observed in the handlers themselves instead of in a middleware around every request: the routes that
matter are few, and a feed is worth more than its HTTP status.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import get_args

import msgspec
from litestar import Litestar, Response, get
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recsvc.api.services import Services
from recsvc.clock import SECOND_US, ahead, now_us
from recsvc.core import compiled
from recsvc.core.access.caller import FIGURES
from recsvc.core.model.model import coverage
from recsvc.errors import StoreError
from recsvc.lists.dressing import is_stale
from recsvc.live.view import Live
from recsvc.store.damage import damage
from recsvc.store.mail.deliveries import Outcome
from recsvc.store.refusals import refusals

_MEDIA_TYPE = "text/plain; version=0.0.4"  # the framework adds the charset

registry = CollectorRegistry()

_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

EVENTS = Counter(
    "recsvc_events", "Events received, by what became of them.", ["outcome"], registry=registry
)
EVENT_TO_FEED = Histogram(
    "recsvc_event_to_feed_seconds",
    "From the receipt of an event until the next feed reflects it.",
    buckets=_BUCKETS_S,
    registry=registry,
)
EVENT_TO_BOARD = Histogram(
    "recsvc_event_to_board_seconds",
    "From logging an event until this process's boards reflect it.",
    buckets=_BUCKETS_S,
    registry=registry,
)
FEED = Histogram(
    "recsvc_feed_seconds", "Time to make a feed, by where it comes from.", ["source"],
    buckets=_BUCKETS_S, registry=registry,
)  # fmt: skip
FEEDS = Counter(
    "recsvc_feeds", "Feeds of readers, by whether one that was kept was answered again or it was made.",
    ["how"], registry=registry,
)  # fmt: skip
SHARED = Counter(
    "recsvc_shared_lists", "First pages of lists that are everybody's, by the same.", ["how"],
    registry=registry,
)  # fmt: skip
EMPTY_FEEDS = Counter(
    "recsvc_empty_feeds", "Feeds answered empty although items may be shown.", registry=registry
)
EXPOSURES = Counter(
    "recsvc_exposures", "Lists served to readers, by whether that was noted or lost.", ["outcome"],
    registry=registry,
)  # fmt: skip
PROBLEMS = Counter(
    "recsvc_problems", "Requests answered with a problem.", ["status"], registry=registry
)


def feeds_by_source() -> dict[str, int]:
    """Return how many feeds this process has answered, by where they came from."""
    return {
        sample.labels["source"]: int(sample.value)
        for family in FEED.collect()
        for sample in family.samples
        if sample.name.endswith("_count")
    }


class MailFigures(msgspec.Struct, frozen=True):
    """How the mail is doing.

    Attributes:
        outcomes: mails by what became of them.
        due: jobs whose time has come.
        left_out: items that no mail can show.
        shown_plainly: items of which mails show something as letters only.
    """

    outcomes: dict[str, int]
    subscriptions: int
    due: int
    left_out: int
    shown_plainly: int

    def metrics(self) -> Iterator[Metric]:
        """Yield the figures."""
        family = CounterMetricFamily(
            "recsvc_mails", "Mails, by what became of them.", labels=["outcome"]
        )
        for outcome in get_args(Outcome):
            family.add_metric([outcome], self.outcomes.get(outcome, 0))
        yield family
        yield _gauge("recsvc_mail_subscriptions", "Subscriptions to mails.", self.subscriptions)
        yield _gauge("recsvc_mails_due", "Mails that are due and not sent yet.", self.due)
        yield _gauge("recsvc_mail_items_left_out", "Items that no mail can show.", self.left_out)
        yield _gauge(
            "recsvc_mail_items_shown_plainly",
            "Items of which mails show something as letters only.",
            self.shown_plainly,
        )


async def mail_figures(services: Services) -> MailFigures:
    """Ask the store how the mail is doing."""
    outcomes = await services.deliveries.figures()
    outcomes.pop("last_sent_us", None)
    trouble = await services.deliveries.trouble()
    return MailFigures(
        outcomes,
        await services.subscriptions.count(),
        await services.deliveries.count_due(now_us()),
        len(trouble.left_out),
        len(trouble.plain),
    )


NOT_FINITE = Counter(
    "recsvc_not_finite",
    "Personal feeds that came to no number, and fell back.",
    registry=registry,
)


class LiveCollector(Collector):
    """Reads the figures of the live view when they are asked for."""

    def __init__(
        self, live: Live, outcomes: dict[str, int], n_stopped: int, mails: MailFigures | None
    ) -> None:
        self._live = live
        self._outcomes = outcomes
        self._n_stopped = n_stopped
        self._mails = mails

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of this moment."""
        live, now = self._live, now_us()
        model, visible = live.model, live.catalogue.visible
        n = int(visible.sum())
        yield _gauge("recsvc_items", "Items that may be listed.", n)
        yield _gauge(
            "recsvc_compiled", "1 while compiled kernels compute feeds, 0 while numpy does.",
            compiled.which()[0] == "compiled",
        )  # fmt: skip
        yield _gauge(
            "recsvc_events_behind", "Logged events not yet on the boards.", live.events_behind
        )
        yield _gauge(
            "recsvc_stale", "1 while a part that should have a say is silent.", is_stale(live)
        )
        yield _gauge(
            "recsvc_model_coverage_ratio", "Share of listed items with interactions in the model.",
            coverage(model, visible),
        )  # fmt: skip
        if model.trained_us is not None:
            age_s = (now - model.trained_us) / SECOND_US
            yield _gauge("recsvc_model_age_seconds", "Since the served model was trained.", age_s)
        silent_s = (now - live.worker_us) / SECOND_US
        yield _gauge(
            "recsvc_worker_silent_seconds", "Since a worker's last sign of life.", silent_s
        )
        yield _gauge(
            "recsvc_store_connected", "1 while the store was heard of lately.", live.is_connected
        )
        yield _gauge(
            "recsvc_clock_skew_seconds", "How far the store's clock is ahead of this machine's.",
            ahead.us / SECOND_US,
        )  # fmt: skip
        yield _counter(
            "recsvc_unreadable_rows", "Rows of the store that could not be read, by kind.", "kind",
            damage.counts,
        )  # fmt: skip
        yield _labelled(
            "recsvc_worker_problem", "1 for each thing that ails the workers.", "problem",
            dict.fromkeys(live.worker_problems, 1),
        )  # fmt: skip
        yield _counter(
            "recsvc_candidates",
            "Models trained, by what became of them.",
            "outcome",
            self._outcomes,
        )
        yield _gauge(
            "recsvc_candidates_stopped_in_a_row",
            "Models that the gate stopped since it last let one pass.",
            self._n_stopped,
        )
        yield _counter(
            "recsvc_store_refusals", "What the store refused this process, by reason.", "reason",
            refusals.counts,
        )  # fmt: skip
        if self._mails is not None:
            yield from self._mails.metrics()


def _counter(name: str, meaning: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=[label])
    for value, n in sorted(counts.items()):
        family.add_metric([value], n)
    return family


def _labelled(name: str, meaning: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for value, n in sorted(values.items()):
        family.add_metric([value], n)
    return family


class _Marked(CollectorRegistry):
    """The figures of one of several processes, each sample with the number of the process.

    Behind one address any of them may answer: without it, the counts of one would look like another's
    that began anew.
    """

    def __init__(self, figures: CollectorRegistry) -> None:
        super().__init__()
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        mark = {"process": str(os.getpid())}
        for family in self._figures.collect():
            family.samples = [s._replace(labels={**s.labels, **mark}) for s in family.samples]
            yield family


def observe(app: Litestar) -> None:
    """Have the live view, the lists and the ranker report what they see."""
    services: Services = app.state.services
    services.live.observe_lag(EVENT_TO_BOARD.observe)
    services.lists.feeds.observe_empty = EMPTY_FEEDS.inc
    services.lists.feeds.kept.observe = lambda how: FEEDS.labels(how).inc()
    services.shared.observe = lambda how: SHARED.labels(how).inc()
    services.exposures.observe = lambda outcome, n: EXPOSURES.labels(outcome).inc(n)
    services.ranker.observe_not_finite = NOT_FINITE.inc


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


@get(
    "/metrics",
    operation_id="metrics",
    tags=["operations"],
    access=FIGURES,
    answers={_MEDIA_TYPE: str},
)
async def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """The figures of this process, for Prometheus."""
    figures = CollectorRegistry()
    outcomes: dict[str, int] = {}
    n_stopped = 0
    mails: MailFigures | None = None
    with contextlib.suppress(StoreError):  # figures are wanted most when something is down
        outcomes = await services.training.outcomes()
        n_stopped = await services.training.n_stopped()
        mails = await mail_figures(services)
    figures.register(LiveCollector(services.live, outcomes, n_stopped, mails))
    body = b"".join(
        generate_latest(_Marked(one) if services.settings.api_processes > 1 else one)
        for one in (registry, figures)
    )
    return Response(body, media_type=_MEDIA_TYPE)
