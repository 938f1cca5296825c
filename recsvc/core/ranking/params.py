"""How loud each voice of the blend speaks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

from recsvc.core.items.trending import TrendingParams
from recsvc.params import setting

NOTHING: Mapping[str, float] = MappingProxyType({})


class BlendParams(msgspec.Struct, frozen=True):
    """How loud each voice speaks, in points of one standard deviation.

    Attributes:
        personal: of the folded-in factors.
        similar: of the walk for a reader with a long history.
        just_read: 1 doubles the walk from the latest item.
        content: of the similarity of texts for an item without interactions.
        content_floor: share of that weight which remains however many readers an item has.
        content_fade: readers of an item that take half of the rest away.
        votes: how fast those fade that are trending.
        weights: a voice that has no field here and is not named has its usual weight.
        half_at: how many interactions of a reader it takes to be heard with half of that; who is not
            named has its usual number.
    """

    personal: Annotated[
        float,
        setting("Weight of what like-minded readers went for.", name="personal_weight", ge=0),
    ] = 1.0
    similar: Annotated[
        float,
        setting(
            "Weight of where readers of the same items went on to.", name="similar_weight", ge=0
        ),
    ] = 0.5
    just_read: Annotated[
        float,
        setting(
            "How much louder the item read last leads on; 0: not at all.",
            name="just_read_boost",
            ge=0,
        ),
    ] = 1.0
    content: Annotated[
        float,
        setting("Weight of likeness to what the reader went for.", name="content_weight", ge=0),
    ] = 1.0
    content_floor: float = 0.5
    content_fade: float = 20.0
    trending: Annotated[
        float,
        setting(
            "Weight of a doubling of fresh votes in personal feeds.", name="trending_weight", ge=0
        ),
    ] = 0.15
    fresh: Annotated[
        float,
        setting(
            "Weight of having been listed just now in personal feeds.", name="fresh_weight", ge=0
        ),
    ] = 0.15
    fresh_half_life_days: Annotated[
        float,
        setting("Freshness halves in this time.", name="freshness_half_life_days", gt=0),
    ] = 14.0
    votes: TrendingParams = TrendingParams()
    weights: Annotated[
        dict[str, Annotated[float, msgspec.Meta(ge=0)]],
        setting(
            "Weights of voices that have no setting of their own, by name.", name="voice_weights"
        ),
    ] = msgspec.field(default_factory=dict)
    half_at: dict[str, float] = msgspec.field(default_factory=dict)

    def with_weights(
        self, weights: Mapping[str, float], half_at: Mapping[str, float] = NOTHING
    ) -> "BlendParams":
        """Return the same with other weights of some voices, by name, and other shares of them.

        Who was silenced stays silent, whatever others learned.
        """
        silent = {name for name in _WITH_A_FIELD if getattr(self, name) == 0}
        silent |= {name for name, weight in self.weights.items() if weight == 0}
        heard = {name: weight for name, weight in weights.items() if name not in silent}
        own = {name: heard.pop(name) for name in _WITH_A_FIELD if name in heard}
        return msgspec.structs.replace(
            self, **own, weights={**self.weights, **heard}, half_at={**self.half_at, **half_at}
        )


_WITH_A_FIELD = ("personal", "similar", "content", "trending", "fresh")
