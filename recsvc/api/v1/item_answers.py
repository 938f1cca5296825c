"""Items as they are answered."""

from msgspec import UNSET, UnsetType

from recsvc.api.services import Services
from recsvc.clock import now_us, to_us
from recsvc.core.items.item import ItemView, StoredItem


class ItemAnswer(ItemView, kw_only=True):
    """One item of the catalogue; `owners`, hidden items, all of `extra` for those who may change it."""

    id: str
    hidden: bool
    aliases: tuple[str, ...]
    owners: tuple[str, ...] | UnsetType = UNSET


def answer_of(item: StoredItem, services: Services, *, may_change: bool) -> ItemAnswer:
    """Return an item as it is answered.

    Args:
        may_change: whether the caller may: whose it is concerns those, not every page that shows it.
    """
    catalogue = services.live.catalogue
    row = catalogue.rows.get(item.id)
    shown = services.cache.view(item, 0 if row is None else int(catalogue.votes[row]))
    fields = {name: getattr(shown, name) for name in ItemView.__struct_fields__}
    owners = item.owners if may_change else UNSET
    return ItemAnswer(id=item.id, hidden=item.hidden, aliases=item.aliases, owners=owners, **fields)


def is_secret(item: StoredItem) -> bool:
    """Return whether an item is hidden, or to be listed later: then it is nobody's business."""
    return item.hidden or (item.listed_at is not None and to_us(item.listed_at) > now_us())
