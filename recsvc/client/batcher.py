"""Events in the background: gathered, sent a few times a second, none lost when the program ends.

One thread per batcher, started with the first event. When the service is away, events wait and are sent
again: they carry ids. When the interpreter ends, whatever waits is sent before it does; `kill -9` and
`os._exit` leave no time for that and cost what the last fraction of a second brought.

A thread also under asyncio: at the end of a program the event loop is gone before its tasks are, while a
thread is still there when `atexit` hooks run; and `add` stays a plain call that works anywhere. There is
no spool on disk: it would survive `kill -9`, and ask every host for a place, locks and cleaning up.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from recsvc.client.calls import PER_CALL
from recsvc.client.errors import CallError
from recsvc.client.retry import is_passing
from recsvc.client.shapes import Event, Recorded

log = logging.getLogger("recsvc.client")

_LONGEST_S = 10.0
_LONGEST_ASKED_S = 60.0

Send = Callable[[list[Event]], Recorded]


class BatchFullError(CallError):
    """Raised when more events wait than the batcher holds: the service has been away for long."""


class EventBatcher:
    """Sends events some time soon.

    Args:
        send: sends a batch, raising a CallError.
        every_s: the longest an event waits while the service answers.
        capacity: events held while it does not.
        on_failure: told of events that will not be sent, and why: refused for good, or still
            waiting when time was up. Without it they are logged.
    """

    def __init__(
        self,
        send: Send,
        every_s: float = 0.25,
        capacity: int = 50_000,
        on_failure: Callable[[list[Event], str], None] | None = None,
    ) -> None:
        self._send = send
        self._every_s = every_s
        self._capacity = capacity
        self._on_failure = on_failure or _log_failure
        self._waiting: list[Event] = []
        self._under_way = 0
        self._is_closing = False
        self._is_urgent = False
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        atexit.register(self.close)

    def add(self, *events: Event) -> None:
        """Send events some time soon; returns at once. Those without a time happened now.

        Raises:
            BatchFullError: when `capacity` events wait; nothing was added.
        """
        now = datetime.now(UTC)
        stamped = [e if e.at else msgspec.structs.replace(e, at=now) for e in events]
        with self._changed:
            if self._is_closing:
                raise BatchFullError("the batcher is closed")
            if len(self._waiting) + len(events) > self._capacity:
                raise BatchFullError(f"{len(self._waiting)} events wait already")
            self._waiting += stamped
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recsvc-events", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what waits now; return whether all of it was sent, or refused, in time."""
        with self._changed:
            self._is_urgent = True
            self._changed.notify_all()
            return self._changed.wait_for(self._is_idle, timeout_s)

    def close(self, timeout_s: float = 10.0) -> None:
        """Send what waits and end; what could not be sent in time is reported."""
        atexit.unregister(self.close)
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            self._changed.wait_for(self._is_idle, timeout_s)
            left, self._waiting = self._waiting, []
            self._changed.notify_all()
        if left:
            self._on_failure(left, "the service could not be reached in time")

    def forked(self) -> None:
        """Start over in a child process: what waits is the parent's to send."""
        self._waiting, self._under_way = [], 0
        self._thread = None
        self._changed = threading.Condition()

    def _is_idle(self) -> bool:
        return not self._waiting and not self._under_way

    def _run(self) -> None:
        failures, asked_s = 0, 0.0
        while batch := self._next(failures, asked_s):
            try:
                recorded = self._send(batch)
            except CallError as exc:
                failures = self._take_back(batch, exc, failures)
                asked_s = getattr(exc, "retry_after_s", None) or 0.0
                continue
            except Exception:
                log.exception("a batch of %d events failed", len(batch))
                self._finish(batch, "it could not be sent")
                continue
            failures, asked_s = 0, 0.0
            for rejection in recorded.rejected:
                self._on_failure([batch[rejection.index]], rejection.error)
            self._finish()

    def _next(self, failures: int, asked_s: float) -> list[Event]:
        """Wait for a batch: until one is full or its first event has waited; empty at the end.

        Args:
            failures: in a row, behind which it waits longer.
            asked_s: how long the service asked to be left alone.
        """
        backed_off_s = min(_LONGEST_S, 0.1 * 2**failures) if failures else 0.0
        pause_s = self._every_s + max(backed_off_s, min(_LONGEST_ASKED_S, asked_s))
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            due_s = time.monotonic() + pause_s
            while not self._is_due(failures) and (left_s := due_s - time.monotonic()) > 0:
                self._changed.wait(left_s)
            batch, self._waiting = self._waiting[:PER_CALL], self._waiting[PER_CALL:]
            self._under_way = len(batch)
            self._is_urgent = self._is_urgent and bool(self._waiting)
            return batch

    def _is_due(self, failures: int) -> bool:
        if failures:
            return False  # even when closing: it would not help to ask at once
        return self._is_closing or self._is_urgent or len(self._waiting) >= PER_CALL

    def _take_back(self, batch: list[Event], failure: CallError, failures: int) -> int:
        if not is_passing(failure):
            self._finish(batch, str(failure))
            return failures
        if not failures:
            log.warning("events wait: %s", failure)
        with self._changed:
            self._under_way = 0
            self._waiting = batch + self._waiting
        return failures + 1

    def _finish(self, lost: list[Event] | None = None, why: str = "") -> None:
        if lost:
            self._on_failure(lost, why)
        with self._changed:
            self._under_way = 0
            self._changed.notify_all()


def _log_failure(events: list[Event], why: str) -> None:
    log.error("%d events were not taken: %s", len(events), why)
