"""One trace leads from a request over the log to the boards, and to the model that learned from it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from recsvc import tracing
from recsvc.store.log.traces import Traces
from recsvc.store.pipe import Pipe
from tests.collector import Collector, collecting
from tests.service import REPOSITORY, Service, environment, wait_until

CALLERS = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLING = "00f067aa0ba902b7"
READER, ITEM = "whom-no-span-names", "what-no-span-names"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A service that sends its traces to a collector of ours."""
    with collecting() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        service = Service(
            tmp_path_factory.mktemp("traced") / "data",
            train_pause_s="0.5",
            train_every_s=1,
            train_share=1,
            log_format="json",
        ).start()
        yield SimpleNamespace(service=service, collector=collector)
        service.stop()
        service.http.close()


def test_a_vote_is_followed_to_the_boards_and_into_the_model(traced: SimpleNamespace):
    service: Service = traced.service
    collector: Collector = traced.collector
    service.put_all([{"id": ITEM, "title": "A title"}])

    done = service.http.post(
        "/v1/events",
        json={"user": READER, "item": ITEM, "kind": "upvote"},
        headers={"traceparent": f"00-{CALLERS}-{CALLING}-01"},
    )

    assert done.status_code == 202
    asked = collector.wait_for("the request's span", trace=CALLERS, part="recsvc-api")
    assert (asked.name, asked.parent) == ("POST /v1/events", CALLING)
    assert asked.attributes["http.response.status_code"] == 202
    applied = collector.wait_for("what the worker did", trace=CALLERS, part="recsvc-worker")
    assert (applied.name, applied.parent) == ("ingest", asked.id)
    # A training that read the log before it was noted what the traces led to leaves them to the next.
    service.send({"user": "another", "item": ITEM, "kind": "upvote"})
    # Others of this module may have been learned from in trainings of their own.
    trained = wait_until(
        lambda: [s for s in collector.spans if (CALLERS, asked.id) in s.links], "it is learned", 60
    )[0]
    assert (trained.name, trained.part) == ("train", "recsvc-worker")
    assert trained.attributes["recsvc.events"] >= 1
    lines = [json.loads(x) for x in service.log().splitlines() if x.startswith("{")]
    told = [x for x in lines if x.get("snapshot_id") == trained.attributes["recsvc.snapshot_id"]]
    assert {x["trace_id"] for x in told if "trace_id" in x} == {trained.trace}


def test_no_span_names_a_reader_an_item_or_what_was_asked(traced: SimpleNamespace):
    service: Service = traced.service
    for path in (f"/v1/users/{READER}", f"/v1/items/{ITEM}", f"/v1/feed?user={READER}"):
        service.http.get(path)
    refused = service.http.post("/v1/events", json={"user": READER, "item": ITEM, "kind": READER})
    missing = service.http.get(f"/v1/items/{READER}")

    assert (refused.status_code, missing.status_code) == (400, 404)
    collector: Collector = traced.collector
    gone = collector.wait_for("a call of what is not there", name="GET /v1/items/{item_id}")
    assert gone.attributes["http.route"] == "/v1/items/{item_id}"
    wait_until(
        lambda: (
            {404, 400} <= {s.attributes.get("http.response.status_code") for s in collector.spans}
        ),
        "all have arrived",
    )
    sent = b"".join(collector.raw)
    assert READER.encode() not in sent
    assert ITEM.encode() not in sent


def test_a_caller_who_wants_no_trace_leaves_none(traced: SimpleNamespace):
    unwanted, wanted = "1" * 32, "2" * 32
    for trace, flag in ((unwanted, "00"), (wanted, "01")):
        traced.service.http.get("/v1/new", headers={"traceparent": f"00-{trace}-{CALLING}-{flag}"})

    traced.collector.wait_for("the later one", trace=wanted)
    assert unwanted not in {span.trace for span in traced.collector.spans}


def test_who_does_not_ask_for_traces_loads_nothing_that_sends_them():
    # redis-py has metrics of its own for OpenTelemetry, and loads that part where it is installed.
    program = (
        "import sys; from recsvc.api.app import create_app; create_app(); import workers.run;"
        "sys.exit(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )
    clean = {k: v for k, v in environment().items() if not k.startswith("OTEL_")}

    done = subprocess.run([sys.executable, "-c", program], env=clean, cwd=REPOSITORY)

    assert done.returncode == 0


@pytest.mark.parametrize(
    ("said", "is_on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(said: dict[str, str], is_on: bool):
    assert tracing.is_asked_for(said) is is_on


def test_where_it_is_not_installed_that_is_said_and_the_service_goes_on(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with capture_logs() as lines:
        tracing.begin("api", "0")

    assert not tracing.is_on()
    assert [line["event"] for line in lines] == ["traces_not_installed"]


async def test_of_traces_the_latest_are_remembered_and_taken_once(redis):
    traces = Traces(Pipe(redis))
    for start in range(0, 300, 100):
        await traces.note([f"{n:03}" for n in range(start, start + 100)])

    taken = await traces.take()

    assert taken == [f"{n:03}" for n in range(299, 171, -1)]
    assert await traces.take() == []
