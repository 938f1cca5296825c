"""Limits: how often somebody may ask, as a bucket that refills steadily.

The generic cell rate algorithm: of each caller one number is kept, the instant at which their bucket
would be full again. A request moves it on by its share of the window and is let in unless that reaches
further ahead than the window is long. Bursts up to the whole quota pass; after them, an even trickle.
ITU-T I.371, annex A; as a leaky bucket in Tanenbaum's textbooks.
"""

import math

import msgspec

# At some hundred bytes each; beyond it, those with a full bucket go first.
_MAX_CALLERS = 100_000


class Verdict(msgspec.Struct, frozen=True):
    """What became of a charge.

    Attributes:
        remaining: whole requests left in the bucket.
        reset_s: seconds until the bucket is full again.
        retry_after_s: 0 when let in, else seconds until the same charge would be.
    """

    remaining: int
    reset_s: int
    retry_after_s: int = 0


class Limit:
    """A quota per window, for each of many callers.

    Attributes:
        name: what the callers are, for them to read.
        policy: as `RateLimit-Policy` has it.
    """

    def __init__(self, name: str, quota: int, window_s: int = 60) -> None:
        self.name = name
        self.policy = f'"{name}";q={quota};w={window_s}'
        self._quota = quota
        self._window_s = float(window_s)
        self._each_s = window_s / quota if quota else 0.0
        self._full_at_s: dict[str, float] = {}

    @property
    def is_on(self) -> bool:
        """Whether there is a limit at all."""
        return self._quota > 0

    def check(self, caller: str, cost: int, now_s: float) -> Verdict:
        """Return what a charge would lead to, charging nothing.

        Args:
            cost: in requests; more than the quota counts as the quota, or it could never pass.
            now_s: of any clock that never goes back.
        """
        full_at_s = max(self._full_at_s.get(caller, now_s), now_s)
        full_at_s += min(cost, self._quota) * self._each_s
        ahead_s = full_at_s - now_s
        # A nanosecond of grace: the sum of many shares is not exactly the window.
        if ahead_s > self._window_s + 1e-9:
            waits_s = max(1, math.ceil(ahead_s - self._window_s))
            return Verdict(0, math.ceil(self._window_s), waits_s)
        remaining = int((self._window_s - ahead_s) / self._each_s + 1e-9)
        return Verdict(remaining, math.ceil(ahead_s))

    def charge(self, caller: str, cost: int, now_s: float) -> None:
        """Charge a caller, let in or not."""
        full_at_s = max(self._full_at_s.get(caller, now_s), now_s)
        self._full_at_s[caller] = full_at_s + min(cost, self._quota) * self._each_s
        if len(self._full_at_s) > _MAX_CALLERS:
            self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        waiting = {c: t for c, t in self._full_at_s.items() if t > now_s}
        if len(waiting) > _MAX_CALLERS // 2:
            # A flood of addresses: the ones that have waited longest start anew.
            waiting = dict(list(waiting.items())[-_MAX_CALLERS // 2 :])
        self._full_at_s = waiting
