"""What the use cases of lists need to know."""

from typing import Annotated

import msgspec

from recsvc.core.items.trending import TrendingParams
from recsvc.core.ranking.arrangement import ArrangementParams
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.profile import ProfileParams
from recsvc.params import setting
from recsvc.store.readers.frozen_lists import FrozenParams


class ListParams(msgspec.Struct, frozen=True):
    """How lists are made.

    Attributes:
        follow_weight: in score points.
        voices: who has a say in personal feeds.
    """

    profile: ProfileParams = ProfileParams()
    depth: Annotated[
        int,
        setting(
            "Items a ranked list reaches through its cursor.", name="feed_depth", ge=100, le=2000
        ),
    ] = 300
    frozen: FrozenParams = FrozenParams()
    replace_seen: Annotated[
        bool,
        setting(
            "Whether who has seen everything is shown it again, what they went for longest ago "
            "first, instead of nothing."
        ),
    ] = True
    blend: BlendParams = BlendParams()
    follow_weight: Annotated[
        float, setting("Weight of a topic, organisation or word that is followed.", ge=0)
    ] = 1.5
    arrangement: ArrangementParams = ArrangementParams()
    voices: tuple[Voice, ...] = VOICES

    @property
    def trending(self) -> TrendingParams:
        """How fast votes fade."""
        return self.blend.votes
