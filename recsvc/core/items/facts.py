"""What stands below an item's title, the same in every outlet that says it in words.

Who wrote it: one by name, several by number, nothing where nobody said. Where it comes from.
"""

from recsvc.core.items.item import ItemView
from recsvc.core.text.display import readable


def house(item: ItemView) -> str:
    """Return the organisation that an item comes from; nothing where there is none."""
    return "" if item.organisation is None else readable(item.organisation.name)


def byline(item: ItemView) -> str:
    """Return `Ada Lovelace` or `7 authors`; nothing where nobody said."""
    if item.n_authors == 1 and item.authors:
        return readable(item.authors[0])
    return counted(item.n_authors, "author") if item.n_authors else ""


def counted(n: int, word: str) -> str:
    """Return `1 author`, `1,234 authors`."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
