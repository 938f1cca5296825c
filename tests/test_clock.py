"""Units of time stand in one place."""

import ast
from pathlib import Path

import pytest

from recsvc import clock
from tests.service import REPOSITORY

NAMED = {clock.HOUR_S: "HOUR_S", clock.DAY_S: "DAY_S", clock.HOUR_US: "HOUR_US"}
MODULES = sorted(
    path
    for folder in ("recsvc", "workers", "bench")
    for path in (REPOSITORY / folder).rglob("*.py")
    if path.name != "clock.py"
)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_nobody_spells_out_an_hour_or_a_day(path: Path):
    numbers = [
        f"line {node.lineno}: {NAMED[node.value]}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in NAMED
    ]

    assert numbers == []


def test_the_units_agree():
    assert clock.DAY_S * clock.SECOND_US == clock.DAY_US == 24 * clock.HOUR_US
    assert clock.HOUR_S * clock.SECOND_US == clock.HOUR_US
