"""What the kernels compute is what numpy computes: lists, reasons and accounts, for any reader."""

from functools import cache

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core import compiled
from recsvc.core.model.model import Model
from recsvc.core.ranking.account import accounts
from recsvc.core.ranking.arrangement import ArrangementParams, arranged
from recsvc.core.ranking.blend import Blend, Ranking, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes
from recsvc.core.ranking.voice import Heard, ReaderVoice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.fatigue import Fatigue
from recsvc.core.readers.profile import Interaction
from recsvc.core.readers.reader import Reader
from tests.core.ranking.worlds import NOW_US, World, world
from tests.core.strategies import seeds

_PAGE = slice(0, 20)
# (items, items trained on): the last one has room for the longest history.
_SIZES = [(1, 0), (30, 0), (120, 90), (1_200, 900), (2_400, 2_400)]


@cache
def world_of(size: tuple[int, int]) -> World:
    return world(7, *size)


def reader_of(model: Model, seed: int, length: int) -> Reader:
    """Somebody with a history of some length, who likes and dislikes, and follows something."""
    rng = np.random.default_rng(seed)
    m = min(length, model.n)
    rows = rng.choice(model.n, m, replace=False)
    evidence = rng.choice([1.0, 4.0, 5.0, 0.25, -4.0], m).astype(np.float32)
    done = [Interaction(f"i{row}", {"upvote": 5}, {}, 5) for row in rows.tolist()]
    lift = rng.choice([0, 0.5], model.n).astype(np.float32) if seed % 2 else None
    excluded = [*rows.tolist(), *rng.integers(0, model.n + 3, 5).tolist()]
    visible = rng.random(m) < 0.8
    passed_over = np.unique(rng.integers(0, model.n + 3, seed % 7))
    tired = Fatigue(passed_over, rng.random(len(passed_over)).astype(np.float32))
    tired = tired if len(passed_over) else None
    return Reader(rows, evidence, done, excluded, lift=lift, visible=visible, tired=tired)


class Nearness(Heard, frozen=True, kw_only=True):
    """How near rows are to those of a history, by number."""

    history: np.ndarray

    def shares(self, rows):
        return 1 / (1 + np.abs(rows[:, None] - self.history)).astype(np.float32)


class Near(ReaderVoice):
    """A voice that the kernels do not know."""

    name = "near"
    source = "similar"
    reason = "similar"
    words = "Next door"

    def to_reader(self, history):
        heard = Nearness(np.empty(0, np.float32), history=history.rows)
        scores = heard.shares(np.arange(history.model.n)).sum(axis=1)
        return msgspec.structs.replace(heard, scores=scores)


def answer(of: World, reader: Reader, blended: tuple, seed: int) -> tuple:
    """Everything that a feed says."""
    catalogue, model, (params, voices) = of.catalogue, of.model, blended
    blend = Blend(model, common(catalogue, model, params, NOW_US, voices), params)
    ranking = blend.rank(reader, catalogue.visible, 300)
    shown, lottery = arranged(ranking, catalogue, model, ArrangementParams(explore=0.2), seed)
    page = part(shown, _PAGE)
    why = causes(model, reader, page, slice(None))
    words = [of.texts[row] for row in page.rows.tolist()]
    said = accounts(model, reader, page, slice(None), words)
    return shown, lottery, why, said


def part(ranking: Ranking, places: slice) -> Ranking:
    return msgspec.structs.replace(
        ranking,
        rows=ranking.rows[places],
        scores=ranking.scores[places],
        sources=ranking.sources[places],
    )


def plain(said: object) -> object:
    """What is said, numbers to five places: sums in double are rounded, whatever their order."""
    if isinstance(said, float):
        return round(said, 5)
    if isinstance(said, dict):
        return {name: plain(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [plain(value) for value in said]
    return said


@given(
    size=st.sampled_from(_SIZES),
    seed=seeds,
    length=st.integers(1, 40) | st.integers(1, 2_000),
    fade=st.sampled_from([0.0, 0.15]),
    awake=st.sampled_from([{}, {"recent": 1.0, "next": 0.5, "linear": 0.7}]),
    voices=st.sampled_from([VOICES, (*VOICES, Near())]),
)
def test_lists_reasons_and_accounts_are_numpys(kernels, size, seed, length, fade, awake, voices):
    of = world_of(size)
    reader = reader_of(of.model, seed, length)
    params = BlendParams(trending=fade, weights={"news": fade, **awake})

    with compiled.computing_with(None):
        by_numpy, lottery, why, said = answer(of, reader, (params, voices), seed)
    with compiled.computing_with(kernels):
        found, drawn, because, account = answer(of, reader, (params, voices), seed)

    assert found.rows.tolist() == by_numpy.rows.tolist()
    assert found.scores.tolist() == by_numpy.scores.tolist()
    assert found.sources.tolist() == by_numpy.sources.tolist()
    assert drawn == lottery
    assert [(c.kind, c.history, c.voice) for c in because] == [
        (c.kind, c.history, c.voice) for c in why
    ]
    assert np.allclose([c.share for c in because], [c.share for c in why], atol=1e-6)
    assert plain(msgspec.to_builtins(account)) == plain(msgspec.to_builtins(said))
