"""Deeds: what of an interaction still stands, as the kinds of events that made it."""

from collections.abc import Iterator

from recsvc.core.readers.kinds import KINDS, Kind, Role
from recsvc.core.readers.profile import Interaction

# A kind that only the settings know, and that has no words of its own.
LIKED = Kind(Role.SIGNAL, "")


def deeds(interaction: Interaction) -> Iterator[Kind]:
    """Yield the kinds of what a reader did to an item and that still stands, in the table's order."""
    states, signals = interaction.states, interaction.signals
    for kind in KINDS.values():
        is_on = kind.role is Role.STATE and states.get(kind.state, 0) > 0
        if is_on or (kind.role is Role.SIGNAL and kind.state in signals):
            yield kind


def deed(interaction: Interaction) -> Kind:
    """Return the first of them: what a reason names."""
    states, signals = interaction.states, interaction.signals
    for kind in KINDS.values():  # not by `deeds`: twice for each item of a feed
        if kind.role is Role.STATE:
            if states.get(kind.state, 0) > 0:
                return kind
        elif kind.role is Role.SIGNAL and kind.state in signals:
            return kind
    return LIKED
