"""Profiles: what one reader did to each item, as states and signals.

The store keeps one msgpack map per (user, item):

    {"upvote": 1763650000000000,          a state: on since that instant (µs) …
     "hide": -1763650000000000,           … or off since then
     "click": [3, 0, 1763650000000000],   a signal: events, thousandths of `value`, latest instant

     "": [0, 0, 1763650000000000]}        that it was acted on; the details are forgotten

Both merge in any order: a state keeps its latest instant, a signal adds up.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from recsvc.core.access.trust import TrustParams
from recsvc.core.items.aliases import Aliases
from recsvc.core.readers.events import Entry
from recsvc.core.readers.fatigue import FatigueParams
from recsvc.core.readers.kinds import HIDE, Kind, Role, kinds_with, with_units
from recsvc.core.readers.preferences import NO_PREFERENCES, Preferences
from recsvc.params import setting

ACTED_ON = ""
MORE_ACTED_ON = 4

_decode = msgspec.msgpack.Decoder(dict[str, int | tuple[int, int, int]]).decode


class Interaction(msgspec.Struct, frozen=True):
    """All that a reader did to one item.

    Attributes:
        states: state -> instant it was switched on (positive) or off (negative), µs.
        signals: signal -> (events, thousandths of `value`, latest instant in µs).
        last_us: the instant of the latest thing that still stands; 0 when nothing does.
    """

    item: str
    states: dict[str, int]
    signals: dict[str, tuple[int, int, int]]
    last_us: int

    @property
    def is_hidden(self) -> bool:
        """Whether the reader asked never to see the item again."""
        return self.states.get(HIDE, 0) > 0

    @property
    def stands(self) -> bool:
        """Whether a state is on: a vote, a save, a hide. Such an interaction is never forgotten."""
        return any(at_us > 0 for at_us in self.states.values())

    @property
    def is_acted_on(self) -> bool:
        """Whether the reader did something to the item that still stands."""
        return self.last_us > 0


class Profile(msgspec.Struct, frozen=True):
    """One reader's interactions, and what they were shown lately.

    Attributes:
        shown: item -> latest instant an impression of it was reported, µs.
        preferences: what they follow and mute.
    """

    interactions: list[Interaction]
    shown: dict[str, int]
    preferences: Preferences = NO_PREFERENCES

    @property
    def is_empty(self) -> bool:
        """Whether the reader did nothing and was shown nothing; they may follow something."""
        return not self.interactions and not self.shown


NOBODY = Profile([], {})


def decode_interaction(item: str, packed: bytes) -> Interaction:
    """Decode what the store keeps of one (user, item)."""
    states: dict[str, int] = {}
    signals: dict[str, tuple[int, int, int]] = {}
    last = 0
    for name, value in _decode(packed).items():
        if isinstance(value, int):
            states[name] = at = value
        else:
            at = value[2]
            if name != ACTED_ON:
                signals[name] = value
        if at > last:
            last = at
    return Interaction(item, states, signals, last)


def decode_profile(fields: Mapping[bytes, bytes], shown: Mapping[bytes, float]) -> Profile:
    """Decode a stored profile: item -> packed interaction, and item -> instant shown."""
    return Profile(
        [decode_interaction(item.decode(), packed) for item, packed in fields.items()],
        {item.decode(): int(at_us) for item, at_us in shown.items()},
    )


def resolved(profile: Profile, aliases: Aliases) -> Profile:
    """Return a profile in which every item goes by its id.

    What a reader did under several names of an item is put together as if it had been one name all
    along: profiles need not be rewritten when two items turn out to be one.
    """
    names = aliases.names
    if not names or (
        not any(interaction.item in names for interaction in profile.interactions)
        and names.isdisjoint(profile.shown)
    ):
        return profile
    interactions: dict[str, Interaction] = {}
    for interaction in profile.interactions:
        item = aliases.resolve(interaction.item)
        known = interactions.get(item)
        interactions[item] = (
            msgspec.structs.replace(interaction, item=item)
            if known is None
            else together(known, interaction)
        )
    shown: dict[str, int] = {}
    for name, at_us in profile.shown.items():
        item = aliases.resolve(name)
        shown[item] = max(at_us, shown.get(item, 0))
    return msgspec.structs.replace(profile, interactions=list(interactions.values()), shown=shown)


def together(a: Interaction, b: Interaction) -> Interaction:
    """Return what two interactions with one item make, by the item's name in the first."""
    states = dict(a.states)
    for state, at_us in b.states.items():
        # The later one; at equal times the negative one, which says "off".
        states[state] = max(states.get(state, 0), at_us, key=lambda at: (abs(at), -at))
    signals = dict(a.signals)
    for signal, (n, value, last) in b.signals.items():
        n_a, value_a, last_a = signals.get(signal, (0, 0, 0))
        signals[signal] = (n_a + n, value_a + value, max(last_a, last))
    last_us = max([0, *states.values(), *(last for _, _, last in signals.values())])
    return Interaction(a.item, states, signals, last_us)


