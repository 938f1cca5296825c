"""Pages of a ranked list, however long, put together are the list without what may not be shown."""

import asyncio
import string
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.ranking.blend import Ranking
from recsvc.errors import ExpiredError, InvalidError
from recsvc.lists.audience import EVERYBODY, Audience
from recsvc.lists.paging import Pager, Piece, RankedList, new_feed_id
from recsvc.lists.shapes import Page
from recsvc.store.access.signatures import Signatures
from recsvc.store.connection import Redis, connect
from recsvc.store.pipe import Pipe
from recsvc.store.readers.frozen_lists import FrozenLists, FrozenParams

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


def live_of(catalogue: Catalogue, *, is_connected: bool = True) -> SimpleNamespace:
    return SimpleNamespace(
        catalogue=catalogue, catalogue_id=CATALOGUE_ID, is_connected=is_connected
    )


def pager_of(live: SimpleNamespace, redis: Redis) -> Pager:
    signs, params = Signatures(b"secret"), FrozenParams()
    return Pager(live, FrozenLists(Pipe(redis), signs, params), signs, params.cursor_ttl_s)


def list_of(rows: list[int]) -> RankedList:
    n = len(rows)
    scores = np.arange(n, 0, -1).astype(np.float32)
    ranking = Ranking(np.array(rows, np.int64), scores, np.arange(n).astype(np.uint8) % 2)
    return RankedList("trending", "trending", ranking, new_feed_id())


@given(data=st.data(), n=st.integers(1, 90), limits=st.lists(st.integers(1, 9), min_size=1))
@settings(max_examples=25)
def test_pages_put_together_are_the_list(
    store_url: str, data: st.DataObject, n: int, limits: list[int]
):
    rows = data.draw(st.permutations(range(n)))
    hidden = data.draw(st.sets(st.sampled_from(rows)))
    unwanted = data.draw(st.sets(st.sampled_from(rows)))
    audience, listed = audience_without(unwanted), list_of(rows)

    async def read() -> list[Piece]:
        redis = connect(store_url)
        live = live_of(catalogue_of(n, set()))
        pieces = [await pager_of(live, redis).first(listed, Page(limits[0]), audience)]
        live.catalogue = catalogue_of(n, hidden)  # hidden while the reader reads
        while (cursor := pieces[-1].next) is not None:
            assert len(cursor) < 500
            page = Page(limits[len(pieces) % len(limits)], cursor)
            another = pager_of(live, redis)  # any process serves any page
            pieces.append(await another.further("trending", page, audience))
        await redis.aclose()
        return pieces

    first, *others = asyncio.run(read())

    later = [row for row in rows[limits[0] :] if row not in hidden | unwanted]
    assert first.ranking.rows.tolist() == rows[: limits[0]]
    assert [row for p in others for row in p.ranking.rows.tolist()] == later
    for piece in [first, *others]:
        assert [rows[place] for place in piece.places] == piece.ranking.rows.tolist()
        assert piece.ranking.scores.tolist() == [n - place for place in piece.places]
        assert piece.ranking.sources.tolist() == [place % 2 for place in piece.places]
        assert piece.feed_id == listed.feed_id


@pytest.mark.anyio
async def test_one_list_is_kept_once_however_often_it_is_read(redis: Redis):
    live = live_of(catalogue_of(90, set()))
    pager, listed = pager_of(live, redis), list_of(list(range(90)))

    for limit in (1, 5, 5):
        await pager.first(listed, Page(limit), EVERYBODY)
    await pager.first(listed, Page(5, goes_on=False), audience_without(set()))

    assert await redis.keys("rs:*") == [b"rs:{site}:lists"]
    assert await redis.xlen("rs:{site}:lists") == 1
    assert 0 < await redis.ttl("rs:{site}:lists") <= 1_860


