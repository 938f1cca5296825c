"""How loud each voice of the blend speaks."""

import msgspec

from recsvc.clock import HOUR_US


class BlendParams(msgspec.Struct, frozen=True):
    """How loud each voice speaks, in points of one standard deviation.

    Attributes:
        personal: weight of the folded-in factors.
        similar: weight of the walk for a reader with a long history.
        similar_from: interactions at which the walk speaks with half its weight.
        just_read: how much louder the walk from the latest item is: 1 doubles it.
        content: weight of the similarity of texts for an item without interactions.
        content_floor: share of that weight which remains however many readers an item has.
        content_fade: readers of an item that take half of the rest away.
        trending: weight of one doubling of fresh votes.
        fresh: weight of having been listed just now.
        fresh_half_life_days: freshness halves in this time.
        trending_half_life_us: of the window whose votes count.
        weights: of voices that have no field here, by name; without one a voice has its usual weight.
    """

    personal: float = 1.0
    similar: float = 0.5
    similar_from: float = 5.0
    just_read: float = 1.0
    content: float = 1.0
    content_floor: float = 0.5
    content_fade: float = 20.0
    trending: float = 0.15
    fresh: float = 0.15
    fresh_half_life_days: float = 14.0
    trending_half_life_us: float = 36.0 * HOUR_US
    weights: dict[str, float] = msgspec.field(default_factory=dict)
