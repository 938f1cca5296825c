"""A data folder that the former release wrote is served as that release served it.

`make.py` says how the folder and the answers were made.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.former.make import ANSWERS, unpack
from tests.former.recording import GORSE_ROWS, PRIVATE, SETTINGS, SUBSCRIBER, answers
from tests.outbox import Outbox, address_in
from tests.service import Service, wait_until

UNTAUGHT = {"train_every_s": 1e9, "train_every_events": 10**9}


@pytest.fixture
def former(new_service: Callable[..., Service]) -> Callable[..., Service]:
    """Starts the present code on the former release's folder."""

    def start(**settings: object) -> Service:
        service = new_service(**(SETTINGS | settings))
        unpack(service.folder)
        return serving(service.start())

    return start


def serving(service: Service) -> Service:
    wait_until(lambda: service.get("/v1/snapshots")["serving"], "a snapshot is served")
    return service


@pytest.fixture(scope="module")
def then() -> dict[str, Any]:
    """What the former release answered."""
    return json.loads(ANSWERS.read_text())


AGREED = 2e-3  # of a score: as precise as two machines' arithmetic agrees on


def settled(found: Any) -> Any:
    """The same, items that score alike in the order of their ids: arithmetic alone ordered them."""
    if isinstance(found, dict):
        return {name: settled(value) for name, value in found.items()}
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and "score" in one for one in found
    ):
        return found
    groups: list[list[Any]] = []
    for one in found:
        if groups and abs(groups[-1][-1]["score"] - one["score"]) < AGREED:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [one for alike in groups for one in sorted(alike, key=lambda one: one["id"])]


def rounded(found: Any) -> Any:
    """The same, scores only as precise as two machines' arithmetic agrees on."""
    if isinstance(found, list):
        return [rounded(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {
        name: pytest.approx(value, abs=AGREED) if name == "score" else rounded(value)
        for name, value in found.items()
    }


# Since then a unit of likeness of texts is worth the same for items with and without readers.
MOVED = 0.05


def assert_feed_as_then(found: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
    """The same items for the same causes, of which none overtook another that was clearly better."""
    was = {one["id"]: one for one in before}
    assert {one["id"] for one in found} == set(was)
    for one in found:
        assert one["score"] == pytest.approx(was[one["id"]]["score"], abs=MOVED)
        assert as_then(one, was[one["id"]]) | {"score": 0} == was[one["id"]] | {"score": 0}
    for place, one in enumerate(found):
        best_behind = max((was[later["id"]]["score"] for later in found[place:]), default=0)
        assert was[one["id"]]["score"] > best_behind - 2 * MOVED, one["id"]


def as_then(found: Any, before: Any) -> Any:
    """What was found, without the fields that only the present release knows."""
    if isinstance(before, dict) and isinstance(found, dict):
        return {name: as_then(found[name], before[name]) for name in before if name in found}
    if isinstance(before, list) and isinstance(found, list) and len(before) == len(found):
        return [as_then(*pair) for pair in zip(found, before, strict=True)]
    return found


def assert_as_then(service: Service, then: dict[str, Any]) -> None:
    found, before = answers(service), dict(then)
    # Since then what comes by other doors is seen from Gorse's side as well: the row is one of several.
    rows = found["records"].pop(GORSE_ROWS)
    records = dict(before["records"])
    for row in records.pop(GORSE_ROWS):
        assert row in [as_then(one, row) for one in rows]
    before["records"] = records
    # A search gives what holds its words, and no longer what is only like them behind it.
    before["lists"] = {
        asked: listed[: len(found["lists"][asked])] if "/v1/search" in asked else listed
        for asked, listed in before["lists"].items()
    }
    assert all(found["lists"].values())
    # Since then one reader in common makes no two items as alike as can be: the order is another.
    for asked in [asked for asked in before["lists"] if "/v1/similar" in asked]:
        now, was = (
            {one["id"]: one["upvotes"] for one in lists.pop(asked)}
            for lists in (found["lists"], before["lists"])
        )
        assert len(now.items() & was.items()) >= len(was) - 2 > 0
    for asked, feed in found.pop("feeds").items():
        assert_feed_as_then(feed, before["feeds"][asked])
    for part, answered in found.items():
        was = settled(before[part])
        assert as_then(settled(answered), was) == rounded(was), part


@pytest.mark.timeout(300)  # two starts and two commands
def test_all_is_as_it_was_left_and_again_when_made_anew_from_its_log(former, then):
    service = former(**UNTAUGHT)

    assert_as_then(service, then)

    service.stop()
    for derived in ("boards", "profiles"):
        done = service.run("rebuild", derived)
        assert done.returncode == 0, done.stderr
    assert_as_then(serving(service.start()), then)


def test_its_subscriber_still_gets_mail_and_its_addresses_still_lead_there(former, then):
    service = former(**UNTAUGHT)
    outbox = Outbox(service)

    private = service.get(then["private_path"], limit=20)
    assert [entry["title"] for entry in private["items"]] == [
        item["item"]["title"] for item in service.feed(PRIVATE, limit=20)["items"]
    ]

    service.put("news", title="What is new on the loom", text="A loom, again.")
    service.act("reader-3", "upvote", "news")
    service.settled()
    outbox.make_due()
    mail = outbox.next_to(SUBSCRIBER)
    assert "What is new on the loom" in mail.get_body(("plain",)).get_content()

    service.http.post(address_in(mail, "unsubscribe")).raise_for_status()
    assert not outbox.subscriptions()


def test_it_takes_events_learns_and_archives(former, then):
    service = former(train_every_s=1, train_pause_s="0.1", archive_every_s=1)
    archived = set(service.folder.rglob("*.parquet"))
    before = service.ids("/v1/feed", user="reader-0", limit=30)

    service.act("reader-0", "upvote", "loom/9")
    after = service.ids("/v1/feed", user="reader-0", limit=30)

    assert "loom/9" in before
    assert "loom/9" not in after
    service.settled()
    (votes,) = service.get("/v1/votes", item="loom/9", user="reader-0")["items"]
    assert votes == {"id": "loom/9", "upvotes": 1, "upvoted": True}
    wait_until(
        lambda: service.get("/v1/snapshots")["serving"] != then["snapshot"], "a new model", 60
    )
    wait_until(lambda: set(service.folder.rglob("*.parquet")) - archived, "a new archive", 60)
