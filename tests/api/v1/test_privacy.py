"""Export and erasure end to end, down to the bytes on disk."""

import asyncio
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from tests.outbox import Outbox, address_in
from tests.secured import Secured
from tests.service import Service, wait_until

MARK = "erase-me-7f3a9c"
LEAVER = f"{MARK}/with a slash"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that archives as soon as it can and trains often, full of two readers' doings."""
    service = Service(
        tmp_path_factory.mktemp("private") / "data",
        archive_every_s=0.2, train_pause_s=0.2, train_every_s=0.5, train_share=1,
    ).start()  # fmt: skip
    service.put_all(
        [
            {"id": f"p{n}", "title": f"paper {n} of many", "owners": [LEAVER, "author"]}
            for n in range(6)
        ]
    )
    for user in (LEAVER, "stayer"):
        for n in range(4):
            service.act(user, "upvote", f"p{n}", event_id=f"{user}-{n}")
            service.act(user, "read", f"p{n}", value=30)
        service.act(user, "impression", "p5")
        service.act(user, "hide", "p4")
        service.http.patch(
            "/v1/preferences", params={"user": user}, json={"topics": {"nlp": "follow"}}
        )
        service.http.post("/v1/private-feed", params={"user": user})
        service.http.post("/gorse/api/user", json={"UserId": user, "Labels": ["l"]})
        subscribe(service, user)
        for _ in range(3):
            service.feed(user)  # the second and third are answered again
    service.settled()
    yield service
    service.stop()
    service.http.close()


def subscribe(service: Service, user: str) -> None:
    """Subscribe a reader, to an address of their own, and have another wish wait."""
    email = f"{user.partition('/')[0]}@example.com"
    for address in (email, f"other.{email}"):
        wish = {"email": address, "user": user, "content": "personal"}
        assert service.http.post("/v1/subscriptions", json=wish).status_code == 202
    mails = Outbox(service)
    assert mails.next_to(f"other.{email}")
    confirm = address_in(mails.next_to(email), "confirm")
    assert service.http.post(confirm).status_code == 200


def path(user: str, suffix: str = "") -> str:
    return f"/v1/users/{quote(user, safe='')}{suffix}"


def exported(service: Service, user: str) -> list[dict[str, Any]]:
    response = service.http.get(path(user, "/export"))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def files_with(folder: Path, mark: str) -> list[str]:
    """The files that hold a text, looked for in what compressed ones say."""
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and mark.encode() in content(file)
    ]


def content(file: Path) -> bytes:
    raw = file.read_bytes()
    if file.suffix == ".parquet":
        raw += pl.read_parquet(file).write_ndjson().encode()
    return raw


async def write_plainly(service: Service) -> None:
    """Have the store write its dumps without compression, in which a byte search finds nothing."""
    redis = connect(socket_url(service.folder))
    await redis.config_set("rdbcompression", "no")
    await redis.aclose()


def test_an_export_holds_everything_of_a_reader_and_of_nobody_else(private: Service):
    def is_archived() -> bool:
        return not any(line["type"] == "event" for line in exported(private, "stayer"))

    wait_until(is_archived, "everything archived", 20)
    private.act("stayer", "click", "p0")

    lines = exported(private, "stayer")

    assert lines[0]["type"] == "reader"
    assert lines[0]["id"] == "stayer"
    counts = lines[-1]["counts"]
    assert lines[-1]["type"] == "end"
    assert counts["interaction"] == 5
    assert counts["shown"] == 1
    assert (counts["preference"], counts["private_feed"], counts["gorse_user"]) == (1, 1, 1)
    mailed = {x["email"]: x["confirmed_at"] for x in lines if x["type"] == "subscription"}
    assert mailed.keys() == {"stayer@example.com", "other.stayer@example.com"}
    assert (mailed["stayer@example.com"] is None, mailed["other.stayer@example.com"]) == (
        False,
        None,
    )
    assert counts.get("event", 0) + counts["archived_event"] == 11
    assert MARK not in str(lines)
    by_item = {line["item"]: line for line in lines if line["type"] == "interaction"}
    assert by_item["p0"]["signals"]["read"]["value"] == 30
    assert by_item["p4"]["states"]["hide"]["on"] is True
    served = [line for line in lines if line["type"] == "exposure"]
    assert len({line["feed_id"] for line in served}) == counts["exposure"] == 3
    assert [len(line["items"]) for line in served] == [len(line["voices"]) for line in served]
    votes = {line["item"] for line in lines if line["type"] == "vote"}
    assert votes == {"p0", "p1", "p2", "p3"}
    owned = [line for line in exported(private, "author") if line["type"] == "owned_item"]
    assert len(owned) == 6


def test_nothing_known_is_an_export_too(private: Service):
    lines = exported(private, "nobody")

    assert [line["type"] for line in lines] == ["reader", "end"]


