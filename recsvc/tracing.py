"""Traces: how one request fared, from the call over the log to the boards and the model that learned it.

OpenTelemetry, as it is told by its own variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and the others); without
them nothing of it is even imported. What waits in between carries a trace along as W3C Trace Context
writes it (`traceparent`). A span names routes, numbers and outcomes: never a reader, an item or a path.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = structlog.get_logger()

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_LAST_SPANS_S = 1.0  # that a collector which does not answer may hold up a stop

MOST_LINKS = 128
"""Of a span, by OpenTelemetry's own bound: more would be dropped."""

Attribute = str | int | float | bool


class _Tracing:
    """What a process that traces needs: OpenTelemetry, imported and set up."""

    def __init__(self, part: str, version: str) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = {"service.version": version, "service.namespace": "recsvc"}
        if not _is_named():
            named["service.name"] = f"recsvc-{part}"
        self.trace = trace
        self.context = TraceContextTextMapPropagator()
        # Its own way of ending at exit waits for a collector, however long that takes.
        self.provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self.provider.get_tracer("recsvc", version)


_tracing: _Tracing | None = None
_OFF: contextlib.AbstractContextManager[None] = contextlib.nullcontext()


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """Return whether OpenTelemetry's variables say where traces go, and not that there are none."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").strip() == "none":
        return False
    return any(environment.get(name, "").strip() for name in _ENDPOINTS)


def begin(part: str, version: str) -> None:
    """Trace from now on, if that is asked for; to be called in the process that works, after any fork.

    Args:
        part: of the service: `api`, `worker`.
    """
    global _tracing
    if not is_asked_for(os.environ):
        return
    try:
        _tracing = _Tracing(part, version)
    except ImportError:
        log.warning("traces_not_installed", install="recsvc[otel]")
        return
    complaints = logging.getLogger("opentelemetry")
    complaints.propagate = False
    complaints.handlers = [_Complaints()]


def end() -> None:
    """Send what is left, as far as that goes quickly, and trace no more."""
    global _tracing
    ending, _tracing = _tracing, None
    if ending is not None:
        last = threading.Thread(target=ending.provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SPANS_S)


def is_on() -> bool:
    """Return whether this process traces."""
    return _tracing is not None


def request(
    method: str, headers: Iterable[tuple[bytes, bytes]]
) -> contextlib.AbstractContextManager[None]:
    """Return what a request is answered within: a span of the caller's trace, or of a new one."""
    return _OFF if _tracing is None else _request(_tracing, method, headers)


@contextlib.contextmanager
def _request(
    tracing: _Tracing, method: str, headers: Iterable[tuple[bytes, bytes]]
) -> Iterator[None]:
    said = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in (b"traceparent", b"tracestate")
    }
    with tracing.tracer.start_as_current_span(
        method,
        context=tracing.context.extract(said),
        kind=tracing.trace.SpanKind.SERVER,
        attributes={"http.request.method": method},
        record_exception=False,  # its text may name somebody
        set_status_on_exception=False,
    ):
        yield


def answered(method: str, route: str, status: int) -> None:
    """Note on the present request's span what it was and how it was answered.

    Args:
        route: with names in place of what callers put there.
    """
    if _tracing is None:
        return
    span = _tracing.trace.get_current_span()
    if not span.is_recording():
        return
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(_tracing.trace.StatusCode.ERROR)
    if route:
        span.set_attribute("http.route", route)
        span.update_name(f"{method} {route}")


def carried() -> str:
    """Return the present span as what it leads to carries it along; empty where nobody would look."""
    if (
        _tracing is None
        or not _tracing.trace.get_current_span().get_span_context().trace_flags.sampled
    ):
        return ""
    said: dict[str, str] = {}
    _tracing.context.inject(said)
    return said.get("traceparent", "")


def applied(traces: Iterable[str], began_ns: int, n_entries: int) -> None:
    """Say of each trace that what it led to is on the boards now.

    Args:
        began_ns: when the batch was taken in hand (ns since 1970).
        n_entries: of the batch.
    """
    if _tracing is None:
        return
    for one in traces:
        _tracing.tracer.start_span(
            "ingest",
            context=_tracing.context.extract({"traceparent": one}),
            kind=_tracing.trace.SpanKind.CONSUMER,
            attributes={"recsvc.batch.entries": n_entries},
            start_time=began_ns,
        ).end()


class Learning:
    """A training under way, as a trace shows it."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    def note(self, **figures: Attribute) -> None:
        """Note figures of what came out."""
        if self._span is not None:
            self._span.set_attributes({f"recsvc.{name}": value for name, value in figures.items()})


_UNTRACED = Learning()


@contextlib.contextmanager
def learning(traces: Iterable[str]) -> Iterator[Learning]:
    """Trace a training, linked with the traces of what it learned from."""
    if _tracing is None:
        yield _UNTRACED
        return
    trace = _tracing.trace
    contexts = [
        trace.get_current_span(_tracing.context.extract({"traceparent": one})).get_span_context()
        for one in traces
    ]
    links = [trace.Link(context) for context in contexts if context.is_valid]
    with _tracing.tracer.start_as_current_span(
        "train", links=links, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield Learning(span)
        except Exception as exc:
            span.set_attribute("error.type", type(exc).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            raise


def add_to_line(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add to a line of the log which trace it belongs to (a processor of structlog's)."""
    if _tracing is not None:
        context = _tracing.trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = f"{context.trace_id:032x}"
            line["span_id"] = f"{context.span_id:016x}"
    return line


def now_ns() -> int:
    """Return the instant as spans have it (ns since 1970)."""
    return time.time_ns()


def _is_named() -> bool:
    said = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in said


class _Complaints(logging.Handler):
    """Hands on what OpenTelemetry complains of, each thing once until it complains of another."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it as everything else is logged."""
        said = str(record.msg)
        if said != self._last:
            self._last = said
            log.warning("traces_not_sent", why=record.getMessage())
