"""The reader as ranking sees them: rows and evidence instead of ids and events."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.choices import Seen
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.readers.evidence import Evidence
from recsvc.core.readers.fatigue import Fatigue, FatigueParams, fatigue
from recsvc.core.readers.off_feed import OffSince, off_since
from recsvc.core.readers.preferences import NO_PREFERENCES, Preferences, RowsWith, lift, muted
from recsvc.core.readers.profile import Interaction, Profile, ProfileParams, resolved

# How `seen` limits what comes back; None stands for ever.
SEEN_US: dict[Seen, int | None] = {
    "7d": 7 * 86_400_000_000,
    "30d": 30 * 86_400_000_000,
    "forever": None,
    "show": 0,
}

_JUST_NOW_US = 5_000_000


class Tastes(msgspec.Struct, frozen=True):
    """What is made of a profile.

    Attributes:
        evidence: how much interactions say.
        off_since: whether they keep an item off the feed.
        fatigue: how far what was passed over steps back.
    """

    evidence: Evidence
    off_since: OffSince
    fatigue: FatigueParams

    @classmethod
    def of(cls, params: ProfileParams) -> "Tastes":
        """Return what the settings say."""
        return cls(Evidence(params), off_since(params.off_feed, params.kinds), params.fatigue)


class Reader(msgspec.Struct, frozen=True):
    """One reader's history by row.

    Attributes:
        rows: (m,) items with evidence that are in the catalogue, latest last.
        evidence: (m,) never 0.
        interactions: the m interactions behind them.
        visible: (m,) which of the items the public can see; None: all of them.
        excluded: rows that must not be listed: hidden, acted on, seen, muted, their own.
        again: those of them that may come again when nothing else is left - acted on or seen, neither
            hidden nor muted - least recently first.
        missing: items they have just acted on that the catalogue does not have.
        lift: (catalogue.n,) score points for what they follow; None when that is nothing.
        preferences: what they follow and mute.
        tired: what they were shown and passed over; None when that is nothing.
    """

    rows: NDArray[np.int64]
    evidence: NDArray[np.float32]
    interactions: list[Interaction]
    excluded: list[int]
    missing: list[str] = []
    again: list[int] = []
    lift: NDArray[np.float32] | None = None
    preferences: Preferences = NO_PREFERENCES
    visible: NDArray[np.bool_] | None = None
    tired: Fatigue | None = None

    @property
    def shift(self) -> NDArray[np.float32] | None:
        """Score points by row for what they follow, less what they are tired of; 0 of rows beyond."""
        if self.tired is None:
            return self.lift
        n_lifted = 0 if self.lift is None else len(self.lift)
        shift = -self.tired.of(max(n_lifted, int(self.tired.rows[-1]) + 1))
        if self.lift is not None:
            shift[:n_lifted] += self.lift
        return shift

    @property
    def may_be_named(self) -> NDArray[np.bool_]:
        """(m,) which items of the history reasons may name."""
        return np.ones(len(self.rows), bool) if self.visible is None else self.visible


def with_preferences(
    who: Reader,
    preferences: Preferences,
    catalogue: Catalogue,
    rows_with: RowsWith,
    weight: float,
) -> Reader:
    """Return a reader for whom nothing muted is listed and what they follow is lifted.

    Args:
        weight: score points of one thing followed.
    """
    if preferences.is_empty:
        return who
    unwanted = muted(preferences, catalogue, rows_with).tolist()
    never = set(unwanted)
    return msgspec.structs.replace(
        who,
        excluded=who.excluded + unwanted,
        again=[row for row in who.again if row not in never],
        lift=lift(preferences, catalogue, rows_with, weight),
        preferences=preferences,
    )


def without_own(who: Reader, owned: list[int]) -> Reader:
    """Return a reader to whom nothing of their own is recommended, not even if nothing else is left."""
    if not owned:
        return who
    mine = set(owned)
    again = [row for row in who.again if row not in mine]
    return msgspec.structs.replace(who, excluded=who.excluded + owned, again=again)


def reader(
    profile: Profile, catalogue: Catalogue, tastes: Tastes, now_us: int, seen: Seen | None
) -> Reader:
    """Translate a profile.

    Args:
        seen: None leaves out whatever was acted on so that it is off the feed, and what was shown and
            passed over steps back; `7d`, `30d` and `forever`
            leave out what was in that time, or was shown; `show` leaves out nothing but hidden items.
    """
    window_us = None if seen is None else SEEN_US[seen]
    profile = resolved(profile, catalogue.aliases)  # a history sent along may use any name
    known: list[tuple[int, int, float, Interaction]] = []
    seen_us: dict[int, int] = {}
    hidden: set[int] = set()
    missing: list[str] = []
    rows, weigh, off_since = catalogue.rows, tastes.evidence.of, tastes.off_since
    touched: set[int] = set()
    for interaction in profile.interactions:
        row = rows.get(interaction.item)
        last_us = interaction.last_us
        if row is None:
            if now_us - last_us < _JUST_NOW_US:
                missing.append(interaction.item)
            continue
        if last_us:
            touched.add(row)
        weight = weigh(interaction, now_us)
        if weight != 0:
            known.append((last_us, row, weight, interaction))
        if interaction.is_hidden:
            hidden.add(row)
        elif (off_us := off_since(interaction)) and _within(off_us, window_us, now_us):
            seen_us[row] = off_us
    shown = {rows[item]: at_us for item, at_us in profile.shown.items() if item in rows}
    passed_over: dict[int, int] = {}
    if seen is None:
        passed_over = {row: at_us for row, at_us in shown.items() if row not in touched}
    else:
        for row, at_us in shown.items():
            if _within(at_us, window_us, now_us):
                seen_us[row] = max(at_us, seen_us.get(row, 0))
    known.sort(key=lambda k: k[:2])
    history = np.array([k[1] for k in known], np.int64)
    return Reader(
        history,
        np.array([k[2] for k in known], np.float32),
        [k[3] for k in known],
        [*hidden, *seen_us],
        missing,
        sorted(seen_us.keys() - hidden, key=lambda row: (seen_us[row], row)),
        visible=catalogue.visible[history],
        tired=fatigue(passed_over, tastes.fatigue, now_us),
    )


def _within(at_us: int, window_us: int | None, now_us: int) -> bool:
    return window_us is None or now_us - at_us < window_us
