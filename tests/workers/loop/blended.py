"""Made-up lists of known truth: what is wanted, how much places are looked at, and by which blend."""

import numpy as np

from workers.loop.blending import Lists

VOICES = ("personal", "similar", "content", "fresh")
PLACES, POOL = 20, 60
LOOKED = 1 / np.arange(1, PLACES + 1) ** 0.8
# What readers want goes by these; where a blend is in proportion, no other is better.
WANTED = np.array([1.0, 0.6, 0.2, 0.0])


def made(
    rng: np.random.Generator, weights: np.ndarray, n_lists: int = 4_000, n_readers: int = 400
) -> Lists:
    """Return lists that a blend made of a pool each, and what was clicked on them."""
    points = rng.normal(size=(n_lists, POOL, len(VOICES) + 1)).astype(np.float32)
    points[:, :, -1] *= 0.1  # what is followed, or was passed over
    readers = rng.integers(0, n_readers, n_lists)
    zeal = rng.lognormal(0, 0.5, n_readers)[readers]
    order = (-(points @ np.append(weights, 1.0))).argsort(axis=1)[:, :PLACES]
    points = np.take_along_axis(points, order[:, :, None], axis=1)
    is_free = rng.random((n_lists, PLACES)) >= 0.05
    is_free[:, :3] = True
    for i, k in zip(*np.nonzero(~is_free), strict=True):
        points[i, k] = rng.normal(size=len(VOICES) + 1)
    return clicked_on(rng, points, is_free, readers, zeal)


def clicked_on(rng, points, is_free, readers, zeal) -> Lists:
    chance = wanted(points) * zeal[:, None] * LOOKED
    clicked = rng.random(chance.shape) < chance
    return Lists(VOICES, points, np.ones_like(is_free), is_free, clicked, readers)


def wanted(points: np.ndarray) -> np.ndarray:
    """Return how likely an item is clicked that is looked at: no exponential of what is said."""
    return 0.25 / (1 + np.exp(1.5 - points[..., :-1] @ WANTED))


def earned(lists: Lists, weights: np.ndarray) -> float:
    """Return the clicks per list that lists truly earn in the order of other weights."""
    return float((wanted(lists.points) * LOOKED[lists.places(weights)]).sum(axis=1).mean())
