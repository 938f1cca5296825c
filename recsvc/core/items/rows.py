"""Rows: each item id has one of its own, and together they are all from 0 on.

A store whose log was damaged may have lost some: then an item that arrives is given a row that another
one has.
"""

from collections.abc import Mapping


def are_sound(rows: Mapping[str, int | None]) -> bool:
    """Return whether every id has a row of its own, and no row has nobody."""
    return set(rows.values()) == set(range(len(rows)))


def mended(rows: Mapping[str, int | None]) -> dict[str, int]:
    """Return the ids that need another row, and which: the fewest that can be.

    Args:
        rows: by id; None for one that has none, or none that is a number.
    """
    holder: dict[int, str] = {}
    for item, row in sorted(rows.items()):
        if row is not None and 0 <= row < len(rows):
            holder.setdefault(row, item)
    settled = set(holder.values())
    free = (row for row in range(len(rows)) if row not in holder)
    others = sorted(
        (item for item in rows if item not in settled), key=lambda item: (rows[item] or 0, item)
    )
    return dict(zip(others, free, strict=True))
