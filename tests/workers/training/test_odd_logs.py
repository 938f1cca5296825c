"""Whatever a log looks like, a round ends with a verdict: judged by unseen events, or not, and why."""

import time
from collections.abc import Iterator

import polars as pl
import pytest

from recsvc.clock import HOUR_US
from tests.workers.training import world
from workers.log.schema import SCHEMA
from workers.training.candidate import carry_out
from workers.training.params import GateParams

MIN_READERS = GateParams().min_readers

Happened = tuple[str, str, str]


def nothing() -> Iterator[Happened]:
    yield from ()


def one_click() -> Iterator[Happened]:
    yield "u", "i1", "click"


def only_shown() -> Iterator[Happened]:
    yield from ((f"u{n % 60}", f"i{n % 200}", "impression") for n in range(900))


def only_hidden() -> Iterator[Happened]:
    yield from ((f"u{n % 60}", f"i{n % 200}", "hide") for n in range(900))


def all_taken_back() -> Iterator[Happened]:
    for kind in ("upvote", "unvote"):
        yield from ((f"u{n % 60}", f"i{n % 200}", kind) for n in range(600))


def of_items_that_nobody_brought() -> Iterator[Happened]:
    yield from ((f"u{n % 60}", f"lost{n % 200}", "upvote") for n in range(900))


def one_item_each() -> Iterator[Happened]:
    yield from ((f"u{n}", f"i{n % 200}", "upvote") for n in range(300))


def one_item_for_all() -> Iterator[Happened]:
    yield from ((f"u{n}", "i0", "upvote") for n in range(300))


def one_reader_of_everything() -> Iterator[Happened]:
    yield from (("glutton", f"i{n}", "upvote") for n in range(world.N_ITEMS))


def everybody_everything() -> Iterator[Happened]:
    yield from ((f"u{n % 40}", f"i{n // 40}", "upvote") for n in range(40 * 30))


def too_few_by_one() -> Iterator[Happened]:
    yield from ((f"u{n % (MIN_READERS - 1)}", f"i{n % 200}", "click") for n in range(800))


def enough() -> Iterator[Happened]:
    yield from ((f"u{n % MIN_READERS}", f"i{n * 7 % 200}", "click") for n in range(800))


def sessions_only() -> Iterator[Happened]:
    yield from ((f"anon:{n % 90}", f"i{n % 200}", "upvote") for n in range(900))


def of_two_items() -> Iterator[Happened]:
    yield from ((f"u{n % 50}", f"i{n // 50}", "upvote") for n in range(100))


NOT_JUDGED = [nothing, one_click, only_shown, only_hidden, all_taken_back]
NOT_JUDGED += [of_items_that_nobody_brought, one_item_each, one_item_for_all]
NOT_JUDGED += [one_reader_of_everything, too_few_by_one, sessions_only]
JUDGED = [everybody_everything, enough, of_two_items]


def log_of(happened: Iterator[Happened]) -> pl.DataFrame:
    rows = []
    for n, (user, item, kind) in enumerate(happened):
        at = world.NOW_US - 900 * HOUR_US + n * HOUR_US // 2
        rows.append((0, n + 1, 0, user, item, kind, at, at) + (None,) * (len(SCHEMA) - 8))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.mark.parametrize("shape", JUDGED + NOT_JUDGED)
def test_every_log_ends_in_a_verdict_that_says_why(shape):
    done = carry_out(world.material(log_of(shape())), None, None, world.ROUND, time.monotonic)

    verdict = done.candidate.manifest.verdict
    assert verdict is not None
    if shape in JUDGED:
        assert verdict.n_readers >= MIN_READERS
        assert verdict.foreseen is not None
        assert verdict.asked
        assert "popularity" in verdict.against
    else:
        assert verdict.passed
        assert verdict.reason.endswith(f"of {MIN_READERS} in any slice, so not judged")
        assert verdict.foreseen is None
