"""What a reader hid or muted stays away while the store is away, at the start of a service too."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from recsvc.clock import now_us
from recsvc.core.readers.preferences import NO_PREFERENCES
from recsvc.live.wish_file import Kept, WishFile
from recsvc.live.wishes import Wishes
from tests.faults.servers import server_pids
from tests.service import Service, wait_until

_FORBIDDEN = {"p1"} | {f"p{n}" for n in range(3, 30, 5)}
_ALLOWED = {f"p{n}" for n in range(30)} - _FORBIDDEN


def test_nothing_hidden_or_muted_comes_back_without_the_store(new_service):
    service: Service = new_service().start()
    items = [{"id": f"p{n}", "title": f"Paper {n}", "topics": [f"t{n % 5}"]} for n in range(30)]
    service.put_all(items)
    wait_until(lambda: service.get("/v1/stats")["items"] == 30, "all are listed")
    for user in ("reads", "writes"):
        service.act(user, "hide", "p1")
        service.act(user, "hide", "p2")
        service.act(user, "unhide", "p2")
        wanted = {"topics": {"t3": "mute"}}
        service.http.patch(f"/v1/preferences?user={user}", json=wanted).raise_for_status()
    service.act("gone", "hide", "p1")
    service.http.delete("/v1/users/gone").raise_for_status()
    shown = {item["id"] for item in service.feed("reads", limit=100)["items"]}
    assert not _FORBIDDEN & shown

    os.kill(service.part("store"), signal.SIGSTOP)
    try:
        assert_nothing_comes_back(service)
    finally:
        os.kill(service.part("store"), signal.SIGCONT)

    kept = service.folder / "cache" / "keepsake"
    wait_until(lambda: list(kept.glob("*.store")), "something is kept of the store", 60)
    _until_kept_whole(service, kept)
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept.iterdir())
    service.kill()
    wait_until(lambda: not server_pids(service.folder), "the store ended", 60)
    wait_until(lambda: not _answers(service), "the API ended", 60)
    with started_without_a_store(service):
        assert_nothing_comes_back(service)
        told = service.http.get("/health/ready")
        assert told.status_code == 503
        assert "appendonly.aof.manifest is missing" in told.text
        refused = service.http.post("/v1/events", json={"user": "a", "item": "p1", "kind": "click"})
        wished = service.http.post("/subscribe", data={"email": "ann@example.com"})
        for answer in (refused, wished):
            assert answer.status_code == 503
            assert str(service.folder) not in answer.text, "where the store is is nobody's business"
    assert service.feed("reads", limit=100)["stale"] is False, "it returns by itself"
    assert "gone" not in WishFile(kept).read()


def _until_kept_whole(service: Service, kept: Path) -> None:
    """Wait for a keepsake of now, not of before the items were there."""
    (path,) = kept.glob("*.store")
    path.unlink()
    service.kill_part("api")  # it keeps what it finds at its start
    wait_until(path.exists, "it is kept anew", 60)
    wait_until(service.is_ready, "the API answers", 60)


@contextmanager
def started_without_a_store(service: Service) -> Iterator[None]:
    """The service's store cannot start meanwhile."""
    manifest = service.folder / "store" / "appendonlydir" / "appendonly.aof.manifest"
    aside = manifest.with_suffix(".aside")
    manifest.rename(aside)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(service.start)
        try:
            wait_until(lambda: _answers(service), "the API answers", 60)
            yield
        finally:
            aside.rename(manifest)
        starting.result()


def _answers(service: Service) -> bool:
    try:
        return service.http.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False


def assert_nothing_comes_back(service: Service) -> None:
    for user in ("reads", "writes", "reads"):
        feed = service.feed(user, limit=100)
        assert feed["stale"]
        assert {item["id"] for item in feed["items"]} == _ALLOWED
    trending = service.get("/v1/trending", user="reads", window="all", limit=100)
    assert not _FORBIDDEN & {item["id"] for item in trending["items"]}


def test_wishes_outlive_the_process_that_heard_of_them(tmp_path: Path):
    file = WishFile(tmp_path)
    for n in range(3):
        file.append(Kept(f"u{n}", n, {f"i{n}": n + 1}, NO_PREFERENCES))
    with (tmp_path / "wishes").open("ab") as out:
        out.write(b'\n{"user": "u1", "at_')  # cut short
    file.append(Kept("u0", 9, {"i0": -9}, NO_PREFERENCES))

    found = Wishes({}, file=WishFile(tmp_path))

    assert [found.of(f"u{n}").items for n in range(3)] == [[], ["i1"], ["i2"]]
    assert (tmp_path / "wishes").stat().st_mode & 0o077 == 0


def test_who_is_erased_is_forgotten_on_disk_unless_they_came_back(tmp_path: Path):
    file = WishFile(tmp_path)
    for user in ("before", "after", "stays"):
        file.append(Kept(user, now_us(), {"i": 1}, NO_PREFERENCES))
    found = Wishes({}, file=file)

    found.forget({"before": now_us() + 1_000, "after": 1})

    assert set(file.read()) == {"after", "stays"}
    assert found.of("before").items == []
