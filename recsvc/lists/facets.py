"""Facets: what could narrow a list down, and how much of it would be left."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from recsvc.clock import from_us, to_us
from recsvc.core.items.catalogue import Catalogue, Rows
from recsvc.core.items.item import UNDATED
from recsvc.lists.searched import Facets, OrganisationFacet, TopicFacet, YearFacet
from recsvc.live.item_cache import ItemCache
from recsvc.live.organisations import organisation_names

_MOST = 20


async def facets(catalogue: Catalogue, cache: ItemCache, rows: Rows, zone: ZoneInfo) -> Facets:
    """Return the topics, organisations and years of items.

    Args:
        zone: in which years begin.
    """
    topics = _most(catalogue.topics.tally(rows))
    slugs = _most(catalogue.organisations.tally(rows))
    years = _years(catalogue.listed_us[rows], zone)
    names = await organisation_names(catalogue, cache, [slug for slug, _ in slugs])
    return Facets(
        [TopicFacet(topic, n) for topic, n in topics],
        [OrganisationFacet(slug, names.get(slug, slug), n) for slug, n in slugs],
        years,
    )


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST]


def _years(listed_us: Rows, zone: ZoneInfo) -> list[YearFacet]:
    """Return the years in which something was listed, latest first, what nobody dated left out."""
    dated = listed_us[listed_us != to_us(UNDATED)]
    if not len(dated):
        return []
    first, last = (from_us(int(us)).astimezone(zone).year for us in (dated.min(), dated.max()))
    years = range(first, last + 1)
    starts = [to_us(datetime(year, 1, 1, tzinfo=zone)) for year in years]
    places, n = np.unique(np.searchsorted(starts, dated, side="right") - 1, return_counts=True)
    counted = zip(places.tolist(), n.tolist(), strict=True)
    return [YearFacet(years[place], items) for place, items in counted][::-1]
