"""What the voices say adds up: in scores, in reasons and in accounts."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.ranking.account import accounts
from recsvc.core.ranking.blend import Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes, history_points
from recsvc.core.ranking.voices import VOICES
from tests.core.ranking.worlds import NOW_US, world
from tests.core.strategies import seeds

# Those that are silent unasked speak, too.
PARAMS = BlendParams(
    weights={voice.name: 0.3 for voice in VOICES if voice.usual == 0},
    half_at={"personal": 3.0, "content": 0.5},
)
HEAD = slice(0, 20)


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_points_of_all_voices_are_the_score_and_reasons_are_shares_of_it(seed):
    w = world(seed)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)

    ranking = Blend(w.model, shared, PARAMS).rank(w.reader, w.catalogue.visible, 50)

    found = accounts(w.model, w.reader, ranking, HEAD, [w.texts[r] for r in ranking.rows[HEAD]])
    for account, score in zip(map(msgspec.to_builtins, found), ranking.scores[HEAD], strict=True):
        assert sum(account[v.name] for v in VOICES) == pytest.approx(float(score), abs=1e-3)
    assert all(0 <= cause.share <= 1 for cause in causes(w.model, w.reader, ranking, HEAD))


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_what_a_history_adds_differs_from_a_voices_points_by_what_the_average_item_gets(seed):
    w = world(seed, n=60, n_trained=0)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)
    ranking = Blend(w.model, shared, PARAMS).rank(w.reader, w.catalogue.visible, 50)
    assert ranking.voices is not None

    parts = history_points(w.model, w.reader, ranking.voices, ranking.rows)

    content = next(said for said in ranking.voices.said if said.voice.name == "content")
    rest = content.at(ranking.rows) - parts["content"].sum(axis=1)
    assert np.allclose(rest, rest[0], atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, name=st.sampled_from(["similar", "recent", "next"]))
def test_what_leads_to_an_item_is_split_into_the_items_it_comes_from(seed, name):
    w = world(seed)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)
    voices = Blend(w.model, shared, PARAMS).rank(w.reader, w.catalogue.visible, 1).voices
    assert voices is not None
    heard = next(said.heard for said in voices.said if said.voice.name == name)
    assert heard is not None

    shares = heard.shares(np.arange(w.model.n))

    assert np.allclose(shares.sum(axis=1), heard.scores, rtol=1e-3, atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, share=st.sampled_from([0.0, 0.3, 1.0]))
def test_no_reason_and_no_account_names_what_the_public_cannot_see(seed, share):
    w = world(seed)
    seen = np.random.default_rng(seed).random(len(w.reader.rows)) < share
    who = msgspec.structs.replace(w.reader, visible=seen)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)
    ranking = Blend(w.model, shared, PARAMS).rank(who, w.catalogue.visible, 50)

    named = {c.history for c in causes(w.model, who, ranking, HEAD)} - {None}
    found = accounts(w.model, who, ranking, HEAD, [w.texts[r] for r in ranking.rows[HEAD]])

    assert named <= set(np.flatnonzero(seen).tolist())
    items = {entry["item"] for a in map(msgspec.to_builtins, found) for entry in a["history"]}
    assert items <= {who.interactions[i].item for i in np.flatnonzero(seen)}
    for account, score in zip(map(msgspec.to_builtins, found), ranking.scores[HEAD], strict=True):
        assert sum(account[v.name] for v in VOICES) == pytest.approx(float(score), abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, weight=st.sampled_from([0.2, 1.5, 50.0]))
def test_what_is_followed_counts_in_shares_and_is_the_reason_where_it_adds_most(seed, weight):
    w = world(seed)
    lift = np.where(np.arange(w.catalogue.n) % 3 == 0, weight, 0).astype(np.float32)
    who = msgspec.structs.replace(w.reader, lift=lift)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)
    ranking = Blend(w.model, shared, PARAMS).rank(who, w.catalogue.visible, 50)

    found = causes(w.model, who, ranking, HEAD)
    without = causes(w.model, w.reader, ranking, HEAD)

    for row, cause, other in zip(ranking.rows[HEAD].tolist(), found, without, strict=True):
        if cause.kind == "because_you_follow":
            assert cause.share * (1 + 1e-6) >= (1 - cause.share) * other.share
        else:
            assert (cause.kind, cause.history) == (other.kind, other.history)
            assert cause.share <= other.share + 1e-6
        assert lift[row] > 0 or cause == other
    if weight == 50:
        assert {c.kind for c, row in zip(found, ranking.rows[HEAD], strict=True) if lift[row]} == {
            "because_you_follow"
        }


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_many_readers_at_once_are_ranked_as_each_alone(seed):
    w, other = world(seed), world(seed + 1)
    shared = common(w.catalogue, w.model, PARAMS, NOW_US)
    readers = [w.reader, other.reader]

    together = Blend(w.model, shared, PARAMS).rank_all(readers, w.catalogue.visible, 120)

    for reader, found in zip(readers, together, strict=True):
        alone = Blend(w.model, shared, PARAMS).rank(reader, w.catalogue.visible, 120)
        assert np.allclose(np.sort(found.scores), np.sort(alone.scores), atol=1e-3)
        assert set(found.rows.tolist()) == set(alone.rows.tolist())


@settings(max_examples=15, deadline=None)
@given(seed=seeds, half=st.floats(0.25, 50))
def test_whoever_did_little_hears_less_of_what_answers_histories_down_to_half_at_a_number(
    seed, half
):
    w = world(seed)
    later = msgspec.structs.replace(PARAMS, half_at={**PARAMS.half_at, "content": half})
    at_once = msgspec.structs.replace(PARAMS, half_at={**PARAMS.half_at, "content": 0.0})

    def content(params: BlendParams) -> np.ndarray:
        shared = common(w.catalogue, w.model, params, NOW_US)
        voices = Blend(w.model, shared, params).rank(w.reader, w.catalogue.visible, 1).voices
        assert voices is not None
        said = next(said for said in voices.said if said.voice.name == "content")
        return said.at(np.arange(w.model.n))

    m = int((w.reader.rows < w.model.n).sum())
    assert np.allclose(content(later), content(at_once) * m / (m + half), rtol=1e-3, atol=1e-4)
