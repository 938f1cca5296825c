"""The outcomes as one page: a table of totals, and a plot of each figure over the days."""

from collections.abc import Callable, Sequence
from html import escape

import msgspec

from recsvc.core.drawing import HEIGHT, WIDTH, limits, path
from workers.evaluation.sheet import sheet
from workers.simulation.simulating import Figures, Outcome
from workers.simulation.world import WorldParams


class Column(msgspec.Struct, frozen=True):
    """A figure, as it is shown."""

    name: str
    about: str
    of: Callable[[Figures], float]
    form: str


COLUMNS = (
    Column("taste match", "how much readers like the subjects of what they look at",
           lambda f: f.taste_match, ".1%"),
    Column("coverage", "items that somebody has clicked", lambda f: f.coverage, ".1%"),
    Column("Gini", "how unequally places fell to items", lambda f: f.gini, ".3f"),
    Column("regret", "clicks missed of those of an oracle that knows tastes", lambda f: f.regret, ".1%"),
    Column("clicks", "per visit", lambda f: f.clicks, ".3f"),
)  # fmt: skip
_LINES = 4  # that are told apart by colour


def page(params: WorldParams, outcomes: Sequence[Outcome]) -> str:
    """Return the page.

    Args:
        outcomes: four at most are told apart.
    """
    assert len(outcomes) <= _LINES
    told = (
        f"<p>{params.readers:,} readers who do not exist, {params.days} days, "
        f"{params.n_items:,} made-up items, seed {params.seed}. All sites had the same readers in the "
        "same mood; what differs is the ranking.</p>"
    )
    plots = "".join(_plot(column, outcomes) for column in COLUMNS)
    return sheet("Days, simulated", told + _table(outcomes) + _key(outcomes) + plots)


def _table(outcomes: Sequence[Outcome]) -> str:
    head = "".join(f"<th>{escape(c.name)}</th>" for c in COLUMNS)
    rows = []
    for outcome in outcomes:
        cells = "".join(f"<td>{format(c.of(outcome.total), c.form)}</td>" for c in COLUMNS)
        rows.append(f"<tr><td>{escape(outcome.name)}</td>{cells}</tr>")
    return f'<div class="wide"><table><tr><th>site</th>{head}</tr>{"".join(rows)}</table></div>'


def _key(outcomes: Sequence[Outcome]) -> str:
    entries = "".join(
        f'<li><svg viewBox="0 0 16 6" aria-hidden="true"><path class="line line{n}" d="M0 3h16"/></svg> '
        f"{escape(outcome.name)}</li>"
        for n, outcome in enumerate(outcomes)
    )
    return f'<ul class="key">{entries}</ul>'


def _plot(column: Column, outcomes: Sequence[Outcome]) -> str:
    """Return a line per site over the days, and between what it is drawn."""
    series = [[column.of(day) for day in outcome.days] for outcome in outcomes]
    low, high = limits([value for one in series for value in one], is_from_zero=True)
    lines = "".join(
        f'<path class="line line{n}" d="{path(one, low, high)}"/>' for n, one in enumerate(series)
    )
    edges = f"{format(low, column.form)} to {format(high, column.form)}"
    return (
        f"<h2>{escape(column.name)}</h2><p>{escape(column.about)}, day by day; {edges}</p>"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(column.name)} by day, {edges}">{lines}</svg>'
    )
