"""Alarms: what an operator should hear of models: that none is published, or that one lacks most."""

from recsvc.clock import SECOND_US, apart_us, from_us
from recsvc.core.model.snapshot import Manifest

# So many candidates stopped one after another are no accident.
MANY_STOPPED = 3
_LEAST_SHARE = 0.5
_PATIENCE_US = 300 * SECOND_US


def unpublished(n_stopped: int, last: Manifest | None) -> str | None:
    """Return what to say of candidates that the gate stopped one after another; None of few.

    Args:
        last: the latest of them.
    """
    if n_stopped < MANY_STOPPED or last is None or last.verdict is None:
        return None
    return f"the gate stopped the last {n_stopped} models, the latest as {last.verdict.reason}"


def lacking(served: Manifest | None, n_items: int, n_events: int, now_us: int) -> str | None:
    """Return what to say of a served model that knows less than half of what there is.

    Args:
        served: None while processes serve without a model.
        n_items: in the catalogue.
        n_events: in the log.
    """
    if served is None or apart_us(served.created_us, now_us) < _PATIENCE_US:
        return None
    for what, known, there in (
        ("log", served.n_events, n_events),
        ("catalogue", served.n_items, n_items),
    ):
        if known < _LEAST_SHARE * there:
            when = f"{from_us(served.created_us):%Y-%m-%d %H:%M} UTC"
            return f"the served model, of {when}, knows {known / there:.1%} of the {what}"
    return None
