"""Models can be seen, gone back to and held, and one that cannot be read changes nothing."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from recsvc.store import keys
from recsvc.store.bundled import socket_url
from tests.service import Service, wait_until


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that has published two models."""
    running = Service(
        tmp_path_factory.mktemp("trained") / "data", train_pause_s="0.2", train_every_s=1,
        train_share=1,
    ).start()  # fmt: skip
    running.put_all([{"id": f"s{n}", "title": f"paper {n} on subject {n % 3}"} for n in range(30)])
    for n in (1, 2):
        running.act(f"reader-{n}", "upvote", f"s{n}")
        wait_until(lambda n=n: published(running) >= n, "a model published", 20)
    yield running
    running.stop()
    running.http.close()


def published(service: Service) -> int:
    return kept(service)["outcomes"].get("published", 0)


def kept(service: Service) -> dict[str, Any]:
    return service.get("/v1/snapshots")


def serves(service: Service, snapshot_id: str) -> bool:
    return service.feed("reader-1")["snapshot_id"] == snapshot_id


@pytest.mark.alone
def test_rollback_takes_effect_within_two_seconds_and_holds_until_released(trained: Service):
    settled: list[dict[str, Any]] = []

    def is_settled() -> bool:
        settled.append(kept(trained))
        return settled[-1]["current"] == settled[-1]["serving"]

    wait_until(is_settled, "the published model served")
    latest = settled[-1]["current"]
    earlier = next(s["id"] for s in settled[-1]["snapshots"] if s["id"] < latest)

    done = trained.run("snapshots", "rollback", "--hold")
    asked_s = time.monotonic()

    assert done.returncode == 0, done.stderr
    wait_until(lambda: serves(trained, earlier), "the earlier model served", 2)
    assert time.monotonic() - asked_s < 2
    assert kept(trained)["held"] == earlier
    trained.act("reader-3", "upvote", "s3")
    wait_until(lambda: kept(trained)["outcomes"].get("held_back"), "a model held back", 20)
    assert kept(trained)["current"] == earlier

    assert trained.run("snapshots", "release").stdout == "released\n"
    trained.act("reader-4", "upvote", "s4")
    wait_until(lambda: kept(trained)["current"] > latest, "a new model published", 20)


def test_the_console_rolls_back_and_undoes_it(trained: Service):
    page = {"origin": f"http://127.0.0.1:{trained.port}", "accept": "text/html"}

    def press(button: str, **form: str) -> None:
        answer = trained.http.post(f"/console/models/{button}", data=form, headers=page)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/models")

    # Held first, so that training does not come in between.
    latest = kept(trained)["current"]
    press("serve", snapshot=latest, hold="yes")
    wait_until(lambda: serves(trained, latest), "the latest served")
    shown = trained.http.get("/console/models", headers=page).text
    offered = re.search(
        r'name="snapshot" value="([^"]+)">[^>]*>[^>]*>[^>]*>\s*<button[^>]*>Roll', shown
    )
    assert offered, shown
    earlier = offered[1]
    assert earlier < latest

    press("serve", snapshot=earlier, hold="yes")

    wait_until(lambda: serves(trained, earlier), "the earlier model served")
    assert kept(trained)["held"] == earlier
    press("serve", snapshot=latest)
    press("release")
    wait_until(lambda: kept(trained)["current"] >= latest, "undone")
    assert kept(trained)["held"] is None
    wait_until(lambda: trained.feed("reader-1")["snapshot_id"] >= latest, "served again")


def test_the_commands_say_what_is_kept_and_why(trained: Service):
    listed = json.loads(trained.run("snapshots", "list", "--json").stdout)
    one = listed["snapshots"][0]

    shown = json.loads(trained.run("snapshots", "show", one["id"]).stdout)

    assert listed["current"] in [s["id"] for s in listed["snapshots"]]
    assert one["verdict"]["reason"].startswith("too few readers")
    assert shown["snapshot_id"] == one["id"]
    assert {a["name"] for a in shown["arrays"]} >= {"item_factors", "support", "text_terms"}
    assert "●" in trained.run("snapshots", "list").stdout
    assert trained.run("snapshots", "activate", "no-such").returncode == 2


def test_the_gates_verdict_is_shown_and_counted(trained: Service):
    found = kept(trained)

    assert all(s["verdict"]["passed"] for s in found["snapshots"])
    assert found["outcomes"]["published"] >= 2
    assert 'recsvc_candidates_total{outcome="published"}' in trained.http.get("/metrics").text


def test_a_model_of_a_newer_format_is_refused_and_the_old_one_serves_on(trained: Service):
    serving = kept(trained)["current"]
    trained.run("snapshots", "activate", serving, "--hold")  # training must not come in between
    wait_until(lambda: serves(trained, serving), "the held model served")
    store = redis.Redis.from_url(socket_url(trained.folder))
    manifest = json.loads(store.hget(keys.SNAPSHOTS, serving))
    newer = manifest | {"snapshot_id": "20990101T000000-abcdef", "format_version": 99}
    store.hset(keys.SNAPSHOTS, newer["snapshot_id"], json.dumps(newer))
    try:
        trained.run("snapshots", "activate", newer["snapshot_id"])

        wait_until(lambda: kept(trained)["refused"], "the model refused")
        assert "format 99" in kept(trained)["refused"]
        assert serves(trained, serving)
        assert trained.http.get("/health/ready").json()["status"] == "degraded"
    finally:
        trained.run("snapshots", "activate", serving)
        store.hdel(keys.SNAPSHOTS, newer["snapshot_id"])
        trained.run("snapshots", "release")
        store.close()
