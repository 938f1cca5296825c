"""When to try again: only what may be repeated, after pauses that grow and are random.

Full jitter (Brooker, "Exponential Backoff and Jitter", 2015): the pause is drawn evenly between nothing
and a bound that doubles, so that clients that failed together do not come back together.
"""

import random

import msgspec

from recsvc.client.errors import (
    CallError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UnreachableError,
)

_PASSING = (UnreachableError, TimedOutError, TooManyRequestsError, UnavailableError)


def is_passing(failure: CallError) -> bool:
    """Return whether the same call may well succeed later."""
    return isinstance(failure, _PASSING)


class Retry(msgspec.Struct, frozen=True):
    """How patient a client is.

    Attributes:
        attempts: calls in all, the first included; 1 never repeats.
        first_pause_s: bound of the first pause.
        longest_pause_s: bound of any pause, and the longest wait that the service may ask for.
    """

    attempts: int = 4
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0

    def pause_s(self, failure: CallError, attempt: int, is_repeatable: bool) -> float | None:
        """Return how long to wait before trying again; None to give up.

        Args:
            attempt: calls made so far, from 1.
            is_repeatable: whether the call may happen twice; one that never reached the service may.
        """
        if attempt >= self.attempts or not is_passing(failure):
            return None
        if failure.was_sent and not is_repeatable and not isinstance(failure, TooManyRequestsError):
            return None
        bound = min(self.longest_pause_s, self.first_pause_s * 2 ** (attempt - 1))
        pause = random.uniform(0, bound)
        asked = getattr(failure, "retry_after_s", None) or 0.0
        if asked > self.longest_pause_s:
            return None
        return float(max(pause, asked))
