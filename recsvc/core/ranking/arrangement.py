"""Arrangement: what is done to a ranking for the list's sake: caps, diversity, exploration."""

from typing import Annotated

import msgspec

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.caps import capped
from recsvc.core.ranking.diversity import diversified
from recsvc.core.ranking.exploration import Lottery, explored, no_support
from recsvc.params import setting


class ArrangementParams(msgspec.Struct, frozen=True):
    """How a list is arranged."""

    explore: Annotated[
        float,
        setting(
            "Share of a personal feed's slots, behind the first three, that show plausible "
            "items with few readers by chance.",
            name="explore_share",
            ge=0,
            le=1,
        ),
    ] = 0.05
    diversity: Annotated[
        float,
        setting(
            "How much a personal feed avoids items alike: 0 not at all, 1 above all.", ge=0, le=1
        ),
    ] = 0.0
    organisation_cap: Annotated[
        int, setting("Items of one organisation on a page of 20; 0: any number.", ge=0)
    ] = 0
    topic_cap: Annotated[
        int, setting("Items of one topic on a page of 20; 0: any number.", ge=0)
    ] = 0


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
