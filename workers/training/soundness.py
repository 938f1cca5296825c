"""Soundness: whether a candidate's arrays say what training put into them.

A candidate has seen every event, its trial all but those of a slice. Both are asked for what both have
seen: the item a reader last went for, from the rest of the history. Each voice is asked alone, so that
shuffled factors are not drowned out by a good text index, nor a broken text index by good factors. An
honest candidate answers like its trial; one whose answers are surely not half as good is broken.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recsvc.core.model.snapshot import Snapshot
from recsvc.core.ranking import metrics
from recsvc.core.ranking.voice import ReaderVoice
from recsvc.core.ranking.voices import VOICES
from workers.training.ranking import ranked
from workers.training.trying import K, Trying

_MAX_READERS = 200
_SHARE = 0.5


def unsound(candidate: Snapshot, trial: Snapshot, tried: Trying, seed: int) -> str | None:
    """Return what is wrong with a candidate's arrays, in a sentence; None when nothing is."""
    histories, last, users = _seen(tried, seed)
    if len(users) == 0:
        return None
    ours, theirs = tried.model(candidate), tried.model(trial)
    moment = tried.moments[0]
    for voice in VOICES:
        if not isinstance(voice, ReaderVoice) or not voice.weight(tried.blend):
            continue
        own, honest = (
            ranked(model, tried.blend, moment, [voice]).ndcg(
                histories, last, users, K, moment.listed
            )
            for model in (ours, theirs)
        )
        rng = np.random.default_rng(seed)
        if metrics.paired_interval(own, _SHARE * honest, rng).high < 0:
            what = f"its {voice.name} voice is broken"
            return f"worse than its own trial at what both have learned: {what}"
    return None


def _seen(tried: Trying, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix, NDArray[np.int64]]:
    """Return histories without what each reader went for last, that, and the readers who keep some."""
    histories, latest_us = tried.holdout.histories, tried.holdout.latest_us
    enough = np.flatnonzero(np.diff(histories.indptr) > 1)
    users = np.sort(np.random.default_rng(seed).permutation(enough)[:_MAX_READERS])
    is_last = np.zeros(histories.nnz, bool)
    for user in users.tolist():
        places = np.arange(histories.indptr[user], histories.indptr[user + 1])
        liked = places[histories.data[places] > 0]
        if len(liked):
            is_last[liked[np.argmax(latest_us.data[liked])]] = True
    rest, last = histories.copy(), histories.copy()
    rest.data, last.data = np.where(is_last, 0, rest.data), np.where(is_last, 1, 0)
    rest.eliminate_zeros()
    last.eliminate_zeros()
    return rest, last, users[np.diff(last.indptr)[users] > 0]
