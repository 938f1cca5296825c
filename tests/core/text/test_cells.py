import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.text.cells import as_cell, from_cell

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@given(st.text() | st.text("'=+-@x\t", max_size=6))
def test_a_cell_is_no_formula_and_reads_back(text: str):
    cell = as_cell(text)

    assert not cell.startswith(tuple(SIGNS))
    assert from_cell(cell) == text


@pytest.mark.parametrize("text", ["2503.01234", "'quoted'", "a=b", "", "'", "it's -5"])
def test_what_is_no_formula_stays_as_it_is(text: str):
    assert as_cell(text) == text
    assert from_cell(text) == text
