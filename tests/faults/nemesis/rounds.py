"""Rounds: one fault after another on one site, compared after each."""

import collections
import time
from collections.abc import Callable, Iterable

from tests.faults.nemesis.faults import Fault
from tests.faults.nemesis.site import Site


class Rounds:
    """What came of the rounds of one site.

    Attributes:
        wrong: what was not as promised, after the last one.
    """

    def __init__(self, site: Site, say: Callable[[str], None] = print) -> None:
        self._site = site
        self._say = say
        self._counts: collections.Counter[str] = collections.Counter()
        self._seconds: dict[str, float] = collections.defaultdict(float)
        self._told: list[str] = []
        self.wrong: list[str] = []

    def run(self, faults: Iterable[Fault], seconds: float = float("inf")) -> None:
        """Break the site again and again, until something is wrong or the time is over."""
        ends_s = time.monotonic() + seconds
        self._site.start()
        try:
            for n, fault in enumerate(faults):
                if self.wrong or time.monotonic() > ends_s:
                    break
                self._round(n, fault)
        finally:
            if self.wrong:
                self._told = [self._site.history.told(), self._site.service.log()]
            self._site.stop()

    def _round(self, n: int, fault: Fault) -> None:
        name, began_s = fault.__name__, time.monotonic()
        self._site.note(f"round {n}: {name}")
        try:
            fault(self._site)
            self.wrong = self._site.settled()
        except AssertionError as exc:
            self.wrong = [f"{exc}: {self._site.problems()}"]
        took_s = time.monotonic() - began_s
        self._counts[name] += 1
        self._seconds[name] += took_s
        n_events = len(self._site.history.acknowledged)
        self._say(f"round {n}: {name} took {took_s:.1f} s; {n_events} events acknowledged")

    def table(self) -> str:
        """Return the rounds by fault, and how many events were acknowledged."""
        history = self._site.history
        lines = [
            f"{name:26} {count:4} rounds {self._seconds[name] / count:7.1f} s each"
            for name, count in sorted(self._counts.items())
        ]
        total = sum(self._counts.values())
        n_hit = len(history.lost_by_right)
        return "\n".join(
            [
                *lines,
                f"{total} rounds, {len(history.acknowledged)} events acknowledged, {n_hit} of them hit "
                f"where they only were, {len(self.wrong)} differences",
            ]
        )

    def told(self) -> str:
        """Return what happened, for whoever looks for the cause."""
        return "\n".join([*self._told, *self.wrong[:50]])
