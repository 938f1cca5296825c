"""An API may be started before its store: it waits, and ends when told to."""

import asyncio
from pathlib import Path

from recsvc.store.bundled import BundledStore
from tests.faults.servers import is_ready, started
from tests.service import wait_until


def test_an_api_that_is_started_first_serves_once_the_store_is_there(tmp_path: Path):
    store = BundledStore(tmp_path / "data", "everysec")
    with started(store.url) as (http, process):
        wait_until(lambda: process.poll() is None and not is_ready(http), "it waits")
        asyncio.run(store.start())
        try:

            def is_up() -> bool:
                assert process.poll() is None, "it ended"
                return is_ready(http)

            wait_until(is_up, "it serves", 90)
        finally:
            asyncio.run(store.stop())


def test_an_api_that_waits_for_its_store_ends_when_told_to(tmp_path: Path):
    with started(f"unix://{tmp_path}/nowhere.sock") as (_, process):
        wait_until(lambda: _is_waiting(process.pid), "it has begun", 60)
        process.terminate()

        assert process.wait(60) is not None


def _is_waiting(pid: int) -> bool:
    """Whether the process has started its serving child."""
    return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text().strip())
