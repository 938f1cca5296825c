"""Preferences: the topics, organisations and words that a reader follows or mutes.

What is muted is never listed for the reader; what is followed is lifted, and first for readers of whom
nothing else is known. Where both apply, muting wins.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.labels import folded

Rows = NDArray[np.int64]
Stance = Literal["follow", "mute"]
Stances = dict[str, Stance]

# Finds the rows whose title or text has a word, or several in a row, in any grammatical form.
RowsWith = Callable[[str], Rows]


class Preferences(msgspec.Struct, frozen=True):
    """What one reader follows and mutes, by name.

    Attributes:
        organisations: by slug.
        words: words or phrases of titles and texts, in any grammatical form.
    """

    topics: Stances = msgspec.field(default_factory=dict)
    organisations: Stances = msgspec.field(default_factory=dict)
    words: Stances = msgspec.field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the reader follows and mutes nothing."""
        return not (self.topics or self.organisations or self.words)

    def followed_in(self, item: StoredItem) -> str | None:
        """Return the name of a topic or organisation of an item that the reader follows."""
        followed = {folded(topic) for topic, stance in self.topics.items() if stance == "follow"}
        for topic in item.shown_topics if followed else ():
            if folded(topic) in followed:
                return topic
        organisation = item.organisation
        if organisation is not None and self.organisations.get(organisation.slug) == "follow":
            return organisation.name
        return None


NO_PREFERENCES = Preferences()


def muted(preferences: Preferences, catalogue: Catalogue, rows_with: RowsWith) -> Rows:
    """Return the rows that must not be listed for the reader, ascending."""
    found = _rows(preferences, "mute", catalogue, rows_with)
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def lift(
    preferences: Preferences, catalogue: Catalogue, rows_with: RowsWith, weight: float
) -> NDArray[np.float32] | None:
    """Return (n,) score points for what the reader follows; None when they follow nothing.

    Args:
        weight: points of one thing followed; of n things w · log2(1 + n), each further adds less.
    """
    found = _rows(preferences, "follow", catalogue, rows_with)
    if not found:
        return None
    times = np.bincount(np.concatenate(found), minlength=catalogue.n)
    return (weight * np.log2(1 + times)).astype(np.float32)


def _rows(
    preferences: Preferences, stance: Stance, catalogue: Catalogue, rows_with: RowsWith
) -> list[Rows]:
    """Return, for each thing that the reader takes that stance on, the rows that have it."""
    found = [catalogue.topics.rows([t]) for t in _names(preferences.topics, stance)]
    slugs = _names(preferences.organisations, stance)
    found += [catalogue.organisations.rows([slug]) for slug in slugs]
    words = [rows_with(word) for word in _names(preferences.words, stance)]
    # The index may know items a moment before the catalogue does.
    return found + [rows[rows < catalogue.n] for rows in words]


def _names(stances: Mapping[str, Stance], stance: Stance) -> list[str]:
    return [name for name, taken in stances.items() if taken == stance]
