"""The ranker: what a reader's own lists share - the blend for who is known, a cold start otherwise."""

from collections.abc import Callable

import msgspec

from recsvc.clock import HOUR_US, now_us, this_minute_us
from recsvc.core.items.catalogue import Catalogue, Mask
from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Blend, Common, Ranking, common
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.public_lists import Fading, cold_list
from recsvc.core.ranking.tuning import AS_USUAL, Tuning
from recsvc.core.readers.reader import Reader
from recsvc.errors import NotFiniteError
from recsvc.lists.audience import Audience
from recsvc.lists.params import ListParams
from recsvc.lists.shapes import ListSource
from recsvc.live.view import Live

# Of so many tunings what is true for everybody is kept: those of experiments, and the usual one.
_MOST_SHARED = 16


class _Shared(msgspec.Struct, frozen=True):
    """What is true for everybody, and what it was computed from."""

    catalogue: Catalogue
    version: int
    model: Model
    hour: int
    blend: BlendParams
    common: Common


class Ranked(msgspec.Struct, frozen=True):
    """A ranking for a reader.

    Attributes:
        is_sound: False when the reader's own came to no number, and this stands in for it.
    """

    ranking: Ranking
    source: ListSource
    is_sound: bool = True


class Ranker:
    """Ranks for readers.

    Attributes:
        observe_not_finite: told of each personal ranking that came to no number.
    """

    def __init__(self, live: Live, params: ListParams) -> None:
        self._live = live
        self._params = params
        self._shared: dict[Tuning, _Shared] = {}
        self.observe_not_finite: Callable[[], object] = lambda: None

    def ranked(
        self, audience: Audience, candidates: Mask, depth: int, tuned: Tuning = AS_USUAL
    ) -> Ranked:
        """Return some candidates in the reader's order, without what must not be shown.

        Args:
            tuned: what is otherwise than usual.
        """
        who = audience.reader
        own = self._personal(who, tuned, candidates, depth)
        if own is not None:
            return Ranked(own, "personal")
        fading = Fading("month", self._params.trending.half_life_us("month"), this_minute_us())
        allowed = audience.allowed(candidates)
        found = cold_list(self._live.catalogue, fading, allowed, depth, who)
        is_trending = len(found.rows) > 0 and found.scores[0] != 0
        return Ranked(found, "trending" if is_trending else "new", not self._is_known(who))

    def with_voices(self, ranking: Ranking, who: Reader, tuned: Tuning) -> Ranking:
        """Return a ranking of earlier with what speaks for its reader now, for its reasons."""
        again = self._personal(who, tuned, self._live.catalogue.visible, 1)
        voices = None if again is None else again.voices
        return msgspec.structs.replace(ranking, voices=voices)

    def _personal(self, who: Reader, tuned: Tuning, candidates: Mask, depth: int) -> Ranking | None:
        """Return a reader's own ranking; None for somebody unknown, or when no number comes of it."""
        if not self._is_known(who):
            return None
        try:
            return self._blend(tuned, now_us()).rank(who, candidates, depth)
        except NotFiniteError:
            self.observe_not_finite()
            return None

    def _is_known(self, who: Reader) -> bool:
        """Return whether the model knows anything that the reader did."""
        return len(who.rows) > 0 and bool((who.rows < self._live.model.n).any())

    def _blend(self, tuned: Tuning, now: int) -> Blend:
        """Return what ranks readers; what is true for everybody is computed only when it changed."""
        catalogue, model = self._live.catalogue, self._live.model_of(tuned.snapshot)
        known, hour = self._shared.pop(tuned, None), now // HOUR_US
        if (
            known is None
            or known.catalogue is not catalogue
            or known.model is not model
            or (known.version, known.hour) != (catalogue.version, hour)
        ):
            # Last what is tuned: it stands, whatever training has learned.
            taught = self._params.blend.with_weights(model.weights, model.half_at)
            params = tuned.of_blend(taught)
            shared = common(catalogue, model, params, now, self._params.voices)
            known = _Shared(catalogue, catalogue.version, model, hour, params, shared)
        self._shared[tuned] = known  # last, so that those asked for least go first
        if len(self._shared) > _MOST_SHARED:
            del self._shared[next(iter(self._shared))]
        return Blend(model, known.common, known.blend)
