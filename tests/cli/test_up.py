"""Starting, stopping, dying and starting again."""

import os
import signal
import subprocess
import time

import httpx
import pytest

from recsvc.store.bundled import BundledStore
from tests.service import REPOSITORY, recsvc, wait_until


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_service_stops_cleanly_and_keeps_everything(new_service):
    service = new_service().start()
    service.put("kept", text="words")
    service.act("reader", "upvote", "kept")
    parts = [service.part(name) for name in ("store", "api", "worker")]

    assert service.stop() == 0

    assert not any(is_alive(pid) for pid in parts)
    service.start()
    assert service.get("/v1/users/reader")["interactions"][0]["item"] == "kept"


def test_a_second_one_on_the_same_folder_says_so_and_exits(new_service):
    service = new_service().start()

    second = service.run("up", port=service.port + 1, timeout_s=20)

    assert second.returncode == 2
    assert "already running" in second.stderr
    assert str(service.process.pid) in second.stderr
    assert service.is_ready()


def test_killing_the_parent_leaves_no_orphan_and_loses_nothing(new_service):
    service = new_service().start()
    service.put("kept")
    service.act("reader", "upvote", "kept")
    parts = [service.part(name) for name in ("store", "api", "worker")]

    service.kill()
    service.start()

    assert service.get("/v1/users/reader")["interactions"][0]["item"] == "kept"
    wait_until(lambda: not any(is_alive(pid) for pid in parts), "the old parts are gone", 10)


