"""Pictures of items that brought none: drawn from what they are called, the same at each asking.

An item's first topic chooses the colour, its last one what kind of thing is drawn, and its id how. So
papers on one subject look related, and no two alike. They tell nothing that the text
beside them does not, so they are hidden from screen readers. Nothing is fetched or stored: a drawing
is half a kilobyte of SVG in the page, coloured by its style sheet.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

_WIDTH, _HEIGHT = 120, 80
HUES: Final = 12
# Any byte of a digest would do; by these the subjects of the demo are spread most evenly.
_MOTIF_BYTE, _HUE_BYTE = 15, 2

# Bytes by which a drawing is chosen, one after another.
_Chance = Iterator[int]


def drawing(item: str, topics: Sequence[str]) -> str:
    """Return the picture of an item as SVG, in which nothing is but numbers of ours.

    Args:
        topics: what it is about; items without any are drawn by their id alone.
    """
    first, last = (topics[0], topics[-1]) if topics else (item, item)
    motif = _MOTIFS[_bytes(last)[_MOTIF_BYTE] % len(_MOTIFS)]
    shapes = "".join(motif(iter(_bytes(item))))
    return (
        f'<svg class="drawn hue-{_bytes(first)[_HUE_BYTE] % HUES}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="xMidYMid slice" aria-hidden="true">{shapes}</svg>'
    )


def _bytes(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=64).digest()


def _path(commands: str, shade: str) -> str:
    return f'<path class="{shade}" d="{commands}"/>'


def _dot(x: int, y: int, r: int) -> str:
    """Return a disc as a part of a path."""
    return f"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"


def _ripples(chance: _Chance) -> Iterator[str]:
    """Rings around a place off the middle."""
    x, y = 20 + next(chance) % 80, 15 + next(chance) % 50
    step = 9 + next(chance) % 5
    for n in range(6, 0, -1):
        yield _path(_dot(x, y, n * step), "faint")
    yield _path(_dot(x, y, 5), "strong")


def _net(chance: _Chance) -> Iterator[str]:
    """Layers of nodes, some of them joined."""
    layers = [
        [(15 + 30 * n, 12 + round(56 * (m + 0.5) / size)) for m in range(size)]
        for n, size in enumerate(2 + next(chance) % 4 for _ in range(4))
    ]
    lines = [
        f"M{a[0]} {a[1]}L{b[0]} {b[1]}"
        for left, right in itertools.pairwise(layers)
        for a in left
        for b in right
        if next(chance, 0) % 3
    ]
    yield _path("".join(lines), "line")
    nodes = [node for layer in layers for node in layer]
    yield _path("".join(_dot(x, y, 5) for x, y in nodes), "half")
    yield _path(_dot(*nodes[len(nodes) // 2], 7), "strong")


def _matrix(chance: _Chance) -> Iterator[str]:
    """Squares in rows, as large as their weight."""
    weights = {(m, n): next(chance) for m in range(7) for n in range(4)}
    largest = max(weights, key=lambda place: weights[place])
    squares = {place: _square(*place, 3 + weight * 9 // 255) for place, weight in weights.items()}
    strongest = squares.pop(largest)
    yield _path("".join(squares.values()), "half")
    yield _path(strongest, "strong")


def _square(m: int, n: int, side: int) -> str:
    """Return a square at a column and a row as a part of a path."""
    x, y = 16 + 15 * m - side // 2, 17 + 15 * n - side // 2
    return f"M{x} {y}h{side}v{side}h{-side}z"


def _waves(chance: _Chance) -> Iterator[str]:
    """Hills behind one another."""
    for n, shade in enumerate(("faint", "half", "strong")):
        y = 30 + 16 * n
        a, b, c = (next(chance) % 30 - 15 for _ in range(3))
        yield _path(
            f"M0 {y + a}C30 {y - 22 + b} 45 {y + 22 + c} 70 {y + b}S105 {y - 12 + a} 120 {y + c}V80H0z",
            shade,
        )


def _sound(chance: _Chance) -> Iterator[str]:
    """Bars about a middle line, as a recording looks."""
    bars = []
    for n in range(14):
        half = round(4 + (next(chance) % 26) * math.sin(math.pi * (n + 1) / 15))
        bars.append(f"M{11 + 7 * n + n // 2} {40 - half}v{2 * half}")
    yield _path("".join(bars[::2]), "bar half")
    yield _path("".join(bars[1::2]), "bar strong")


def _orbits(chance: _Chance) -> Iterator[str]:
    """Bodies around a larger one."""
    x = 20 + next(chance) % 20
    paths, bodies = [], []
    for n in range(6):
        r = 16 + 16 * n
        angle = (next(chance) / 255 - 0.5) * math.pi / 2
        paths.append(_dot(x, 40, r))
        bodies.append(
            _dot(round(x + r * math.cos(angle)), round(40 + r * math.sin(angle)), 3 + n % 3)
        )
    yield _path("".join(paths), "line")
    yield _path("".join(bodies), "half")
    yield _path(_dot(x, 40, 8), "strong")


_MOTIFS: Final[tuple[Callable[[_Chance], Iterator[str]], ...]] = (
    _ripples, _net, _matrix, _waves, _sound, _orbits,
)  # fmt: skip
