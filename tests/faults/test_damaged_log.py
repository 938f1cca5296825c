"""A log that is damaged loses what is damaged, and nothing behind it; what goes is kept aside, once."""

import random
import shutil

import pytest

from recsvc.store.bundled import BundledStore, forget_mended, mended_problem
from recsvc.store.bundled.causes import Cause, StoreDownError
from tests.faults.servers import events_of, filled, log_file, record, recorded, small_disk

pytestmark = pytest.mark.server

N = 300


def copies(folder) -> list:
    return sorted((folder / "store").glob("appendonlydir.damaged-*/*"))


@pytest.mark.parametrize("seed", range(3))
def test_damage_in_the_middle_costs_the_events_it_hits_and_no_other(tmp_path, seed):
    path = filled(tmp_path, N)
    whole = path.read_bytes()
    # Over the border of two writes: within a value the server reads zeros like any other bytes.
    start = random.Random(seed).randrange(len(whole) // 4, len(whole) // 2)
    at = whole.index(b"\r\n*1\r\n$5\r\nMULTI", start) - random.Random(seed).randrange(56)
    path.write_bytes(whole[:at] + b"\0" * 64 + whole[at + 64 :])
    damaged = path.read_bytes()

    left = events_of(tmp_path)

    # 64 bytes lie in one event or two.
    assert len(left) >= N - 2
    assert [copy.read_bytes() for copy in copies(tmp_path)] == [damaged]
    assert "recsvc rebuild" in (mended_problem(tmp_path) or "")
    forget_mended(tmp_path)
    assert events_of(tmp_path) == left
    assert len(copies(tmp_path)) == 1, "what is mended is not mended again"
    assert mended_problem(tmp_path) is None


def test_a_length_that_reaches_beyond_the_end_does_not_cut_what_follows(tmp_path):
    path = filled(tmp_path, N)
    whole = path.read_bytes()
    at = whole.index(b"$4\r\nXADD", len(whole) // 2)
    path.write_bytes(whole[:at] + b"$9\r\nXADD" + whole[at + len(b"$4\r\nXADD") :])

    assert len(events_of(tmp_path)) >= N - 1


def test_an_end_that_was_cut_costs_the_last_event_and_is_kept(tmp_path):
    path = filled(tmp_path, N)
    with path.open("r+b") as log:
        log.truncate(path.stat().st_size - 40)

    assert events_of(tmp_path) == list(range(N - 1))
    assert [copy.name.startswith(f"{path.name}.from-") for copy in copies(tmp_path)] == [True]
    assert mended_problem(tmp_path) is None, "what is left is as it was at one moment"


def test_copies_of_damaged_logs_are_three_at_most(tmp_path):
    path = filled(tmp_path, 5)
    for _ in range(5):
        path.write_bytes(path.read_bytes() + b"\0" * 100)
        assert events_of(tmp_path) == list(range(5))

    assert len(copies(tmp_path)) == 3


async def test_what_cannot_be_mended_is_named_and_left_as_it_is(tmp_path):
    store = BundledStore(tmp_path, "always")
    await store.start()
    await store.stop()
    folder = tmp_path / "store" / "appendonlydir"
    base = next(folder.glob("*.base.rdb"))
    base.write_bytes(base.read_bytes()[:-8] + b"notright")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(StoreDownError, match="restore a backup") as refused:
        await store.start()

    assert refused.value.cause is Cause.DAMAGED
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not store.is_running


async def test_logs_without_their_manifest_are_not_begun_anew_over(tmp_path):
    store = BundledStore(tmp_path, "always")
    await store.start()
    await store.stop()
    before = log_file(tmp_path).read_bytes()
    (tmp_path / "store" / "appendonlydir" / "appendonly.aof.manifest").unlink()

    with pytest.raises(StoreDownError, match="manifest is missing"):
        await store.start()

    assert log_file(tmp_path).read_bytes() == before


async def test_a_manifest_that_was_cut_anywhere_is_not_believed(tmp_path):
    store = BundledStore(tmp_path, "always")
    await store.start()
    await record(store.url, 0, 3)
    await store.stop()
    path = tmp_path / "store" / "appendonlydir" / "appendonly.aof.manifest"
    whole = path.read_bytes()

    for n in range(len(whole.strip())):
        path.write_bytes(whole[:n])
        with pytest.raises(StoreDownError, match=r"manifest is (missing|damaged)"):
            await store.start()

    path.write_bytes(whole)
    await store.start()
    assert await recorded(store.url) == [0, 1, 2]
    await store.stop()


async def test_a_log_of_a_newer_server_is_said_to_be_that(tmp_path):
    store = BundledStore(tmp_path, "always")
    await store.start()
    await store.stop()
    base = next((tmp_path / "store" / "appendonlydir").glob("*.base.rdb"))
    raw = base.read_bytes()
    digits = 6 if raw.startswith(b"VALKEY") else 5
    base.write_bytes(raw[:digits] + b"9" * (9 - digits) + raw[9:])

    with pytest.raises(StoreDownError) as refused:
        await store.start()

    assert refused.value.cause is Cause.VERSION, str(refused.value)


async def test_a_damaged_log_waits_for_the_room_that_mending_takes(tmp_path):
    with small_disk(tmp_path / "disk", 8) as disk:
        folder = disk / "data"
        store = BundledStore(folder, "always")
        await store.start()
        await record(store.url, 0, 50)
        await store.stop()
        path = log_file(folder)
        middle = path.stat().st_size // 2
        raw = path.read_bytes()
        path.write_bytes(raw[:middle] + b"\0" * 64 + raw[middle + 64 :])
        damaged = path.read_bytes()
        free = shutil.disk_usage(disk).free
        (disk / "filler").write_bytes(bytes(free - 1_050_000))

        with pytest.raises(StoreDownError) as refused:
            await store.start()

        assert refused.value.cause is Cause.FULL
        assert path.read_bytes() == damaged
        assert not copies(folder)
        (disk / "filler").unlink()
        await store.start()
        found = await recorded(store.url)
        await store.stop()
        assert len(found) >= 48
