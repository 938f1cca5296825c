"""A kind of event is a line in the table, and nothing else. CONTRIBUTING says how."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.model.model import build
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes
from recsvc.core.readers.events import Event, accept
from recsvc.core.readers.evidence import Evidence
from recsvc.core.readers.kinds import KINDS, Kind, Role, kinds_with
from recsvc.core.readers.profile import ProfileParams, profile_of
from recsvc.core.readers.reader import Tastes, reader
from recsvc.core.text.terms import term_counts
from recsvc.lists.wording import reason_of
from workers.training.interactions import _signals

NOW_US = 1_763_000_000_000_000
TITLES = ["kestrel flight", "kestrel wings", "opal glass", "opal light", "tin", "zinc"]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(KINDS, "shelve", Kind(Role.STATE, "shelf", weight=3.0, done="shelved"))
    monkeypatch.setitem(KINDS, "unshelve", Kind(Role.CLEAR, "shelf"))
    print_ = Kind(Role.SIGNAL, "print", weight=2.0, done="printed", words="put on paper")
    monkeypatch.setitem(KINDS, "print", print_)


def profile_after(*kinds: str):
    table = kinds_with({})
    sent = [
        accept(Event(item="i0", kind=kind), "ann", table, NOW_US + n)
        for n, kind in enumerate(kinds)
    ]
    return profile_of(sent, table)


def reason_after(*kinds: str):
    bodies = {
        f"i{n}": StoredItem(id=f"i{n}", title=title, created_us=1) for n, title in enumerate(TITLES)
    }
    catalogue = Catalogue()
    for row, body in enumerate(bodies.values()):
        catalogue.put(row, body)
    model = build(None, len(TITLES), np.arange(len(TITLES)), term_counts(TITLES))
    tastes = Tastes.of(ProfileParams())
    who = reader(profile_after(*kinds), catalogue, tastes, NOW_US + 9, None)
    quiet = BlendParams(trending=0, fresh=0)
    shared = common(catalogue, model, quiet, NOW_US)
    ranking = Blend(model, shared, quiet).rank(who, catalogue.visible, 5)
    (cause,) = causes(model, who, ranking, slice(0, 1))
    body = bodies[f"i{ranking.rows[0]}"]
    return body.title, reason_of(cause, who, bodies, body, 0)


@pytest.mark.parametrize(
    ("kind", "weight"), [("shelve", 3.0), ("print", 2.0)], ids=["a state", "a signal"]
)
def test_it_is_evidence_of_its_weight_and_the_settings_may_change_it(kind: str, weight: float):
    (done,) = profile_after(kind).interactions

    assert Evidence(ProfileParams()).of(done, NOW_US) == weight
    assert Evidence(ProfileParams({kind: 9.0})).of(done, NOW_US) == 9


def test_a_state_is_cleared_by_its_other_kind():
    (done,) = profile_after("shelve", "unshelve").interactions

    assert not done.is_acted_on


def test_it_is_the_reason_in_its_own_words():
    title, shelved = reason_after("shelve")
    _, printed = reason_after("print")

    assert title == "kestrel wings"
    assert (shelved.kind, shelved.items) == ("because_you_shelved", ["i0"])
    assert shelved.text == "Because you shelved “kestrel flight”"
    assert printed.text == "Because you put on paper “kestrel flight”"


def test_a_kind_that_only_settings_know_is_something_liked():
    table = kinds_with({"purchase": 8})
    sent = [accept(Event(item="i0", kind="purchase"), "ann", table, NOW_US)]
    (done,) = profile_of(sent, table).interactions

    assert Evidence(ProfileParams({"purchase": 8.0})).of(done, NOW_US) == 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.one_of(st.none(), st.floats(0.001, 1e6)), min_size=1, max_size=5))
def test_what_a_purchase_is_worth_says_how_much_it_counts(values: list[float | None]):
    """As the log is read for training and as a reader is read for their next feed: the same."""
    params = ProfileParams({"purchase": 8.0}, {"purchase": 20.0})
    kinds = params.kinds
    sent = [
        accept(Event(item="i0", kind="purchase", value=value), "ann", kinds, NOW_US + n)
        for n, value in enumerate(values)
    ]
    (done,) = profile_of(sent, kinds).interactions
    earned = sum(round(value * 1000) for value in values if value is not None) / 1000
    amount = earned / 20 if earned else len(values)

    assert Evidence(params).of(done, NOW_US) == pytest.approx(8 * math.log2(1 + amount))
    log = pl.DataFrame(
        {name: [getattr(e, name) for e in sent] for name in ("user", "item", "kind", "at_us")}
        | {"value_milli": pl.Series([e.value_milli for e in sent], dtype=pl.Int64)}
    )
    found = _signals(log, params, NOW_US)["evidence"].to_list()
    assert found == pytest.approx([8 * math.log2(1 + amount)])
