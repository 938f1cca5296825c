"""Organisations: what they are called, which the catalogue knows by slug alone."""

from collections.abc import Iterable

from recsvc.core.items.catalogue import Catalogue
from recsvc.live.item_cache import ItemCache


async def organisation_names(
    catalogue: Catalogue, cache: ItemCache, slugs: Iterable[str]
) -> dict[str, str]:
    """Return the names of organisations by slug, as one of their items has them."""
    rows = [rows[0] for slug in slugs if len(rows := catalogue.organisations.rows([slug]))]
    items = await cache.get([catalogue.id_of(int(row)) for row in rows])
    known = [item.organisation for item in items.values() if item.organisation is not None]
    return {organisation.slug: organisation.name for organisation in known}
