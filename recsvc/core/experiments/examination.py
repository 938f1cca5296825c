"""Examination: how likely a place is looked at, against the first one, as a log has it.

A click takes that the place is looked at and that the item is wanted (the position-based model;
Craswell, Zoeter, Taylor, Ramsey: "An experimental comparison of click position-bias models", WSDM 2008).
What stands first is wanted more, so that clicks by position alone say too much. But where an item stands
follows from the scores of all items of its list: of two items that the same was said of, the one stands
lower whose list has better ones. So clicks are taken as Poisson with the rate

    exp( a_k + β · what was said of the item )

whose a_k say how much is looked at place k (as Ai and others do by EM: "Unbiased learning to rank with
unbiased propensity estimation", SIGIR 2018). Places next to each other are looked at alike: second
differences of a_k are held down.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_STEPS = 30
_SMOOTH = 20.0
_RIDGE = 1.0
_LEAST = 0.01
_CLOSE = 1e-6


def examination(positions: NDArray[np.int64], said: Values, clicked: NDArray[np.bool_]) -> Values:
    """Return (p,) how much each place is looked at; 1 of the first.

    Args:
        positions: (n,) from 0, of places that were shown.
        said: (n, v) what was said of the item there.
        clicked: (n,).
    """
    n_places = int(positions.max()) + 1
    spread = said.std(axis=0)
    said = (said - said.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    penalty = np.zeros((n_places + said.shape[1],) * 2)
    bent = np.diff(np.eye(n_places), 2, axis=0)
    penalty[:n_places, :n_places] = _SMOOTH * bent.T @ bent
    penalty[n_places:, n_places:] = _RIDGE * np.eye(said.shape[1])
    guess = np.zeros(len(penalty))
    guess[:n_places] = np.log((clicked.sum() + 1) / (len(clicked) + 2))
    for _ in range(_STEPS):
        step = np.linalg.solve(*_newton(guess, penalty, positions, said, clicked))
        guess += step * min(1.0, 2.0 / max(float(np.abs(step).max()), _CLOSE))
        if np.abs(step).max() < _CLOSE:
            break
    looked: Values = np.exp(guess[:n_places] - guess[0])
    return np.maximum(looked, _LEAST)


def _newton(
    guess: Values,
    penalty: Values,
    positions: NDArray[np.int64],
    said: Values,
    clicked: NDArray[np.bool_],
) -> tuple[Values, Values]:
    """Return the curvature of the likelihood at a guess, and where it leads."""
    n_places = len(guess) - said.shape[1]
    rate = np.exp(np.minimum(guess[positions] + said @ guess[n_places:], 3.0))
    left: Values = clicked - rate
    uphill = np.concatenate([np.bincount(positions, left, n_places), said.T @ left])
    curved = penalty.copy()
    curved[np.arange(n_places), np.arange(n_places)] += np.bincount(positions, rate, n_places)
    mixed = np.array([np.bincount(positions, rate * one, n_places) for one in said.T])
    curved[n_places:, :n_places] += mixed.reshape(said.shape[1], n_places)
    curved[:n_places, n_places:] = curved[n_places:, :n_places].T
    curved[n_places:, n_places:] += (said * rate[:, None]).T @ said
    curved += _LEAST * np.eye(len(guess))
    return curved, uphill - penalty @ guess
