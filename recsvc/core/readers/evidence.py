"""Evidence: how much one reader's interaction with one item says about their taste.

    evidence = Σ weight · 2^(-age / half-life)                        over states that are on
             + Σ weight · log2(1 + amount) · 2^(-age / half-life)     over signals

where the amount of a signal is its `value` in units (minutes of reading) or else its count: the
tenth click says less than the first. A hidden item's evidence is the weight of `hide` alone.
"""

import math

from recsvc.clock import DAY_US
from recsvc.core.readers.kinds import HIDE
from recsvc.core.readers.profile import Interaction, ProfileParams


class Evidence:
    """Weighs interactions with the weights in force."""

    def __init__(self, params: ProfileParams) -> None:
        self._states = params.state_weights()
        self._signals = params.signal_weights()
        self._half_life_us = params.half_life_days * DAY_US

    def of(self, interaction: Interaction, now_us: int) -> float:
        """Return the evidence of an interaction; negative means dislike, 0 says nothing."""
        states = self._states
        if interaction.is_hidden:
            return states[HIDE]
        total, fades = 0.0, self._half_life_us > 0
        for state, at_us in interaction.states.items():
            if at_us > 0:
                weight = states.get(state, 0.0)
                total += weight * self._decay(now_us - at_us) if fades else weight
        for signal, (count, value_milli, last_us) in interaction.signals.items():
            weight, unit = self._signals.get(signal, (0.0, 0.0))
            amount = value_milli / 1000 / unit if unit > 0 and value_milli > 0 else count
            worth = weight * math.log2(1 + amount)
            total += worth * self._decay(now_us - last_us) if fades else worth
        return total

    def _decay(self, age_us: int) -> float:
        return float(2.0 ** (-max(0, age_us) / self._half_life_us))
