"""Aliases: the other names an item goes by - an arXiv id, a DOI, the id of an item it absorbed."""

from collections.abc import Iterable, KeysView


class Aliases:
    """Which names mean which item, as one process knows it."""

    def __init__(self) -> None:
        self._item_of: dict[str, str] = {}
        self._names_of: dict[str, tuple[str, ...]] = {}

    @property
    def names(self) -> KeysView[str]:
        """Every name that is an alias."""
        return self._item_of.keys()

    def resolve(self, name: str) -> str:
        """Return the id of the item a name means; a name that is no alias means itself."""
        return self._item_of.get(name, name)

    def of(self, item: str) -> tuple[str, ...]:
        """Return the other names of an item."""
        return self._names_of.get(item, ())

    def put(self, item: str, names: Iterable[str]) -> None:
        """Learn all the names of an item, forgetting those it no longer has."""
        self.remove(item)
        kept = tuple(names)
        if kept:
            self._names_of[item] = kept
        for name in kept:
            self._item_of[name] = item

    def remove(self, item: str) -> None:
        """Forget the names of an item, but for those that went over to another."""
        for name in self._names_of.pop(item, ()):
            if self._item_of[name] == item:
                del self._item_of[name]
