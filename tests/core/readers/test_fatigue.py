"""What a reader was shown and passed over steps back, and comes back as it is forgotten."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import DAY_US, HOUR_US
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.items.trending import EPOCH_US, BoardRow
from recsvc.core.ranking.public_lists import Fading, cold_list
from recsvc.core.readers.fatigue import FatigueParams, fatigue
from recsvc.core.readers.profile import Interaction, Profile, ProfileParams
from recsvc.core.readers.reader import Reader, Tastes, reader

NOW_US = 1_763_000_000_000_000
shown_us = st.dictionaries(st.integers(0, 60), st.integers(NOW_US - 90 * DAY_US, NOW_US + HOUR_US))


@given(shown=shown_us, remembered=st.integers(1, 40))
def test_fatigue_is_its_formula_over_the_latest(shown, remembered):
    params = FatigueParams(weight=3.0, half_life_days=5.0, remembered=remembered)

    found = fatigue(shown, params, NOW_US)

    if not shown:
        assert found is None
        return
    latest = sorted(shown, key=lambda row: (-shown[row], row))[:remembered]
    assert found.rows.tolist() == sorted(latest)
    for row, points in zip(found.rows.tolist(), found.points.tolist(), strict=True):
        hours = max(0, NOW_US // HOUR_US - shown[row] // HOUR_US)
        assert np.isclose(points, 3.0 * 2 ** (-hours / 24 / 5.0), rtol=1e-5)
        assert found.at(row) == points
    assert found.of(30).tolist() == [found.at(row) for row in range(30)]


def asked(seen: str | None, weight: float = 2.0) -> Reader:
    """Ask for a reader who was shown five items and acted on one of them."""
    catalogue = Catalogue(lambda: NOW_US)
    for row in range(8):
        catalogue.put(row, StoredItem(id=f"i{row}", title="", created_us=NOW_US - DAY_US))
    shown = {f"i{row}": NOW_US - DAY_US for row in range(5)} | {"gone": NOW_US}
    profile = Profile([Interaction("i0", {"upvote": NOW_US}, {}, NOW_US)], shown)
    tired = msgspec.structs.replace(FatigueParams(), weight=weight)
    tastes = Tastes.of(msgspec.structs.replace(ProfileParams(), fatigue=tired))
    return reader(profile, catalogue, tastes, NOW_US, seen)


@given(shown=st.sets(st.integers(0, 29), min_size=1, max_size=10), k=st.integers(1, 30))
def test_to_somebody_unknown_what_was_passed_over_steps_back_and_nothing_is_lost(shown, k):
    """Items have from no votes up to four; three points are as much as seven."""
    catalogue = Catalogue(lambda: NOW_US)
    for row in range(30):
        item = StoredItem(id=f"i{row}", title="", created_us=NOW_US - row * HOUR_US)
        catalogue.put(row, item)
        if n := row % 5:
            score = np.log2(n) + (NOW_US - EPOCH_US) / (36 * HOUR_US)
            catalogue.set_board(item.id, BoardRow(n, NOW_US, (score,) * 4, {}))
    fading = Fading("month", 36 * HOUR_US, NOW_US)
    tired = fatigue(dict.fromkeys(shown, NOW_US), FatigueParams(weight=3.0), NOW_US)
    nothing = (np.empty(0, np.int64), np.empty(0, np.float32), [], [])

    found = cold_list(catalogue, fading, catalogue.visible, k, Reader(*nothing, tired=tired))

    whole = cold_list(catalogue, fading, catalogue.visible, 30).rows.tolist()
    expected = [row for row in whole if row not in shown] + [row for row in whole if row in shown]
    assert found.rows.tolist() == expected[:k]
    assert np.all(np.diff(found.scores) <= 1e-6)


def test_only_what_was_passed_over_tires_and_only_where_nothing_else_was_asked_for():
    unasked = asked(None)

    assert unasked.tired is not None
    assert unasked.tired.rows.tolist() == [1, 2, 3, 4]
    assert unasked.excluded == [0]
    assert asked("show").tired is None
    assert asked("30d").tired is None
    assert asked(None, weight=0.0).tired is None
