"""A voice that nothing else knows of is heard in order, reasons and accounts. CONTRIBUTING says how."""

import msgspec
import numpy as np
import pytest

from recsvc.core.ranking.account import accounts
from recsvc.core.ranking.blend import SOURCES, Blend, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.reasons import causes
from recsvc.core.ranking.voice import CommonVoice, Heard, ReaderVoice, Voice
from recsvc.core.ranking.voices import VOICES
from tests.core.ranking.worlds import NOW_US, World, world

HEAD = slice(0, 20)
LOUD = BlendParams()


class Picked(CommonVoice):
    """What the editors picked: every seventh item."""

    name, source, reason, words = "picked", "trending", "picked", "Picked by the editors"
    usual = 50.0

    def points(self, world):
        return (np.arange(world.catalogue.n) % 7 == 0).astype(np.float32)


class Neighbour(ReaderVoice):
    """What stands beside an item of the history; says so itself."""

    name, source, reason, words = "beside", "similar", "beside", "Stands beside what you read"
    usual = 50.0

    def to_reader(self, history):
        scores = np.zeros(history.model.n, np.float32)
        scores[np.minimum(history.rows + 1, history.model.n - 1)] = 1
        return Heard(scores)


class Broken(ReaderVoice):
    """Says what is no number."""

    name, source, reason, words = "broken", "personal", "broken", "?"

    def __init__(self, value: float) -> None:
        self.value = value

    def to_reader(self, history):
        scores = np.ones(history.model.n, np.float32)
        scores[::3] = self.value
        return Heard(scores)


class BrokenForAll(CommonVoice):
    """Says the same to everybody, and it is no number."""

    name, source, reason, words = "broken", "new", "broken", "?"

    def points(self, world):
        return np.full(world.catalogue.n, np.nan, np.float32)


def ranked(found: World, *more: Voice, params: BlendParams = LOUD):
    shared = common(found.catalogue, found.model, params, NOW_US, (*VOICES, *more))
    return Blend(found.model, shared, params).rank(found.reader, found.catalogue.visible, 50)


def test_a_new_voice_for_everybody_changes_order_reasons_and_accounts():
    found = world(1)

    ranking = ranked(found, Picked())

    n_picked = int((ranking.rows % 7 == 0).sum())
    assert (ranking.rows[:n_picked] % 7 == 0).all()
    assert n_picked > 10
    cause = causes(found.model, found.reader, ranking, HEAD)[0]
    assert (cause.kind, cause.history, cause.voice.words) == ("picked", None, Picked.words)
    texts = [found.texts[row] for row in ranking.rows[HEAD]]
    account = accounts(found.model, found.reader, ranking, HEAD, texts)[0]
    assert msgspec.to_builtins(account)["picked"] == 50
    assert "picked" not in msgspec.to_builtins(account)["history"][0]


def test_a_new_voice_for_readers_changes_order_reasons_and_accounts():
    found = world(2)

    ranking = ranked(found, Neighbour())

    beside = set((found.reader.rows + 1).tolist()) - set(found.reader.rows.tolist())
    assert ranking.rows[0] in beside
    cause = causes(found.model, found.reader, ranking, HEAD)[0]
    assert (cause.kind, cause.history) == ("beside", None)
    texts = [found.texts[row] for row in ranking.rows[HEAD]]
    account = msgspec.to_builtins(accounts(found.model, found.reader, ranking, HEAD, texts)[0])
    assert account["beside"] > 50
    assert account["history"][0]["beside"] == 0


def test_a_weight_in_the_settings_silences_a_voice_or_raises_it():
    found = world(3)
    silent = BlendParams(weights={"picked": 0.0})

    assert ranked(found, Picked(), params=silent).rows.tolist() == ranked(found).rows.tolist()


def test_a_voice_that_no_reader_asks_is_no_items_source():
    """Not even of what all others speak against."""
    found = world(5)
    asleep = [voice.name for voice in VOICES if voice.weight(LOUD) == 0]
    assert {"recent", "next", "linear"} <= set(asleep)
    quiet = BlendParams(trending=0.0, fresh=0.0)

    shared = common(found.catalogue, found.model, quiet, NOW_US)
    everything = found.catalogue.visible
    ranking = Blend(found.model, shared, quiet).rank(found.reader, everything, 120)

    assert ranking.voices is not None
    points = np.stack([one.at(ranking.rows) for one in ranking.voices.said])
    spoken_against = (points <= 0).all(axis=0)
    assert spoken_against.any()
    assert "similar" not in {SOURCES[i] for i in ranking.sources[spoken_against].tolist()}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_voice_whose_scores_are_no_numbers_is_silent_and_the_others_go_on(value: float):
    found = world(4)

    ranking, without = ranked(found, Broken(value), BrokenForAll()), ranked(found)

    assert ranking.rows.tolist() == without.rows.tolist()
    assert ranking.scores.tolist() == without.scores.tolist()
