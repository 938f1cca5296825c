"""Made-up logs of known truth: lists in which chance chose some places."""

import numpy as np

from recsvc.core.experiments.off_policy import Estimate, Places, by_share, estimate

SHARE, PLACES = 0.1, 17
EXAMINED = 1 / np.sqrt(np.arange(3, 3 + PLACES))  # how likely a place is looked at, as they come
RANKED, BY_CHANCE = 0.35, 0.12  # how likely what was looked at is clicked, on the whole


def earned(share: float) -> float:
    """What a place earns, in truth, where chance chooses this share."""
    return float(EXAMINED.mean()) * (share * BY_CHANCE + (1 - share) * RANKED)


def log(rng: np.random.Generator, readers: int, wanted: float) -> Places:
    """What was logged of readers of differing taste and zeal, asked what another share would earn."""
    lists = rng.geometric(0.3, readers)
    who = np.repeat(np.arange(readers), lists * PLACES)
    place = np.tile(np.arange(PLACES), lists.sum())
    is_explored = rng.random(len(who)) < SHARE
    taste = rng.beta(4, 4, readers)[who] * 2  # 1 on the whole, whatever one's zeal
    chance = EXAMINED[place] * np.where(is_explored, BY_CHANCE, RANKED) * taste
    rewards = (rng.random(len(who)) < chance).astype(float)
    # a prediction that is wrong in what taste is, and in size
    predicted = EXAMINED[place] * np.where(is_explored, 0.1, 0.3)
    expected = EXAMINED[place] * (wanted * 0.1 + (1 - wanted) * 0.3)
    weights = by_share(is_explored, np.full(len(who), SHARE), wanted)
    return Places(who, rewards, weights, predicted, expected)


def covered(rng: np.random.Generator, readers: int, wanted: float) -> dict[str, bool]:
    """Whether the truth is within the interval of each estimate."""
    found: Estimate = estimate(log(rng, readers, wanted))
    truth = earned(wanted)
    names = ("logged", "inverse_propensity", "self_normalised", "doubly_robust")
    intervals = {name: getattr(found, name) for name in names}
    return {name: one.low <= truth <= one.high for name, one in intervals.items()}
