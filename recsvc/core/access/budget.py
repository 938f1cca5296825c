"""Budget: what those for whom nobody vouches may leave, all of them together, and for how long.

Whoever drops a cookie is somebody else, so that no bound per stranger bounds anything by itself: there
is one on how many are remembered, and the ones longest silent go first. A flood pushes out other
strangers; it takes no place from readers whom somebody vouches for.
"""

from typing import Annotated, Literal

import msgspec

from recsvc.params import setting

MAX_PREFERENCES = 50

Unknown = Literal["refuse", "keep", "take"]


class BudgetParams(msgspec.Struct, frozen=True):
    """How much is kept of strangers.

    Attributes:
        items: and impressions, and what they follow and mute.
    """

    readers: Annotated[
        int,
        setting(
            "Anonymous sessions and visitors remembered at a time; the longest silent go first.",
            name="anonymous_readers",
            ge=64,
        ),
    ] = 100_000
    items: Annotated[
        int,
        setting(
            "Interactions and impressions kept of each of them, the latest, whatever stands.",
            name="anonymous_items",
            ge=10,
        ),
    ] = 200
    preference_days: Annotated[
        float,
        setting(
            "What they follow and mute, and their private address, end so long after they were "
            "last changed or used.",
            name="anonymous_preference_days",
            gt=0,
        ),
    ] = 30.0
    event_ids: Annotated[
        int,
        setting(
            "Event ids of theirs that are remembered at a time, at most twice that.",
            name="anonymous_event_ids",
            ge=64,
        ),
    ] = 1_000_000
    unknown_items: Annotated[
        Unknown,
        setting(
            "Events of theirs for items that are not in the catalogue: `refuse` them; `keep` their "
            "counts for a week, of 10,000 items at most, until the item comes; or `take` them as "
            "anybody's.",
        ),
    ] = "keep"


BUDGET = BudgetParams()
