"""Off the feed: what a reader did to an item that keeps it from being recommended to them again."""

from collections.abc import Callable, Collection, Mapping

from recsvc.core.readers.kinds import Kind, Role, kind_named
from recsvc.core.readers.profile import Interaction
from recsvc.errors import SettingsError

EVERY_KIND = "*"

# When the latest thing was done that keeps an item off, µs; 0 when nothing does.
OffSince = Callable[[Interaction], int]


def off_since(names: Collection[str], kinds: Mapping[str, Kind]) -> OffSince:
    """Return what tells since when an interaction keeps its item off.

    Of what was done long ago the store keeps no more than that it was done, of signals alone: that keeps
    an item off where any signal does.

    Args:
        names: of the kinds that keep an item off.

    Raises:
        SettingsError: for a kind that does not exist, or that takes nothing off.
    """
    if EVERY_KIND in names:
        return _whenever
    found = [_known(name, kinds) for name in names]
    states = {kind.state for kind in found if kind.role is Role.STATE}
    signals = {kind.state for kind in found if kind.role is Role.SIGNAL}

    def since(interaction: Interaction) -> int:
        if not interaction.signals and not interaction.stands:
            return interaction.last_us if signals else 0
        on = [at_us for state, at_us in interaction.states.items() if state in states]
        done = [last for signal, (_, _, last) in interaction.signals.items() if signal in signals]
        return max([0, *on, *done])

    return since


def _whenever(interaction: Interaction) -> int:
    return interaction.last_us


def _known(name: str, kinds: Mapping[str, Kind]) -> Kind:
    kind = kind_named(name, kinds)
    if kind.role not in (Role.STATE, Role.SIGNAL):
        raise SettingsError(f"{name!r} takes nothing off a feed")
    return kind
