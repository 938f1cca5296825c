"""The store's clock: the one that every process of a site goes by, whatever its machine says."""

import structlog

from recsvc.clock import SECOND_US, ahead, own_us
from recsvc.store import keys
from recsvc.store.addresses import site_node
from recsvc.store.connection import Redis, translated

log = structlog.get_logger()

EVERY_S = 60.0
_NOISE_US = SECOND_US // 10
_SKEWED_US = 3 * SECOND_US


async def follow_clock(redis: Redis) -> None:
    """Measure how far this machine's clock is off, and go by the store's from now on.

    What the round trip may explain is not followed: time would go back and forth with every measurement.

    Raises:
        StoreUnavailableError: when the store does not answer; what was measured last goes on counting.
    """
    sent_us = own_us()
    with translated():
        seconds, us = await redis.time(**await site_node(redis, keys.CATALOGUE))
    took_us = own_us() - sent_us
    found_us = seconds * SECOND_US + us - (sent_us + took_us // 2)
    if abs(found_us) <= max(_NOISE_US, took_us):
        found_us = 0
    elif abs(found_us - ahead.us) <= max(_NOISE_US, took_us):
        return
    was_skewed = skew_problem() is not None
    ahead.us = found_us
    if (problem := skew_problem()) is not None and not was_skewed:
        log.error("clock_skewed", skew_s=found_us / SECOND_US, means=problem)


def skew_problem() -> str | None:
    """Return what is to be said of this machine's clock, if anything."""
    if abs(ahead.us) <= _SKEWED_US:
        return None
    side = "behind" if ahead.us > 0 else "ahead of"
    return (
        f"a machine's clock is {abs(ahead.us) / SECOND_US:.0f} s {side} the store's: the store's is "
        "gone by, and who signs tokens may be refused"
    )
