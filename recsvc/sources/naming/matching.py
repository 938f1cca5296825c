"""Matching: which item of the catalogue a record is, by its names and its exact normalized title.

A title counts only where nothing speaks against it: two arXiv ids, two DOIs or two ids of one archive
that differ are two papers, whatever they are called. Nothing fuzzy: "Music Transformer" and
"Anticipatory Music Transformer" differ by one word and by everything else.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from recsvc.core.items.item import NewItem, StoredItem
from recsvc.core.text import arxiv_ids
from recsvc.sources.naming.title_ids import normalized

# Of each of these a paper has one; names of `extra`.
_IDENTIFIERS = ("arxiv_id", "doi", "semantic_scholar_id", "openreview_id")


class _Known(msgspec.Struct):
    """What matching needs of an item.

    Attributes:
        order: when it became known, among the others.
        names: its id and its aliases.
    """

    item: str
    order: int
    identifiers: dict[str, str]
    names: list[str]
    titles: list[str]


class Index:
    """The items that records may be: those of the catalogue, and those just read."""

    def __init__(self) -> None:
        self._items: dict[str, _Known] = {}
        self._by_name: dict[str, str] = {}
        self._by_title: dict[str, list[str]] = defaultdict(list)

    def add(self, item: NewItem | StoredItem) -> None:
        """Take in an item; of one that is known, what is new about it.

        Items that it names as aliases become part of it.
        """
        known = self._items.get(item.id)
        if known is None:
            known = _Known(item.id, len(self._items), {}, [], [])
            self._items[item.id] = known
        known.identifiers |= _identifiers(item)
        title = normalized(item.title)
        for name in (item.id, *item.aliases):
            owner = self._by_name.get(name)
            if owner is not None and owner != item.id:
                self._merge(owner, known)
            self._call(known, name, title)

    def _call(self, known: _Known, name: str, title: str) -> None:
        if name not in known.names:
            known.names.append(name)
        self._by_name[name] = known.item
        if title and title not in known.titles:
            known.titles.append(title)
            self._by_title[title].append(known.item)

    def _merge(self, item: str, into: _Known) -> None:
        gone = self._items.pop(item)
        into.identifiers = gone.identifiers | into.identifiers
        for title in gone.titles:
            self._by_title[title].remove(item)
            self._call(into, into.item, title)
        for name in gone.names:
            self._call(into, name, "")

    def place(self, record: NewItem, *, by_title: bool) -> NewItem:
        """Return a record under the id that it is to be stored under.

        Where it is an item that is known, that is the item's; the record's own becomes an alias. Where
        it shows that several items are one, it names them all. An alias that another paper has, too -
        proceedings with one DOI - is left to that paper.
        """
        mine = _identifiers(record)
        names = list(dict.fromkeys([record.id, *record.aliases]))
        owners = {name: self._by_name[name] for name in names if name in self._by_name}
        free = [n for n in names if n not in owners or not self._is_another(owners[n], mine, n)]
        same = {owners[name] for name in free if name in owners}
        if by_title:
            same |= set(self._titled(record.title, mine))
        if not same:
            return msgspec.structs.replace(record, aliases=tuple(n for n in free if n != record.id))
        ordered = sorted(same, key=lambda item: self._items[item].order)
        aliases = [name for name in (*free, *ordered) if name != ordered[0]]
        return msgspec.structs.replace(record, id=ordered[0], aliases=tuple(dict.fromkeys(aliases)))

    def find(self, record: NewItem) -> str | None:
        """Return the item that a record is; None if it is not in the catalogue."""
        mine = _identifiers(record)
        for name in (record.id, *record.aliases):
            if name in self._by_name and not self._is_another(self._by_name[name], mine, name):
                return self._by_name[name]
        return next(iter(self._titled(record.title, mine)), None)

    def _is_another(self, item: str, mine: dict[str, str], name: str) -> bool:
        """Return whether an item is another paper, although it has a name of ours."""
        theirs = self._items[item].identifiers.get("arxiv_id")
        return "arxiv_id" in mine and theirs not in (None, mine["arxiv_id"]) and name != theirs

    def _titled(self, title: str, mine: dict[str, str]) -> Iterable[str]:
        """Return the one item with this title that may be the paper; several are none."""
        if not title:
            return []
        candidates = [
            item
            for item in self._by_title.get(normalized(title), [])
            if not _differ(mine, self._items[item].identifiers)
        ]
        return candidates if len(candidates) == 1 else []


def _differ(a: dict[str, str], b: dict[str, str]) -> bool:
    return any(a[kind] != b[kind] for kind in a.keys() & b.keys())


def _identifiers(item: NewItem | StoredItem) -> dict[str, str]:
    found = {kind: str(item.extra[kind]) for kind in _IDENTIFIERS if item.extra.get(kind)}
    if "arxiv_id" not in found:
        names = (arxiv_ids.found_in(name) for name in (item.id, *item.aliases))
        arxiv_id = next((name for name in names if name), None)
        if arxiv_id:
            found["arxiv_id"] = arxiv_id
    return found
