"""An API may be started before its store: it waits, and ends when told to."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from recsvc.store.bundled import BundledStore
from tests.faults.servers import is_ready, started
from tests.service import wait_until


def test_an_api_that_is_started_first_serves_once_the_store_is_there(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    store = BundledStore(tmp_path / "data", "everysec")
    with started(store.url) as (http, process):
        heard: list[str] = []

        def waits() -> bool:
            assert process.poll() is None, "it ended"
            heard.extend(capfd.readouterr())
            return "api_waits" in "".join(heard)

        wait_until(waits, "it says that it waits", 60)
        assert not is_ready(http)
        asyncio.run(store.start())
        try:

            def is_up() -> bool:
                assert process.poll() is None, "it ended"
                return is_ready(http)

            wait_until(is_up, "it serves", 90)
        finally:
            asyncio.run(store.stop())
    said = "".join([*heard, *capfd.readouterr()])
    assert said.count("api_waits") == 1, "once, however often it tried"
    assert "the store does not answer" in said


def test_an_api_that_waits_for_its_store_ends_when_told_to(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """By itself, not killed ten seconds later: the server hears no signal for a process that starts."""
    with started(f"unix://{tmp_path}/nowhere.sock") as (_, process):
        heard: list[str] = []

        def waits() -> bool:
            heard.extend(capfd.readouterr())
            return "api_waits" in "".join(heard)

        wait_until(waits, "it says that it waits", 60)
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)
        wait_until(lambda: not _is_running(int(child)), "it ended", 8)

        process.terminate()
        assert process.wait(60) is not None


def _is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
