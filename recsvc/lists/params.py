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


class KeptParams(msgspec.Struct, frozen=True):
    """For how long a feed may be answered again, and how much is kept for that."""

    epoch_s: Annotated[
        float,
        setting(
            "A reader's feed is answered again for so long while nothing changed for them: others' "
            "votes may move it that late; 0: it is made anew each time.",
            name="feed_cache_s",
            ge=0,
        ),
    ] = 30.0
    megabytes: Annotated[
        int,
        setting(
            "Memory of each process for feeds that may be answered again: about 30 full ones per MB.",
            name="feed_cache_mb",
            ge=0,
        ),
    ] = 32


class ExposureParams(msgspec.Struct, frozen=True):
    """Of whom is kept what they were shown."""

    share: Annotated[
        float,
        setting(
            "Share of readers whose lists served are kept as exposures, for attribution and "
            "experiments; 0: nobody's.",
            name="exposure_share",
            ge=0,
            le=1,
        ),
    ] = 1.0


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
    kept: KeptParams = KeptParams()
    exposures: ExposureParams = ExposureParams()
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
