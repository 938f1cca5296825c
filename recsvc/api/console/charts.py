"""Charts of the console: lines over hours, drawn here, so that they need no script and no other host."""

from collections.abc import Callable, Sequence

import msgspec

from recsvc.clock import HOUR_S, HOUR_US
from recsvc.core.drawing import Series, limits, path
from recsvc.core.loop import Hour, off_target

_FEWEST = 24


class Line(msgspec.Struct, frozen=True):
    """A line of a chart.

    Attributes:
        path: in a box of `WIDTH` by `HEIGHT`; broken where nothing is known.
        latest: the last figure, as people read it.
    """

    name: str
    path: str
    latest: str


class Chart(msgspec.Struct, frozen=True):
    """Lines over the same hours.

    Attributes:
        low, high: what its lower and upper edge stand for.
    """

    key: str
    title: str
    about: str
    lines: list[Line]
    low: str
    high: str

    @property
    def told(self) -> str:
        """The chart in a sentence, for who does not see it."""
        latest = "; ".join(f"{line.name or 'latest'} {line.latest}" for line in self.lines)
        return f"{self.title}: between {self.low} and {self.high}; {latest}."


class Column(msgspec.Struct, frozen=True):
    """A figure of each hour."""

    name: str
    of: Callable[[Hour], float | None]


class _Drawn(msgspec.Struct, frozen=True):
    """What a chart shows, before there are hours."""

    key: str
    title: str
    about: str
    columns: tuple[Column, ...]
    form: str
    is_from_zero: bool = True


_DRAWN = (
    _Drawn("lists", "Lists", "served in an hour", (
        Column("lists", lambda hour: hour.lists), Column("readers", lambda hour: hour.readers),
    ), ",.0f"),
    _Drawn("clicks", "Clicks per place", "within a day; new: arrived within two", (
        Column("all", lambda hour: hour.all.rate), Column("new items", lambda hour: hour.cold.rate),
    ), ".1%"),
    _Drawn("fallback", "Fallback", "share of lists that were nobody's own", (
        Column("fallback", lambda hour: hour.fallback),
    ), ".1%"),
    _Drawn("coverage", "Coverage and Gini", "of a day: items shown of those listed, and how unequally", (
        Column("coverage", lambda hour: hour.coverage), Column("Gini", lambda hour: hour.gini),
    ), ".2f"),
    _Drawn("echo", "Echo", "what readers were shown a week ago, too", (
        Column("topics", lambda hour: hour.echo), Column("items", lambda hour: hour.repeated),
    ), ".1%"),
    _Drawn("novelty", "Novelty", "bits; lower: more of what is popular", (
        Column("novelty", lambda hour: hour.novelty),
    ), ".2f", is_from_zero=False),
    _Drawn("drift", "Popularity drift", "bits; above 0: lists lean more to what is popular", (
        Column("drift", lambda hour: hour.drift),
    ), "+.2f", is_from_zero=False),
    _Drawn("first", "First shown", "hours from an item's arrival until it is in somebody's own list", (
        Column("hours", lambda hour: None if hour.first_s is None else hour.first_s / HOUR_S),
    ), ",.1f"),
)  # fmt: skip


_TARGETS = _Drawn("targets", "Off target", "share of places too many or too few, all targets together", (
    Column("topics", lambda hour: off_target(hour.topics)),
    Column("organisations", lambda hour: off_target(hour.organisations)),
), ".1%")  # fmt: skip


def charts(hours: Sequence[Hour]) -> list[Chart]:
    """Return the charts of some hours, and of a day at least.

    Args:
        hours: oldest first; those that were not counted are not among them.
    """
    if not hours:
        return []
    known = {hour.at_us: hour for hour in hours}
    last_us = hours[-1].at_us
    n = max((last_us - hours[0].at_us) // HOUR_US + 1, _FEWEST)
    span = [known.get(last_us - back * HOUR_US) for back in range(n - 1, -1, -1)]
    voices = sorted({voice for hour in hours for voice in hour.voices})
    by_voice = _Drawn(
        "voices", "Clicks per place by voice", "by the source that said most for it",
        tuple(Column(voice, _rate_of(voice)) for voice in voices), ".1%",
    )  # fmt: skip
    drawn = [_chart(one, span) for one in (*_DRAWN, by_voice, _TARGETS)]
    return [one for one in drawn if one.lines or one.key != _TARGETS.key]


def _rate_of(voice: str) -> Callable[[Hour], float | None]:
    def rate(hour: Hour) -> float | None:
        came = hour.voices.get(voice)
        return None if came is None else came.rate

    return rate


def _chart(drawn: _Drawn, span: Sequence[Hour | None]) -> Chart:
    found = {
        column.name: [None if hour is None else column.of(hour) for hour in span]
        for column in drawn.columns
    }
    known = [value for series in found.values() for value in series if value is not None]
    low, high = limits(known, is_from_zero=drawn.is_from_zero)
    lines = [
        Line(name, path(series, low, high), _latest(series, drawn.form))
        for name, series in found.items()
        if any(value is not None for value in series)
    ]
    told = (format(edge, drawn.form) for edge in (low, high))
    return Chart(drawn.key, drawn.title, drawn.about, lines, *told)


def _latest(series: Series, form: str) -> str:
    return next((format(value, form) for value in reversed(series) if value is not None), "")
