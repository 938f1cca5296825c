"""Kinds of events: what each does to a profile, and how much it says about taste.

A kind plays one of four roles:

    state     switches a state of (user, item) on: `upvote`, `save`, `hide`
    clear     switches it off again: `unvote`, `unsave`, `unhide`
    signal    adds up: `click`, `read`, `share`, and any kind a site invents
    exposure  says that an item was shown, nothing about taste: `impression`

Of a state only the latest event by its own time counts, in whatever order events arrive; at equal
times the clearing one wins, so that the outcome never depends on the order.
"""

import enum
from collections.abc import Iterable, Mapping

import msgspec

from recsvc.errors import SettingsError


class Role(enum.StrEnum):
    """What an event of a kind does to the profile."""

    STATE = "state"
    CLEAR = "clear"
    SIGNAL = "signal"
    EXPOSURE = "exposure"


class Kind(msgspec.Struct, frozen=True):
    """How events of one kind count.

    Attributes:
        role: what an event does to the profile.
        state: name of the state switched on or cleared, or of the signal that adds up.
        weight: evidence of one event; negative means dislike. A `clear` has none of its own.
        unit: the `value` that counts as one event, e.g. 60 seconds of reading; 0 ignores values.
        done: what a reader did, in the past: the reason is `because_you_{done}`.
        words: the same for people, where they would use another word.
    """

    role: Role
    state: str
    weight: float = 0.0
    unit: float = 0.0
    done: str = "liked"
    words: str = ""

    @property
    def reason(self) -> str:
        """The kind of reason that an event of this kind is."""
        return f"because_you_{self.done}"

    @property
    def did(self) -> str:
        """What a reader did, in words."""
        return self.words or self.done


# Of several things done to one item, the first in this table is the reason.
KINDS: dict[str, Kind] = {
    "upvote": Kind(Role.STATE, "upvote", weight=4.0, done="upvoted"),
    "unvote": Kind(Role.CLEAR, "upvote"),
    "save": Kind(Role.STATE, "save", weight=3.0, done="saved"),
    "unsave": Kind(Role.CLEAR, "save"),
    "share": Kind(Role.SIGNAL, "share", weight=3.0, done="shared"),
    "read": Kind(Role.SIGNAL, "read", weight=1.0, unit=60.0, done="read"),
    "click": Kind(Role.SIGNAL, "click", weight=1.0, done="clicked", words="opened"),
    "hide": Kind(Role.STATE, "hide", weight=-4.0, done="hidden"),
    "unhide": Kind(Role.CLEAR, "hide"),
    "impression": Kind(Role.EXPOSURE, "impression"),
}

_MOST = 1e6  # evidence is added up and squared in 32 bits

UPVOTE, SAVE, HIDE = "upvote", "save", "hide"


def kinds_with(weights: dict[str, float]) -> dict[str, Kind]:
    """Return the table of kinds with some weights replaced; unknown names become new signals.

    Raises:
        SettingsError: for a kind that carries no weight of its own, a weight beyond all measure, and a
            `hide` that likes.
    """
    table = dict(KINDS)
    for name, weight in weights.items():
        known = table.get(name, Kind(Role.SIGNAL, name))
        if known.role in (Role.CLEAR, Role.EXPOSURE):
            raise SettingsError(f"kind {name!r} carries no weight of its own")
        if not abs(weight) <= _MOST:
            raise SettingsError(f"the weight of {name!r} is beyond {_MOST:,.0f}")
        if known.state == HIDE and weight > 0:
            raise SettingsError("the weight of 'hide' cannot be positive")
        table[name] = msgspec.structs.replace(known, weight=float(weight))
    return table


def with_units(table: Mapping[str, Kind], units: Mapping[str, float]) -> dict[str, Kind]:
    """Return a table of kinds with some units replaced: what a site earns or counts then says how much.

    Raises:
        SettingsError: for a kind that there is none of, or that does not add up, and a unit that is no
            amount.
    """
    found = dict(table)
    for name, unit in units.items():
        known = kind_named(name, table)
        if known.role is not Role.SIGNAL:
            raise SettingsError(f"{name!r} does not add up, so that it has no unit")
        if not 0 <= unit <= _MOST:
            raise SettingsError(f"the unit of {name!r} is not between 0 and {_MOST:,.0f}")
        found[name] = msgspec.structs.replace(known, unit=float(unit))
    return found


def kind_named(name: str, kinds: Mapping[str, Kind]) -> Kind:
    """Return a kind that a setting names.

    Raises:
        SettingsError: when there is none.
    """
    if name not in kinds:
        raise SettingsError(f"there is no kind {name!r}; known are {', '.join(kinds)}")
    return kinds[name]


def check_beside_votes(names: Iterable[str], kinds: Mapping[str, Kind]) -> None:
    """Refuse kinds that trending cannot count.

    Raises:
        SettingsError: for one that does not exist, that is a vote or a dislike, or that does nothing.
    """
    for name in names:
        role = kind_named(name, kinds).role
        if role not in (Role.SIGNAL, Role.STATE) or name in (UPVOTE, HIDE):
            raise SettingsError(f"trending cannot count {name!r} beside votes")