@pytest.mark.anyio
async def test_a_reader_who_asks_for_more_and_more_lists_drives_out_their_own_oldest(redis: Redis):
    live = live_of(catalogue_of(90, set()))
    pager, ann = pager_of(live, redis), audience_without(set())
    rows = list(range(90))
    everybodys = (await pager.first(list_of(rows), Page(5), EVERYBODY)).next

    cursors = [
        (await pager.first(list_of(rows[i:] + rows[:i]), Page(5), ann)).next for i in range(25)
    ]

    (key,) = await redis.keys("rs:{[0-9]*}:lists:*")
    assert await redis.xlen(key) == 20
    assert b"ann" not in key
    for gone in cursors[:5]:
        with pytest.raises(ExpiredError):
            await pager.further("trending", Page(5, gone), ann)
    for kept in (everybodys, *cursors[5:]):
        assert len((await pager.further("trending", Page(5, kept), ann)).places) == 5


@pytest.mark.anyio
async def test_reading_a_list_writes_nothing_to_the_disk(redis: Redis):
    pager = pager_of(live_of(catalogue_of(90, set())), redis)
    before = (await redis.info("replication"))["master_repl_offset"]
    log = (await redis.info("persistence"))["aof_current_size"]

    await pager.first(list_of(list(range(90))), Page(5), EVERYBODY)

    assert (await redis.info("persistence"))["aof_current_size"] == log
    assert (await redis.info("replication"))["master_repl_offset"] == before


@pytest.mark.anyio
async def test_while_the_store_is_away_a_list_goes_on_for_a_while(redis: Redis):
    pager = pager_of(live_of(catalogue_of(90, set()), is_connected=False), redis)

    first = await pager.first(list_of(list(range(90))), Page(5), EVERYBODY)
    second = await pager.further("trending", Page(100, first.next), EVERYBODY)

    assert second.ranking.rows.tolist() == list(range(5, 35))
    assert second.next is None
    assert await redis.keys("rs:*") == []


@given(place=st.integers(0, 400), by=st.integers(1, 63))
@settings(max_examples=50)
def test_a_cursor_with_any_letter_altered_is_refused(place: int, by: int):
    letters = string.ascii_letters + string.digits + "-_"
    pager = pager_of(live_of(catalogue_of(9, set())), connect("redis://127.0.0.1:1"))
    cursor = pager.sealed(pager.follow("trending", "trending", new_feed_id(), 4))
    place %= len(cursor)
    other = letters[(letters.index(cursor[place]) + by) % 64]

    assert pager.start(cursor, "trending").position == 4
    with pytest.raises(InvalidError):
        pager.start(cursor[:place] + other + cursor[place + 1 :], "trending")
    with pytest.raises(InvalidError):
        pager.start(cursor[:place], "trending")


def test_a_cursor_is_gone_after_its_time_and_with_its_catalogue():
    live = live_of(catalogue_of(9, set()))
    pager = pager_of(live, connect("redis://127.0.0.1:1"))
    here = pager.follow("trending", "trending", new_feed_id(), 4)
    old = msgspec.structs.replace(here, issued_s=here.issued_s - 1_801)
    foreign = msgspec.structs.replace(here, catalogue="00000000")

    for cursor in (old, foreign):
        with pytest.raises(ExpiredError, match="start again"):
            pager.start(pager.sealed(cursor), "trending")


@given(n=st.integers(0, 20), rows=st.lists(st.integers(0, 2**32 - 1), max_size=9))
def test_rows_that_somebody_made_up_are_not_shown(n: int, rows: list[int]):
    pager = pager_of(live_of(catalogue_of(n, set())), connect("redis://127.0.0.1:1"))

    shown = pager.may_show(np.array(rows, np.int64), EVERYBODY)

    assert shown.tolist() == [row < n for row in rows]


def test_a_list_without_what_its_audience_hid_leaves_the_catalogues_own_mask_alone():
    everything = np.ones(3, bool)

    assert audience_without({1}).allowed(everything).tolist() == [True, False, True]
    assert everything.all()
    assert EVERYBODY.allowed(everything) is everything
