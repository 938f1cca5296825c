"""Arrangement: what is done to a ranking for the list's sake: caps, diversity, exploration."""

import msgspec

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.caps import capped
from recsvc.core.ranking.diversity import diversified
from recsvc.core.ranking.exploration import Lottery, explored, no_support


class ArrangementParams(msgspec.Struct, frozen=True):
    """How a list is arranged.

    Attributes:
        diversity: 0 keeps the order of the scores, 1 has each item as unlike those before as can be.
        explore: share of the slots behind the first three.
        organisation_cap, topic_cap: items of one organisation or topic on a page; 0: any number.
    """

    diversity: float = 0.0
    explore: float = 0.0
    organisation_cap: int = 0
    topic_cap: int = 0


def arranged(
    ranking: Ranking, catalogue: Catalogue, model: Model, params: ArrangementParams, seed: int
) -> tuple[Ranking, Lottery | None]:
    """Return the list as it is shown, and how its explored slots were drawn, if there are any."""
    ranking = diversified(ranking, model.matrix, params.diversity)
    ranking = capped(ranking, catalogue.organisations.of, params.organisation_cap)
    ranking = capped(ranking, catalogue.topics.of, params.topic_cap)
    if params.explore == 0:
        return ranking, None
    support = no_support() if model.learned is None else model.learned.support
    return explored(ranking, support, params.explore, seed)
