"""Weights learned from clicks on lists: found where some are better, and not where none are."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from recsvc.clock import HOUR_US, SECOND_US, now_us
from recsvc.core.experiments.examination import examination
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voices import VOICES as ALL
from recsvc.errors import ConflictError, InvalidError
from recsvc.store.connection import Redis
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from recsvc.store.pipe import Pipe
from tests.workers.loop.blended import LOOKED, PLACES, VOICES, WANTED, earned, made
from tests.workers.shown_and_done import write_done, write_shown
from workers.log.archive import Archive
from workers.log.exposures import ExposureFiles
from workers.loop.blending import Lists, propose
from workers.loop.proposing import Proposing

# Of the text mostly, where readers want what others like them went for.
SET = np.array([0.3, 0.3, 1.0, 0.3])


def named(weights: np.ndarray) -> dict[str, float]:
    return dict(zip(VOICES, weights.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(2))
def test_the_better_blend_is_found_and_it_is_as_much_better_as_is_said(seed):
    lists = made(np.random.default_rng(seed), SET)
    found = propose(lists, named(SET))
    proposed = np.array([found.weights[name] for name in VOICES])

    now, best = earned(lists, SET), earned(lists, WANTED)
    assert earned(lists, proposed) > now + 0.9 * (best - now)
    # Some readers click more than the mean one.
    low, high = found.gain_within
    assert low > 0
    assert low <= 1.13 * (earned(lists, proposed) - now) <= high
    worth = {one.voice: one.worth for one in found.voices}
    assert max(worth, key=worth.get) == "content", "it was far too loud"


@pytest.mark.parametrize("seed", range(2))
def test_where_none_is_better_none_is_proposed(seed):
    right = np.maximum(WANTED, 1e-3)
    with pytest.raises(InvalidError, match="no other weights are surely better"):
        propose(made(np.random.default_rng(seed), right), named(right))


def test_nor_where_clicks_go_by_the_place_alone():
    """A learner that takes clicks as they come would call whatever stands first the best."""
    rng = np.random.default_rng(1)
    lists = made(rng, SET)
    clicked = rng.random(lists.clicked.shape) < 0.3 * LOOKED
    blind = Lists(VOICES, lists.points, lists.is_there, lists.is_free, clicked, lists.readers)
    with pytest.raises(InvalidError, match="no other weights are surely better"):
        propose(blind, named(SET))


@pytest.mark.parametrize(("n_lists", "n_readers"), [(200, 100), (3_000, 40)])
def test_of_too_little_nothing_is_learned(n_lists, n_readers):
    lists = made(np.random.default_rng(1), SET, n_lists, n_readers)
    with pytest.raises(InvalidError, match="too little"):
        propose(lists, named(SET))


def test_how_much_places_are_looked_at_is_told_apart_from_what_stands_there():
    rng = np.random.default_rng(3)
    lists = made(rng, WANTED, n_lists=8_000)
    which, positions = np.nonzero(lists.is_there)
    said = lists.points[which, positions].astype(float)
    looked = examination(positions, said, lists.clicked[which, positions])
    naive = lists.clicked.mean(axis=0) / lists.clicked[:, 0].mean()

    assert looked.shape == (PLACES,)
    assert np.abs(looked / LOOKED - 1)[:12].mean() < 0.15
    assert np.abs(naive / LOOKED - 1)[:12].mean() > 0.3


def test_what_chance_put_there_stays_there():
    rng = np.random.default_rng(4)
    lists = made(rng, SET, n_lists=50)
    places = lists.places(WANTED)

    assert np.array_equal(np.sort(places, axis=1), np.tile(np.arange(PLACES), (50, 1)))
    assert (places == np.arange(PLACES))[~lists.is_free].all()
    scores = lists.points @ np.append(WANTED, 1.0)
    for i in range(50):
        free = lists.is_free[i]
        assert np.argsort(places[i][free]).tolist() == np.argsort(-scores[i][free]).tolist()


def written(files: ExposureFiles, archive: Archive, lists: Lists, now: int) -> None:
    """Write lists as a worker would have, and the clicks on them."""
    shown, done = [], []
    for i in range(len(lists.readers)):
        at, feed, user = now - 2 * HOUR_US + i, f"f{i}", f"r{lists.readers[i]}"
        items = [f"i{k}" for k in range(PLACES)]
        voices = ["personal" if free else "explore" for free in lists.is_free[i]]
        nothing = [None] * PLACES
        places = (list(range(PLACES)), items, voices, nothing, nothing)
        points = lists.points[i].ravel().tolist()
        said = (False, 900, list(VOICES), points)
        shown.append((feed, user, at, 1.0, [], "personal", "s", *places, *said))
        for k in np.flatnonzero(lists.clicked[i]).tolist():
            done.append((len(done), feed, user, items[k], k, "click", at + SECOND_US))
    write_shown(files, shown, now)
    write_done(archive, done, now)


async def test_what_files_say_is_proposed_each_hour_and_offered_by_the_owner_alone(
    redis: Redis, tmp_path: Path
):
    pipe, now = Pipe(redis), now_us()
    training, snapshots = Training(pipe), Snapshots(pipe, tmp_path / "cache")
    files, archive = ExposureFiles(tmp_path / "exposures"), Archive(tmp_path / "archive")
    params = BlendParams().with_weights(named(SET) | {"walk": 0.0})
    proposing = Proposing(snapshots, training, files, archive, params)
    with pytest.raises(ConflictError, match="nobody has looked"):
        await training.offer(now)
    looked = await proposing.run_once(now)
    assert "of no list is known" in looked.refused
    with pytest.raises(ConflictError, match="of no list is known"):
        await training.offer(now)

    lists = made(np.random.default_rng(0), SET, n_lists=3_000)
    written(files, archive, lists, now)
    assert await proposing.run_once(now + HOUR_US // 2) is None, "it is not time"
    looked = await proposing.run_once(now + HOUR_US)
    assert looked == await training.proposed()
    in_force = {voice.name: voice.weight(params) for voice in ALL}
    names = [f"r{reader}" for reader in lists.readers]
    as_read = msgspec.structs.replace(lists, readers=np.unique(names, return_inverse=True)[1])
    assert looked.proposal == propose(as_read, in_force), "as of what was written"
    assert await training.offered() is None

    offer = await training.offer(now)
    assert offer.weights == looked.proposal.weights
    assert await training.offered() == offer
    assert await training.withdraw()
    assert await training.offered() is None
