"""`recsvc up` outlasts what keeps its store down: it says so once, and returns by itself."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recsvc.errors import StoreError
from recsvc.store.bundled import BundledStore, Supervisor, socket_url
from recsvc.store.troubles import StoreProblem
from tests.faults.servers import fill, record, recorded, server_pids, small_disk, stopped
from tests.service import REPOSITORY, wait_until

pytestmark = [pytest.mark.server, pytest.mark.alone]


async def test_a_full_disk_is_waited_out_and_costs_nothing(tmp_path):
    with capture_logs() as said, small_disk(tmp_path / "disk", 16) as disk:
        folder = disk / "data"
        store, problem = BundledStore(folder, "always"), StoreProblem(folder)
        supervisor = Supervisor(store, problem)
        folder.mkdir()
        keeping = asyncio.create_task(supervisor.keep())
        await asyncio.wait_for(supervisor.is_up.wait(), 60)
        filler = disk / "filler"

        n = 0
        with suppress(StoreError):
            while n < 1_000:
                fill(filler)
                await record(store.url, n, 1)
                n += 1
        assert n < 1_000, "the store goes on although the disk is full"
        await until(lambda: "is full" in str(problem.read()))
        await until(lambda: supervisor._pause_s > 2)  # several tries later
        assert [one["event"] for one in said].count("store_does_not_start") == 1
        assert not list((folder / "store").glob("appendonlydir.damaged-*"))
        supervisor.is_up.clear()
        filler.unlink()

        await asyncio.wait_for(supervisor.is_up.wait(), 60)
        assert problem.read() == []
        assert (await recorded(store.url))[:n] == list(range(n))
        await record(store.url, n + 1, 1)
        keeping.cancel()
        await asyncio.gather(keeping, store.stop(), return_exceptions=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_a_folder_without_permission_is_waited_out(open_folder):
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else for a while")
    problem = StoreProblem(open_folder)
    store = BundledStore(open_folder, "always")
    supervisor = Supervisor(store, problem)
    problem.clear()
    (open_folder / "store-problem").chmod(0o666)
    os.seteuid(65534)
    try:
        keeping = asyncio.create_task(supervisor.keep())
        await until(lambda: "cannot be written to" in str(problem.read()))
        assert not server_pids(open_folder)
    finally:
        os.seteuid(0)

    await asyncio.wait_for(supervisor.is_up.wait(), 60)

    assert problem.read() == []
    keeping.cancel()
    await asyncio.gather(keeping, store.stop(), return_exceptions=True)


def test_what_the_server_says_takes_a_bounded_room(tmp_path):
    store = BundledStore(tmp_path, "everysec")
    path = tmp_path / "store" / "valkey.log"
    path.parent.mkdir()
    with path.open("ab") as said:  # as the server has it, while it runs
        for n in range(12):
            said.write(b"x" * (1 << 20))
            said.flush()
            store.bound_log()
            assert path.stat().st_size <= 5 << 20, n
        said.write(b"the last word")
    assert path.read_bytes().endswith(b"the last word")
    assert sum(one.stat().st_size for one in path.parent.iterdir()) <= 10 << 20


def test_a_start_that_takes_long_is_said_and_no_second_server_started(tmp_path):
    folder = tmp_path / "data"

    async def start_slowly() -> tuple[list[str], list[list[int]]]:
        told: list[str] = []
        seen: list[list[int]] = []
        store = BundledStore(folder, "always")
        starting = asyncio.create_task(store.start(told.append))
        await until(lambda: server_pids(folder))
        with stopped(server_pids(folder)[0]):
            await until(lambda: bool(told))
            seen.append(server_pids(folder))
        await starting
        seen.append(server_pids(folder))
        await store.stop()
        return told, seen

    told, seen = asyncio.run(start_slowly())

    assert len(told) == 1
    assert "is starting" in told[0]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1


def test_a_silent_server_that_outlived_its_supervisor_is_ended_before_another_starts(tmp_path):
    folder = tmp_path / "data"
    starts = (
        "import asyncio, sys, time; from pathlib import Path; "
        "from recsvc.store.bundled import BundledStore; "
        "asyncio.run(BundledStore(Path(sys.argv[1]), 'always').start()); time.sleep(600)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", starts, str(folder)], cwd=REPOSITORY)
    try:
        wait_until((folder / "store" / "store.sock").exists, "the server listens", 60)
        wait_until(lambda: events_recorded(folder) == [], "it answers", 30)
        orphan = server_pids(folder)[0]
        asyncio.run(record(socket_url(folder), 0, 10))
        os.kill(orphan, signal.SIGSTOP)  # hears nothing, neither of its parent's death
    finally:
        supervisor.kill()
        supervisor.wait()

    async def take_over() -> tuple[list[int], list[int]]:
        store = BundledStore(folder, "always")
        await store.start()
        found = await recorded(store.url), server_pids(folder)
        await store.stop()
        return found

    events, servers = asyncio.run(take_over())

    assert events == list(range(10))
    assert len(servers) == 1
    assert orphan not in servers


def events_recorded(folder: Path) -> list[int] | None:
    try:
        return asyncio.run(recorded(socket_url(folder)))
    except StoreError:
        return None


async def until(predicate: Callable[[], object]) -> None:
    await asyncio.to_thread(wait_until, predicate, "what is waited for", 60)
