"""What a profile says, as rows of Gorse's feedback: one per type and item.

Events that came by another door have no rows of their own. A row whose vote, save or hide was taken
back by another door has lost its ground.
"""

from collections.abc import Collection, Mapping

from recsvc.core.readers.gorse_feedback import kind_of
from recsvc.core.readers.kinds import Kind, Role
from recsvc.core.readers.profile import Profile

# Type, item, value, instant (µs).
Said = tuple[str, str, float, int]


def is_void(type_: str, at_us: int, item: str, profile: Profile, names: "Names") -> bool:
    """Return whether a row stands for a state that was switched off since."""
    state = names.state_of(type_)
    for interaction in profile.interactions:
        if interaction.item == item:
            return interaction.states.get(state, 0) <= -at_us
    return False


def said_by(profile: Profile, known: Collection[tuple[str, str]], names: "Names") -> list[Said]:
    """Return what a profile says beyond the rows that there are.

    Args:
        known: (state or signal, item) of those rows.
    """
    found: list[Said] = []
    for interaction in profile.interactions:
        item = interaction.item
        for state, at_us in interaction.states.items():
            if at_us > 0 and (state, item) not in known:
                found.append((names.type_of(state), item, 0.0, at_us))
        for signal, (_, value_milli, last_us) in interaction.signals.items():
            if (signal, item) not in known:
                found.append((names.type_of(signal), item, value_milli / 1000, last_us))
    for item, at_us in profile.shown.items():
        if (_SHOWN, item) not in known:
            found.append((names.type_of(_SHOWN), item, 0.0, at_us))
    return found


_SHOWN = "impression"


class Names:
    """Types of feedback and what they stand for.

    Args:
        types: the kind of each type.
        own: the types of a site's own among them, which go before the name of the kind itself.
    """

    def __init__(
        self, types: Mapping[str, str], own: Mapping[str, str], kinds: Mapping[str, Kind]
    ) -> None:
        self._types = types
        self._kinds = kinds
        on = {k.state: name for name, k in kinds.items() if k.role is not Role.CLEAR}
        theirs = {kind: type_ for type_, kind in own.items() if type_ != "*"}
        self._names = {state: theirs.get(kind, kind) for state, kind in on.items()}

    def type_of(self, state: str) -> str:
        """Return the type under which a state or signal is listed."""
        return self._names.get(state, state)

    def kind_of(self, type_: str) -> str:
        """Return the kind of event that a type is."""
        return kind_of(type_, self._types)

    def state_of(self, type_: str) -> str:
        """Return the state or signal that a type switches or adds to."""
        return self._kinds[kind_of(type_, self._types)].state
