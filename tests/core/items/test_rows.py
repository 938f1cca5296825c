"""Rows of items after damage: one each, from 0 on, and as few as can be are others than before."""

from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.rows import are_sound, mended

damaged = st.dictionaries(st.text(max_size=3), st.none() | st.integers(-2, 12), max_size=10)


@given(damaged)
def test_every_id_comes_to_have_a_row_of_its_own(rows: dict[str, int | None]):
    new = mended(rows)

    assert are_sound(rows | new)
    assert (not new) == are_sound(rows)


@given(damaged)
def test_whoever_can_keeps_theirs(rows: dict[str, int | None]):
    kept = len(rows) - len(mended(rows))

    assert kept == len({row for row in rows.values() if row in range(len(rows))})
