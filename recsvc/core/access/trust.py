"""Trust: who vouches for an event, and how much it says about items to others.

A secret key, a reader's token and a file that the operator imports vouch for one reader behind each id.
Anybody can invent as many anonymous sessions and page visitors as they like. What these do shapes their
own feeds in full; on boards it counts nothing once a key exists, and in training little and within
bounds, so that a thousand invented readers move no item further than its known readers let them.

While no key exists the service is its owner's own, on their machine, and everything counts.
"""

import enum
from collections.abc import Mapping
from typing import Annotated

import msgspec

from recsvc.core.access.caller import CallerKind, is_anonymous
from recsvc.errors import SettingsError
from recsvc.params import setting

# Ids that our own pages gave out while no key existed, and those of the demo.
OWN_PREFIXES = ("visitor-", "simulated-")


class Trust(enum.StrEnum):
    """Who vouches for an event."""

    SECRET = enum.auto()
    TOKEN = enum.auto()
    IMPORT = enum.auto()
    OPEN = enum.auto()
    SESSION = enum.auto()
    PAGE = enum.auto()

    @property
    def is_vouched(self) -> bool:
        """Whether somebody stands for one reader behind the id."""
        return self not in UNVOUCHED


UNVOUCHED = (Trust.SESSION, Trust.PAGE)
_OF_CALLER = {
    CallerKind.OPEN: Trust.OPEN,
    CallerKind.OWNER: Trust.OPEN,
    CallerKind.SECRET: Trust.SECRET,
    CallerKind.TOKEN: Trust.TOKEN,
    CallerKind.PUBLISHABLE: Trust.SESSION,
    CallerKind.NOBODY: Trust.SESSION,
}


def trust_in(caller: CallerKind) -> Trust:
    """Return who vouches for what a caller sends."""
    return _OF_CALLER[caller]


def implied(user: str) -> Trust:
    """Return what an id says by itself, where nothing else is known: of events of former releases."""
    if is_anonymous(user):
        return Trust.SESSION
    return Trust.PAGE if user.startswith(OWN_PREFIXES) else Trust.SECRET


def trust_of(user: str, stored: str | None) -> Trust:
    """Return who vouches for an event, as it was logged; nobody does for an anonymous session."""
    try:
        found = implied(user) if stored is None else Trust(stored)
    except ValueError:
        return implied(user)  # of a newer version
    return Trust.SESSION if is_anonymous(user) and found.is_vouched else found


def mark_of(user: str, trust: Trust) -> str:
    """Return what is kept beside a vote: nothing where the id says it."""
    return "" if trust is implied(user) else trust.value


def board_weights(given: Mapping[str, float]) -> dict[str, float]:
    """Return what a vote is worth on boards by who vouches for it.

    Raises:
        SettingsError: for an unknown class, or a weight beyond 0 to 1.
    """
    return _weights({t: float(t.is_vouched) for t in Trust}, given)


def training_weights(given: Mapping[str, float]) -> dict[str, float]:
    """Return what evidence is worth in training by who vouches for it.

    Raises:
        SettingsError: for an unknown class, or a weight beyond 0 to 1.
    """
    return _weights({t: 1.0 if t.is_vouched else 0.1 for t in Trust}, given)


def _weights(defaults: dict[Trust, float], given: Mapping[str, float]) -> dict[str, float]:
    found = {trust.value: weight for trust, weight in defaults.items()}
    for name, weight in given.items():
        if name not in found:
            raise SettingsError(f"nobody vouches as {name!r}; known are {', '.join(found)}")
        if not 0 <= weight <= 1:
            raise SettingsError(f"the weight of {name!r} is not between 0 and 1")
        found[name] = float(weight)
    return found


class TrustParams(msgspec.Struct, frozen=True):
    """How much training believes those for whom nobody vouches, once a key exists."""

    weights: Annotated[
        dict[str, float],
        setting(
            "Weight of evidence in training by who vouches for it, once a key exists, 0 to 1, e.g. "
            '`{"session": 0.5}`.',
            name="trust_in_training",
            check=training_weights,
        ),
    ] = msgspec.field(default_factory=dict)
    unvouched_share: Annotated[
        float,
        setting(
            "Unvouched evidence of an item is heard up to this share of its vouched evidence …",
            ge=0,
        ),
    ] = 0.05
    unvouched_evidence: Annotated[
        float, setting("… and this much beside; a click is 1, an upvote 4.", ge=0)
    ] = 1.0
    unvouched_per_network: Annotated[
        int,
        setting("Unvouched readers of one /24 or /48 who are heard about an item.", ge=1),
    ] = 2