def test_a_part_whose_parent_was_gone_before_it_began_ends_by_itself(store_url, tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()

    done = recsvc(
        "worker",
        "--with-parent",
        str(gone.pid),
        redis_url=store_url,
        data_dir=tmp_path,
        timeout_s=60,
    )

    assert done.returncode in (0, -signal.SIGTERM), done.stderr


def test_an_orphaned_store_is_shut_down_by_the_next_owner(new_service, tmp_path):
    service = new_service()
    folder = service.folder / "store"
    folder.mkdir(parents=True)
    store = BundledStore(service.folder, "always")
    orphan = subprocess.Popen(  # as after a kill where the kernel does not tell children
        [str(_binary()), *store._options()], cwd=folder, stdout=subprocess.DEVNULL
    )
    wait_until((folder / "store.sock").exists, "the orphan listens")

    service.start()

    assert orphan.wait(10) == 0
    assert "orphaned_store_found" in service.log()


def _binary():
    from recsvc.store.bundled.binary import server_binary

    return server_binary()


def log_files(service):
    return sorted((service.folder / "store" / "appendonlydir").glob("*.incr.aof"))


def test_a_log_cut_in_the_middle_of_a_write_is_recovered(new_service):
    service = new_service().start()
    service.put("kept")
    service.stop()
    with log_files(service)[-1].open("ab") as log:
        log.write(b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nthe machine lost pow")

    service.start()

    assert service.http.get("/v1/items/kept").status_code == 200


def test_garbage_at_the_end_of_the_log_is_cut_off_and_a_copy_kept(new_service):
    service = new_service().start()
    service.put("kept")
    service.stop()
    (service.folder / "store" / "store.sock").touch()  # and a stale socket beside it
    with log_files(service)[-1].open("ab") as log:
        log.write(b"\x00" * 4096)

    service.start()

    assert service.http.get("/v1/items/kept").status_code == 200
    assert "damaged_log_mended" in service.log()
    assert list((service.folder / "store").glob("appendonlydir.damaged-*"))


def test_another_server_replaces_the_bundled_one(new_service, empty_store_url):
    service = new_service(redis_url=empty_store_url).start()

    service.put("elsewhere")

    assert not (service.folder / "store").exists()
    assert service.http.get("/v1/items/elsewhere").status_code == 200
    done = service.run("import", str(REPOSITORY / "README.md"))
    assert done.returncode == 1


def test_without_the_store_feeds_are_served_from_memory_and_events_refused(new_service):
    service = new_service().start()
    service.put_all([{"id": f"i{n}", "title": f"title {n}"} for n in range(5)])
    assert len(service.feed("someone")["items"]) == 5
    service.act("someone", "upvote", "i1")

    os.kill(service.part("store"), signal.SIGSTOP)
    try:
        client = httpx.Client(base_url=service.http.base_url, timeout=60)
        feed = client.get("/v1/feed", params={"user": "someone"}).json()
        refused = client.post("/v1/events", json={"user": "u", "item": "i2", "kind": "click"})
        client.close()
    finally:
        os.kill(service.part("store"), signal.SIGCONT)

    assert feed["stale"] is True
    assert len(feed["items"]) == 5
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert refused.headers["content-type"].startswith("application/problem+json")
    wait_until(lambda: not service.feed("someone")["stale"], "the store is back", 20)


def test_every_part_that_dies_is_started_again(new_service):
    service = new_service(reclaim_after_s=1).start()
    service.put("kept")
    forked = children(service.part("api"))
    assert forked, "the server serves in processes of its own"
    for name in ("worker", "store", "api"):
        kill_and_wait_for_another(service, name)
    wait_until(service.is_ready, "the service is back", 20)

    def works() -> bool:
        event = {"user": "reader", "item": "kept", "kind": "upvote", "event_id": "1"}
        try:
            return service.http.post("/v1/events", json=event).status_code == 202
        except httpx.TransportError:
            return False

    wait_until(works, "events are taken again", 20)
    wait_until(lambda: service.ids("/v1/trending") == ["kept"], "boards follow again", 20)
    wait_until(
        lambda: not any(map(is_alive, forked)), "no process of the killed server is left", 20
    )


def kill_and_wait_for_another(service, name: str) -> None:
    old = service.part(name)
    service.kill_part(name)
    wait_until(lambda: service.part(name) != old, f"another {name}", 20)


def children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [int(line) for line in found.stdout.split()]


def worked_s(pid: int) -> int:
    """Seconds of processor time; a worker that does not train has used two or three to start."""
    used = subprocess.run(
        ["ps", "-o", "cputimes=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(used.stdout)


def test_an_unknown_or_wrong_setting_stops_the_start_and_is_named(tmp_path):
    misspelt = recsvc("up", data_dir=tmp_path, prot=1)
    wrong = recsvc("up", data_dir=tmp_path, alpha="-3")
    zone = recsvc("up", data_dir=tmp_path, timezone="Mars/Olympus")

    assert misspelt.returncode == wrong.returncode == zone.returncode == 2
    assert "RECSVC_PROT" in misspelt.stderr
    assert "RECSVC_PORT" in misspelt.stderr
    assert "RECSVC_ALPHA" in wrong.stderr
    assert "Mars/Olympus" in zone.stderr
    assert not list(tmp_path.iterdir())


def test_a_first_feed_within_a_minute(new_service):
    started_s = time.monotonic()

    service = new_service(demo="true").start()

    assert service.feed(None)["items"] is not None
    assert time.monotonic() - started_s < 60


@pytest.mark.alone
def test_a_training_in_hand_is_given_up_when_the_service_is_told_to_stop(new_service):
    service = new_service(train_pause_s=3_600, search_s=0).start()
    events = [
        {"user": f"u{n % 2_999}", "kind": "upvote", "item": f"i{n * n % 2_999}"}
        for n in range(6_000)
    ]
    for start in range(0, len(events), 1_000):
        service.put_all([{"id": f"i{start // 2 + n}", "title": "paper"} for n in range(500)])
        service.send(*events[start : start + 1_000])
    service.settled()
    wait_until(lambda: "snapshot_published" in service.log(), "the first training is over", 60)
    service.stop()
    service.settings |= {"train_pause_s": 0.1, "train_every_events": 1_000, "train_threads": 1}
    service.settings |= {"factors": 512, "iterations": 100}
    service.start()
    service.send(*(event | {"kind": "click"} for event in events[:1_000]))
    wait_until(lambda: worked_s(service.part("worker")) > 5, "it trains, for many seconds", 60)
    n_before = service.log().count("snapshot_published")

    assert service.stop() == 0

    # Of the worker, not of the digest's: that one lives only in a start that lasts long enough.
    assert service.log().count('"event": "worker_stopped"') == 2
    assert service.log().count("snapshot_published") == n_before
    assert "part_killed" not in service.log()


def test_a_part_that_is_killed_while_it_waits_for_its_time_is_started_all_the_same(new_service):
    service = new_service().start()
    waiting = service.part("digest")  # it begins three seconds after the others
    os.kill(waiting, signal.SIGKILL)

    wait_until(lambda: service.part("digest") != waiting, "another digest", 30)
    wait_until(lambda: "digest_worker_started" in service.log(), "it works", 30)
    assert service.stop() == 0
