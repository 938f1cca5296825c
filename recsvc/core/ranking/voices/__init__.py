"""The voices of the blend, in the order of their say where two say the same: one file, one line each."""

from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices.content import Content
from recsvc.core.ranking.voices.fresh import Fresh
from recsvc.core.ranking.voices.personal import Personal
from recsvc.core.ranking.voices.trending import Trending
from recsvc.core.ranking.voices.walk import Walk

VOICES: tuple[Voice, ...] = (
    Personal(),
    Walk(),
    Content(),
    Trending(),
    Fresh(),
)
