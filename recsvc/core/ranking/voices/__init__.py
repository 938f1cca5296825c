"""The voices of the blend, in the order of their say where two say the same: one file, one line each."""

import difflib

from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices.content import Content
from recsvc.core.ranking.voices.fresh import Fresh, News
from recsvc.core.ranking.voices.linear import Linear
from recsvc.core.ranking.voices.next import Next
from recsvc.core.ranking.voices.personal import Personal
from recsvc.core.ranking.voices.recent import Recent
from recsvc.core.ranking.voices.trending import Trending
from recsvc.core.ranking.voices.walk import Walk
from recsvc.errors import SettingsError

VOICES: tuple[Voice, ...] = (
    Personal(),
    Walk(),
    Recent(),
    Next(),
    Linear(),
    Content(),
    Trending("week"),
    Trending("day"),
    Trending("month"),
    Fresh(),
    News(),
)


def check_names(params: BlendParams) -> None:
    """Refuse weights of voices that there are none of.

    Raises:
        SettingsError: naming the voice that was likely meant.
    """
    names = [voice.name for voice in VOICES]
    for name in params.weights:
        if name not in names:
            nearest = difflib.get_close_matches(name, names, 1, cutoff=0)[0]
            problem = f"there is no voice {name!r}; did you mean {nearest!r}?"
            raise SettingsError(f"RECSVC_VOICE_WEIGHTS: {problem}")