def test_after_an_erasure_no_byte_names_the_reader(private: Service):
    """In the store's files, the archive, the cached models, the outbox, or what the service logged."""
    asyncio.run(write_plainly(private))
    before = files_with(private.folder, MARK)
    assert any("aof" in name for name in before), "there is something to erase"
    assert sum("outbox" in name for name in before) == 2
    feed = private.http.post("/v1/private-feed", params={"user": LEAVER}).json()["rss"]
    assert private.http.get(feed).status_code == 200
    first = private.get("/v1/stats")["snapshot_id"]
    wait_until(lambda: counted(private), "the loop's hour is counted, and outlives the reader", 30)

    asked = private.http.delete(path(LEAVER))

    assert asked.status_code == 202
    assert asked.json()["state"] == "running"
    assert private.http.get(path(LEAVER)).status_code == 404, "forgotten at once"
    # not their feed: to be served one would be something new of them
    ranked = private.http.post("/v1/rank", json={"user": LEAVER, "items": ["p4", "p5"]}).json()
    assert ranked["source"] != "personal"
    assert private.http.get(feed).status_code == 404

    def proof() -> dict[str, Any]:
        return private.get(asked.headers["location"])

    wait_until(lambda: proof()["state"] == "done", "the erasure is done", 30)
    wait_until(
        lambda: private.get("/v1/stats")["snapshot_id"] != first, "a model without the reader", 30
    )
    assert files_with(private.folder, MARK) == []
    assert MARK not in private.log_path.read_text()
    told = proof()
    assert told["compacted"] is True
    assert told["erased"]["interactions"] == 5
    assert told["erased"]["votes"] == 4
    assert told["erased"].get("exposures", 0) <= 3  # some may not have been in a file yet
    assert told["erased"]["owned_items"] == 6
    assert (told["erased"]["preferences"], told["erased"]["subscriptions"]) == (2, 2)
    assert told["erased"].get("events", 0) + told["erased"].get("archived_events", 0) == 10
    found = private.get("/v1/erasures", user=LEAVER)["erasures"]
    assert [e["id"] for e in found] == [told["id"]]
    assert private.get("/v1/votes/explain", item="p0")["counted"] == 1
    assert exported(private, "stayer")[-1]["counts"]["vote"] == 4


def counted(service: Service) -> bool:
    return any(hour["lists"] for hour in service.get("/v1/loop")["hours"])


def test_an_erased_reader_may_come_back_as_somebody_new(private: Service):
    user = "comes-back"
    private.act(user, "upvote", "p0")
    private.http.delete(path(user))
    private.act(user, "upvote", "p1")

    wait_until(
        lambda: private.get("/v1/erasures", user=user)["erasures"][0]["state"] == "done",
        "the erasure is done",
        30,
    )

    interactions = private.get(path(user))["interactions"]
    assert [i["item"] for i in interactions] == ["p1"]
    events = [x["item"] for x in exported(private, user) if x["type"].endswith("event")]
    assert events == ["p1"]


def test_an_export_waits_for_no_erasure_and_one_who_is_being_erased_has_none(private: Service):
    leavers = [f"leaves-{n}" for n in range(100)]
    private.send(*({"user": user, "item": "p1", "kind": "click"} for user in leavers))
    private.settled()
    with (private.folder / "archive" / "lock").open("a") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # nobody archives or erases, as while a backup is being made
        for user in leavers:
            assert private.http.delete(path(user)).status_code == 202

        assert exported(private, "stayer")[-1]["type"] == "end"
        refused = private.http.get(path(leavers[-1], "/export"))

    assert refused.status_code == 409
    assert "being erased" in refused.json()["detail"]
    wait_until(
        lambda: private.http.get(path(leavers[-1], "/export")).status_code == 200, "erased", 30
    )
    assert [line["type"] for line in exported(private, leavers[-1])] == ["reader", "end"]


def test_snapshots_name_no_reader(private: Service):
    def cached() -> list[Path]:
        files = (private.folder / "cache" / "snapshots").glob("*.*")
        return [file for file in files if file.suffix in (".bin", ".prepared")]

    wait_until(cached, "a model", 30)
    for user in (b"stayer", MARK.encode()):
        assert all(user not in file.read_bytes() for file in cached())


def test_readers_see_and_export_their_own_data_and_only_hosts_erase(secured: Secured):
    token, click = secured.token("self"), {"item": "x", "kind": "click"}
    assert secured.call("POST", "/v1/events", token, json=click).status_code == 202

    assert secured.call("GET", "/v1/users/self/export", token).status_code == 200
    assert secured.call("GET", "/v1/users/other/export", token).status_code == 403
    assert secured.call("DELETE", "/v1/users/self", token).status_code == 403
    assert secured.call("GET", "/v1/erasures?user=self", token).status_code == 403
    assert secured.call("DELETE", "/v1/users/self", secured.secret).status_code == 202
    assert secured.call("GET", "/v1/erasures/unknown", secured.secret).status_code == 404


def test_an_id_that_ends_in_export_is_told_apart(private: Service):
    private.act("team/export", "click", "p0")

    assert private.get("/v1/users/team%2Fexport")["id"] == "team/export"
    assert exported(private, "team/export")[0]["id"] == "team/export"
    assert exported(private, "team")[0]["id"] == "team"
    assert private.http.delete("/v1/users/team/export").status_code == 405
