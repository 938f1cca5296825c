"""Methods: the ranking as it would have been served at a moment, each voice alone, and its opponents."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.model import Model
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import VOICES
from workers.training.moment import Moment
from workers.training.popularity import lists_by, opponents
from workers.training.ranking import Ranked, ranked

Rows = NDArray[np.int64]
Advance = Callable[[int], object]
Lists = Callable[[Rows, int, Advance], Iterator[Rows]]

SHIPPED, AS_SET = "the feed", "the feed, voices as set"


def methods(
    model: Model, histories: sp.csr_matrix, moment: Moment, blend: BlendParams
) -> dict[str, Lists]:
    """Return every method at a moment by name, the shipped one first, then each voice that can be heard.

    Args:
        model: trained on the histories.
        histories: (n_users, n_rows).
    """
    found = {SHIPPED: _by_voices(ranked(model, blend, moment), histories, moment)}
    plain = msgspec.structs.replace(model, weights={}, half_at={})
    found[AS_SET] = _by_voices(ranked(plain, blend, moment), histories, moment)
    for voice in VOICES:
        if not voice.has_words(model):
            continue
        one = {voice.name: 1.0}
        if voice.weight(blend.with_weights(one)):
            only = msgspec.structs.replace(model, weights=one)
            alone = ranked(only, blend, moment, [voice])
            found[f"{voice.name} alone"] = _by_voices(alone, histories, moment)
    for name, worth in opponents(moment, blend.votes).items():
        found[name] = _by_worth(worth, histories)
    recency = np.full(len(moment.listed), -np.inf)
    recency[: moment.catalogue.n] = moment.catalogue.listed_us
    found["recency"] = _by_worth(np.where(moment.listed, recency, -np.inf), histories)
    return found


def _by_voices(shipped: Ranked, histories: sp.csr_matrix, moment: Moment) -> Lists:
    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        rankings = shipped.rankings(histories, users, k, moment.listed, advance)
        return (ranking.rows for ranking in rankings)

    return lists


def _by_worth(worth: NDArray[np.float64], histories: sp.csr_matrix) -> Lists:
    def lists(users: Rows, k: int, advance: Advance) -> Iterator[Rows]:
        for rows in lists_by(worth, histories, users, k):
            yield rows
            advance(1)

    return lists
