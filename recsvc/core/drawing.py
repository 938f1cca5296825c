"""Drawing: figures as paths of SVG, which need no script and no other host.

A line stretches to the room there is; what has to stay legible - names, limits, the latest figure -
stands around it as text.
"""

from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 600, 120

Series = Sequence[float | None]


def limits(values: Iterable[float], *, is_from_zero: bool) -> tuple[float, float]:
    """Return what the lower and the upper edge of a chart stand for."""
    known = [*values, *([0.0] if is_from_zero else [])] or [0.0]
    low, high = min(known), max(known)
    return (low, high) if high > low else (low, low + 1)


def path(series: Series, low: float, high: float) -> str:
    """Return a line through figures; one that stands alone is a dot."""
    step = WIDTH / max(len(series) - 1, 1)
    commands, is_drawing = [], False
    for n, value in enumerate(series):
        if value is None:
            is_drawing = False
            continue
        x, y = n * step, HEIGHT * (high - value) / (high - low)
        commands.append(
            f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}" + ("" if is_drawing else "h0")
        )
        is_drawing = True
    return "".join(commands)
