"""What was sent, acknowledged and broken, in order: printed when something comes out wrong."""

import threading
import time
from typing import Any

Event = dict[str, Any]

_PRINTED = 150


class History:
    """Notes of one run; several threads write them.

    Attributes:
        acknowledged: events by id.
        lost_by_right: events that a fault took away beyond what is promised, or hit in the only place
            where they were.
        wrong: answers that no fault excuses.
    """

    def __init__(self) -> None:
        self.acknowledged: dict[str, Event] = {}
        self.lost_by_right: set[str] = set()
        self.wrong: list[str] = []
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._began_s = time.monotonic()

    def note(self, line: str) -> None:
        """Add a line."""
        with self._lock:
            self._lines.append(f"{time.monotonic() - self._began_s:9.3f} {line}")

    def acknowledge(self, events: list[Event]) -> None:
        """Note that a batch was acknowledged."""
        with self._lock:
            self.acknowledged.update((event["event_id"], event) for event in events)
        self.note(f"acknowledged {events[0]['event_id']} to {events[-1]['event_id']}")

    def accuse(self, line: str) -> None:
        """Note something that must not be."""
        self.note(f"WRONG: {line}")
        with self._lock:
            self.wrong.append(line)

    def told(self) -> str:
        """Return the last lines."""
        with self._lock:
            return "\n".join(self._lines[-_PRINTED:])
