"""Merging: two records of one item, from two places or under two ids, become one."""

from datetime import datetime
from typing import Any

import msgspec

from recsvc.clock import from_us
from recsvc.core.items.item import UNDATED, ItemFields, NewItem, StoredItem, completed, united
from recsvc.core.items.labels import distinct

_SAYS_NOTHING: tuple[object, ...] = (None, "", (), {}, 0, False)
_MAX_TOPICS = 100
_PRECISIONS = (None, "day", "month", "year", "about")


def merged(new: NewItem, old: NewItem) -> NewItem:
    """Return what two records of one item say together, under the older one's id.

    The newer one's word counts, where it says anything; topics, owners, aliases and `extra` add up.
    """
    fields: dict[str, Any] = {}
    for name in ItemFields.__struct_fields__:
        mine, theirs = getattr(new, name), getattr(old, name)
        fields[name] = theirs if mine in _SAYS_NOTHING else mine
    if new.authors and new.n_authors is None:
        fields["n_authors"] = len(new.authors)
    fields["topics"] = distinct([*old.topics, *new.topics])[:_MAX_TOPICS]
    fields["owners"] = tuple(dict.fromkeys([*old.owners, *new.owners]))
    fields["extra"] = {**old.extra, **new.extra}
    fields["aliases"] = united(old.id, old.aliases, [new.id], new.aliases)
    fields["listed_at"] = _listed_at(new, old)
    best = min((new, old), key=_vagueness)
    fields["published_at"], fields["published_precision"] = (
        best.published_at,
        best.published_precision,
    )
    return NewItem(id=old.id, **fields)


def merged_into(
    new: NewItem, stored: StoredItem | None, now_us: int, origin: str = ""
) -> StoredItem:
    """Return what is to be stored when a record arrives for an item that may be known."""
    if stored is None:
        return completed(new, None, now_us, origin, is_imported=True)
    one = merged(new, known(stored))
    return completed(one, stored, now_us, stored.origin, is_imported=True)


def absorbed(item: str, parts: list[StoredItem]) -> StoredItem:
    """Return the one item that several turned out to be.

    Args:
        item: its id.
        parts: the items, the one whose word counts most last.
    """
    one = msgspec.structs.replace(known(parts[0]), id=item)
    for part in parts[1:]:
        one = merged(known(part), one)
    first = min(parts, key=lambda part: part.created_us)
    names = [name for part in parts for name in (part.id, *part.aliases)]
    is_undated = all(part.listed_at == UNDATED for part in parts)
    whole = completed(one, None, first.created_us, first.origin, is_imported=is_undated)
    return msgspec.structs.replace(whole, aliases=united(item, names))


def known(stored: StoredItem) -> NewItem:
    """Return what is stored as a record; when it was listed is unknown if that is when it came."""
    fields = {name: getattr(stored, name) for name in ItemFields.__struct_fields__}
    if stored.listed_at in (UNDATED, from_us(stored.created_us)):
        fields["listed_at"] = None
    return NewItem(id=stored.id, **fields)


def _vagueness(item: NewItem) -> int:
    """Return how little is known of when an item was published: 0 for the instant."""
    if item.published_at is None:
        return len(_PRECISIONS)
    return _PRECISIONS.index(item.published_precision)


def _listed_at(new: NewItem, old: NewItem) -> datetime | None:
    """Return when an item was first listed.

    A day that merely repeats the date of publication, as archives without a list of their own give
    it, says less than the day of a list.
    """
    days = [i.listed_at for i in (new, old) if i.listed_at is not None]
    lists = [i.listed_at for i in (new, old) if i.listed_at not in (None, i.published_at)]
    return min(lists or days, default=None)