class ProfileParams(msgspec.Struct, frozen=True):
    """How evidence is drawn from an interaction.

    Attributes:
        trust: how much of it others' feeds follow.
        fatigue: what is made of having been shown something.
    """

    kind_weights: Annotated[
        dict[str, float],
        setting(
            'Weights of kinds of events, e.g. `{"click": 0.5, "purchase": 8}`.', check=kinds_with
        ),
    ] = msgspec.field(default_factory=dict)
    kind_units: Annotated[
        dict[str, float],
        setting(
            "The `value` that counts as one event of a kind that adds up, e.g. "
            '`{"purchase": 20, "read": 60}`; 0: each event counts as one.'
        ),
    ] = msgspec.field(default_factory=dict)
    off_feed: Annotated[
        tuple[str, ...],
        setting(
            "Kinds of events that take an item off the feeds and mails of who did them, e.g. "
            '`["upvote"]`; `["*"]`: every kind, `[]`: none. What is hidden never comes back.',
            name="off_feed_kinds",
        ),
    ] = ("*",)
    trust: TrustParams = TrustParams()
    fatigue: FatigueParams = FatigueParams()
    half_life_days: Annotated[
        float,
        setting(
            "Evidence loses half its weight in this time; 0: never.",
            name="evidence_half_life_days",
            ge=0,
        ),
    ] = 0.0

    @property
    def kinds(self) -> dict[str, Kind]:
        """The table of kinds with the weights and units in force.

        Raises:
            SettingsError: when a unit fits no kind.
        """
        return with_units(kinds_with(self.kind_weights), self.kind_units)

    def state_weights(self) -> dict[str, float]:
        """Return the weight of each state."""
        return {k.state: k.weight for k in self.kinds.values() if k.role is Role.STATE}

    def signal_weights(self) -> dict[str, tuple[float, float]]:
        """Return (weight, unit) of each signal."""
        return {k.state: (k.weight, k.unit) for k in self.kinds.values() if k.role is Role.SIGNAL}


def profile_of(entries: Iterable[Entry], kinds: Mapping[str, Kind]) -> Profile:
    """Fold events into a profile, as the store does; for histories that are not stored.

    The reference for what the server-side function must do, whatever the order of the events.
    """
    states: dict[str, dict[str, int]] = {}
    signals: dict[str, dict[str, tuple[int, int, int]]] = {}
    shown: dict[str, int] = {}
    for e in entries:
        kind = kinds[e.kind]
        if kind.role is Role.EXPOSURE:
            shown[e.item] = max(shown.get(e.item, 0), e.at_us)
        elif kind.role is Role.SIGNAL:
            n, value, last = signals.setdefault(e.item, {}).get(kind.state, (0, 0, 0))
            value += e.value_milli or 0
            signals[e.item][kind.state] = (n + 1, value, max(last, e.at_us))
        else:
            old = states.setdefault(e.item, {}).get(kind.state, 0)
            is_clear = kind.role is Role.CLEAR
            if e.at_us > abs(old) or (e.at_us == abs(old) and is_clear):
                states[e.item][kind.state] = -e.at_us if is_clear else e.at_us
    items = dict.fromkeys([*states, *signals])
    found = [(i, states.get(i, {}), signals.get(i, {})) for i in items]
    return Profile(
        [
            Interaction(i, s, g, max([0, *s.values(), *(last for _, _, last in g.values())]))
            for i, s, g in found
        ],
        shown,
    )


def bounded(profile: Profile, n_items: int, n_shown: int) -> Profile:
    """Return what a profile keeps: the reference for what the server-side function prunes.

    Args:
        n_items: interactions kept in detail, the latest; what stands goes beyond it. Of four times as
            many others it is kept that they were acted on.
        n_shown: impressions kept, the latest.
    """
    standing = [i for i in profile.interactions if i.stands]
    others = sorted(
        (i for i in profile.interactions if not i.stands), key=lambda i: (-i.last_us, i.item)
    )
    n_detailed = max(0, n_items - len(standing))
    remembered = others[n_detailed : n_detailed + MORE_ACTED_ON * n_items]
    acted_on = [Interaction(i.item, {}, {}, i.last_us) for i in remembered if i.is_acted_on]
    shown = sorted(profile.shown.items(), key=lambda pair: (-pair[1], pair[0]))
    kept = [*standing, *others[:n_detailed], *acted_on]
    return msgspec.structs.replace(profile, interactions=kept, shown=dict(shown[:n_shown]))


def latest(profile: Profile, n_items: int) -> Profile:
    """Return what the profile of a stranger keeps: the latest interactions, whatever stands."""
    ordered = sorted(profile.interactions, key=lambda i: (-i.last_us, i.item))
    return msgspec.structs.replace(profile, interactions=ordered[:n_items])


def packed(interaction: Interaction) -> dict[str, object]:
    """Return what the store keeps of an interaction."""
    known: dict[str, object] = {**interaction.states, **interaction.signals}
    return known or {ACTED_ON: (0, 0, interaction.last_us)}
