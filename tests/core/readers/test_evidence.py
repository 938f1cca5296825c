"""The worker computes evidence over tables, the API over profiles: they must agree."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import DAY_US
from recsvc.core.readers.events import MIN_AT_US, Entry
from recsvc.core.readers.evidence import Evidence
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import ProfileParams, profile_of
from workers.log.schema import SCHEMA
from workers.training.interactions import CatalogueLog, interactions

NOW_US = MIN_AT_US + 100 * DAY_US
entries = st.lists(
    st.builds(
        Entry,
        user=st.sampled_from(["u", "v"]),
        item=st.sampled_from(["a", "b", "unknown"]),
        kind=st.sampled_from(sorted(KINDS)),
        at_us=st.integers(MIN_AT_US, NOW_US),
        received_us=st.just(MIN_AT_US),
        value_milli=st.none() | st.integers(0, 600_000),
    ),
    max_size=25,
)


def log_of(events):
    rows = [
        (
            0,
            i,
            0,
            e.user,
            e.item,
            e.kind,
            e.at_us,
            e.received_us,
            None,
            None,
            None,
            e.value_milli,
            None,
            e.trust,
            e.network,
        )
        for i, e in enumerate(events)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(events=entries, half_life=st.sampled_from([0.0, 30.0]))
def test_table_and_profile_see_the_same_evidence(events, half_life):
    params = ProfileParams(half_life_days=half_life)
    weigh = Evidence(params)
    expected = {
        (user, i.item): weigh.of(i, NOW_US)
        for user in ("u", "v")
        for i in profile_of([e for e in events if e.user == user], KINDS).interactions
        if i.item != "unknown" and weigh.of(i, NOW_US) != 0
    }

    found = interactions(CatalogueLog(log_of(events), {"a": 0, "b": 3}, 4), params, NOW_US)

    matrix = found.evidence.tocoo()
    names = {0: "a", 3: "b"}
    seen = {
        (found.users[u], names[r]): w
        for u, r, w in zip(matrix.row, matrix.col, matrix.data, strict=True)
    }
    assert seen.keys() == expected.keys()
    assert all(abs(seen[k] - expected[k]) < 1e-5 for k in seen)


@given(events=entries)
def test_an_entry_that_is_in_the_archive_and_in_the_stream_counts_once(events):
    params = ProfileParams()
    log = log_of(events)

    once = interactions(CatalogueLog(log, {"a": 0, "b": 1}, 2), params, NOW_US)
    twice = interactions(CatalogueLog(pl.concat([log, log]), {"a": 0, "b": 1}, 2), params, NOW_US)

    assert (once.evidence != twice.evidence).nnz == 0
    assert once.n_events == twice.n_events == len(events)


def test_what_two_stores_gave_the_same_id_counts_each():
    """A store that was emptied gives ids out again; so it is with one whose clock is set back."""
    one, other = (
        log_of([Entry(user, item, "upvote", NOW_US, NOW_US)]) for user, item in ("ua", "vb")
    )

    found = interactions(
        CatalogueLog(pl.concat([one, other]), {"a": 0, "b": 1}, 2), ProfileParams(), NOW_US
    )

    assert found.users == ["u", "v"]
    assert found.n_events == 2
