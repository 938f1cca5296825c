"""Refusals: the store is there, but for now it will not do what it is asked.

Whatever the reason - no memory, no disk, no primary - it is one kind: nothing was written, the same
call may well succeed later, and somebody has to see to the store. What a process was refused is counted
and told once when it begins and once when it ends, not per request.
"""

import re
import time

import structlog
from redis.exceptions import RedisError

log = structlog.get_logger()

# What an error begins with, and what it means to whoever runs the store.
REASONS = {
    "OOM": "it is out of memory: give it more (maxmemory)",
    "MISCONF": "it cannot write to its disk",
    "READONLY": "it is a replica, which takes no writes",
    "NOREPLICAS": "too few of its replicas are in step (min-replicas-to-write)",
    "MASTERDOWN": "it is a replica that lost its primary",
    "CLUSTERDOWN": "its cluster is down",
    "TRYAGAIN": "its keys are being moved",
    "LOADING": "it is still loading its data",
    "BUSY": "a script keeps it busy",
    "NOPERM": "its access rules forbid it",
}
# At the beginning, or behind what the driver says of a pipeline's command; some releases quote it.
_CODE = re.compile(rf"(?:^|: (?:\(['\"])?)({'|'.join(REASONS)})\b")
_QUIET_S = 1.0


def reason_of(error: RedisError) -> str | None:
    """Return the code by which a store refused, if that is what the error means."""
    if error.status_code in REASONS:  # the driver takes the codes it knows out of the text
        return error.status_code
    found = _CODE.search(str(error))
    return found[1] if found else None


class Refusals:
    """What this process was refused.

    Attributes:
        counts: refusals by reason.
        reason: why it is being refused just now; None while it is not.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.reason: str | None = None
        self._latest_s = 0.0
        self._n = 0

    @property
    def problem(self) -> str | None:
        """The same as a sentence; None while nothing is refused."""
        if self.reason is None:
            return None
        return f"the store refuses writes: {REASONS[self.reason]} ({self.reason})"

    @property
    def may_be_over(self) -> bool:
        """Whether it is worth trying: nothing was refused for a moment."""
        return self.reason is not None and time.monotonic() - self._latest_s > _QUIET_S

    def note(self, reason: str, error: RedisError) -> None:
        """Count one; the first is told."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self._n += 1
        self._latest_s = time.monotonic()
        if self.reason is None:
            log.error("store_refuses", reason=reason, means=REASONS[reason], error=str(error))
        self.reason = reason

    def end(self) -> None:
        """Note that the store takes writes again."""
        if self.reason is not None:
            log.info("store_accepts", after=self.reason, n_refused=self._n)
        self.reason, self._n = None, 0


refusals = Refusals()
