"""The worker's heartbeat: how often it comes, and from when on its absence counts."""

from recsvc.clock import SECOND_US, apart_us

BEAT_S = 1.0
KEPT_S = 60
AT_WORK_S = 5

_SILENT_US = 20 * SECOND_US


def is_at_work(beat_us: int, now_us: int) -> bool:
    """Return whether a worker is at work this moment: what it does is worth waiting for."""
    return apart_us(beat_us, now_us) <= AT_WORK_S * SECOND_US


def is_silent(beat_us: int, now_us: int) -> bool:
    """Return whether a worker has been away for longer than starting it again takes."""
    return apart_us(beat_us, now_us) > _SILENT_US
