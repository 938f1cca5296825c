"""A paper by whatever it is called: its id, another name of it, or its number at arXiv."""

import re

from recsvc.api.services import Services
from recsvc.core.items.item import StoredItem
from recsvc.errors import NotFoundError

_VERSION = re.compile(r"v\d+\Z", re.ASCII)


async def found(services: Services, identity: str) -> tuple[StoredItem, int]:
    """Return a paper that can be listed, and its upvotes; a version (`v2`) may be named.

    Raises:
        NotFoundError: when there is none.
    """
    catalogue = services.live.catalogue
    bare = _VERSION.sub("", identity)
    for known in (identity, f"arxiv:{identity}", bare, f"arxiv:{bare}"):
        row = catalogue.row_of(known)
        if row is None:
            continue
        item_id = catalogue.id_of(row)
        item = (await services.cache.get([item_id])).get(item_id)
        if item is not None:
            return item, int(catalogue.upvotes[row])
    raise NotFoundError(f"there is no paper {identity!r}")
