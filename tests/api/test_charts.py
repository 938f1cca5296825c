"""The console's charts draw what was counted, and nothing where nothing was."""

import re

import numpy as np
import pytest

from recsvc.api.console.charts import charts
from recsvc.clock import HOUR_US
from recsvc.core.drawing import HEIGHT, WIDTH
from recsvc.core.loop import Came, Hour

N = 48


def hours() -> list[Hour]:
    """Two days of hours, some of them missing, some of them without lists."""
    rng = np.random.default_rng(3)
    made = []
    for n in range(N):
        if n % 7 == 3:
            continue
        voices = {
            voice: Came(int(rng.integers(1, 50)), int(rng.integers(50))) for voice in ("a", "b")
        }
        drift = None if n % 5 == 0 else float(rng.normal())
        at = n * HOUR_US
        made.append(
            Hour(at_us=at, counted_us=at, lists=int(rng.integers(9)), drift=drift, voices=voices)
        )
    return made


def points(path: str) -> dict[int, float]:
    """What a line shows: by hour of the chart, its height as a share of the chart's."""
    found = re.findall(r"[ML]([\d.]+) ([\d.-]+)", path)
    return {round(float(x) * (N - 1) / WIDTH): 1 - float(y) / HEIGHT for x, y in found}


def test_each_line_leads_back_to_the_figures():
    drawn = {chart.key: chart for chart in charts(hours())}
    wanted = {
        ("lists", 0): lambda hour: hour.lists,
        ("clicks", 0): lambda hour: hour.all.rate,
        ("drift", 0): lambda hour: hour.drift,
        ("voices", 1): lambda hour: hour.voices["b"].rate,
    }
    for (key, n), of in wanted.items():
        values = {hour.at_us // HOUR_US: of(hour) for hour in hours()}
        shown = {at: value for at, value in values.items() if value is not None}
        chart = drawn[key]
        found = points(chart.lines[n].path)
        assert set(found) == set(shown), key
        low, high = (float(edge.rstrip("%")) for edge in (chart.low, chart.high))
        unit = 100 if chart.high.endswith("%") else 1
        for at, value in shown.items():
            assert low + found[at] * (high - low) == pytest.approx(
                value * unit, abs=(high - low) / 500 + 0.06
            ), key


def test_a_line_is_broken_where_nothing_was_counted():
    chart = next(one for one in charts(hours()) if one.key == "drift")
    known = {hour.at_us // HOUR_US for hour in hours() if hour.drift is not None}
    begins = [at for at in known if at - 1 not in known]

    assert chart.lines[0].path.count("M") == len(begins)
    assert next(one for one in charts(hours()) if one.key == "echo").lines == []
    assert charts([]) == []
