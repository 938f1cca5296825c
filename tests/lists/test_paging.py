"""Pages of a ranked list, however long, put together are the list without what may not be shown."""

from types import SimpleNamespace

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.blend import Ranking
from recsvc.lists.audience import EVERYBODY, Audience
from recsvc.lists.paging import Pager, RankedList, new_feed_id
from recsvc.lists.shapes import Page

CATALOGUE_ID = "0123456789abcdef"


def catalogue_of(n: int, hidden: set[int]) -> Catalogue:
    found = Catalogue()
    for row in range(n):
        item = StoredItem(id=f"i{row}", title="x", hidden=row in hidden, created_us=1)
        found.put(row, item)
    return found


def audience_without(rows: set[int]) -> Audience:
    reader = msgspec.structs.replace(EVERYBODY.reader, excluded=sorted(rows))
    return Audience("ann", reader)


@given(data=st.data(), n=st.integers(1, 40), limits=st.lists(st.integers(1, 9), min_size=1))
def test_pages_put_together_are_the_list(data: st.DataObject, n: int, limits: list[int]):
    rows = data.draw(st.permutations(range(n)))
    hidden = data.draw(st.sets(st.sampled_from(rows)))
    unwanted = data.draw(st.sets(st.sampled_from(rows)))
    live = SimpleNamespace(catalogue=catalogue_of(n, set()), catalogue_id=CATALOGUE_ID)
    pager, audience = Pager(live, 60), audience_without(unwanted)
    ranking = Ranking(
        np.array(rows, np.int64), np.arange(n, 0, -1).astype(np.float32), np.zeros(n, np.uint8)
    )
    listed = RankedList("trending", "trending", ranking, new_feed_id())

    first = pager.first(listed, Page(limits[0]))
    live.catalogue = catalogue_of(n, hidden)  # hidden while the reader reads
    pieces, follow = [first], first.follow
    while follow is not None:
        limit = limits[len(pieces) % len(limits)]
        page = Page(limit, cursors.encode(follow))
        pieces.append(pager.further("trending", page, audience))
        follow = pieces[-1].follow

    later = [row for row in rows[limits[0] :] if row not in hidden | unwanted]
    assert first.ranking.rows.tolist() == rows[: limits[0]]
    assert [row for p in pieces[1:] for row in p.ranking.rows.tolist()] == later
    for piece in pieces:
        assert [rows[place] for place in piece.places] == piece.ranking.rows.tolist()
        assert piece.feed_id == listed.feed_id


@given(n=st.integers(0, 20), rows=st.lists(st.integers(0, 2**32 - 1), max_size=9))
def test_rows_that_somebody_made_up_are_not_shown(n: int, rows: list[int]):
    live = SimpleNamespace(catalogue=catalogue_of(n, set()), catalogue_id=CATALOGUE_ID)

    shown = Pager(live, 60).may_show(np.array(rows, np.int64), EVERYBODY)

    assert shown.tolist() == [row < n for row in rows]


def test_a_list_without_what_its_audience_hid_leaves_the_catalogues_own_mask_alone():
    everything = np.ones(3, bool)

    assert audience_without({1}).allowed(everything).tolist() == [True, False, True]
    assert everything.all()
    assert EVERYBODY.allowed(everything) is everything
