"""A site that refuses what strangers say of items it does not have."""

import json
from collections.abc import Iterator

import pytest

from tests.doors.seen import Seen
from tests.secured import ORIGIN, Secured, secure

PAGE = {"origin": "null", "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A keyed site whose setting is `refuse`, and nothing of whose log is archived meanwhile."""
    folder = tmp_path_factory.mktemp("strict") / "data"
    found = secure(folder, unknown_items="refuse", archive_every_s=3_600)
    item = {"title": "Here", "aliases": ["here-too"]}
    assert found.call("PUT", "/v1/items/here", found.secret, json=item).status_code == 201
    yield found
    found.service.stop()
    found.service.http.close()


@pytest.fixture(scope="module")
def seen(strict: Secured) -> Iterator[Seen]:
    found = Seen(strict.service)
    yield found
    found.close()


def logged(seen: Seen, item: str) -> int:
    logs = [seen.redis.xrange(key) for key in seen.redis.scan_iter("rs:*:events")]
    return sum(item.encode() in fields[b"e"] for log in logs for _, fields in log)


def by_session(strict: Secured, item: str) -> tuple[int, str]:
    event = {"user": "s", "item": item, "kind": "upvote"}
    answer = strict.call("POST", "/v1/events", strict.publishable, ORIGIN, json=event)
    return answer.status_code, answer.text


def in_a_batch(strict: Secured, item: str) -> tuple[int, str]:
    """One after another that is taken: the answer is the refused one's."""
    events = [{"user": "s", "item": name, "kind": "click"} for name in ("here", item)]
    answer = strict.call("POST", "/v1/events", strict.publishable, ORIGIN, json=events)
    rejected = answer.json()["rejected"]
    assert answer.json()["accepted"] == 2 - len(rejected)
    return (400, rejected[0]["error"]) if rejected else (202, "")


def by_beacon(strict: Secured, item: str) -> tuple[int, str]:
    beacon = {
        "authorization": strict.publishable,
        "events": [{"user": "s", "item": item, "kind": "upvote"}],
    }
    answer = strict.call(
        "POST", "/v1/events", None, ORIGIN,
        content=json.dumps(beacon), headers={"content-type": "text/plain"},
    )  # fmt: skip
    rejected = answer.json()["rejected"]
    return (400, rejected[0]["error"]) if rejected else (202, "")


def by_button(strict: Secured, item: str) -> tuple[int, str]:
    form = {"item": item, "kind": "upvote"}
    answer = strict.call("POST", "/vote", headers=PAGE, data=form)
    return answer.status_code, answer.text


def by_a_followed_link(strict: Secured, item: str) -> tuple[int, str]:
    by_button(strict, "here")  # clicks count for whom our pages know, and a vote makes them known
    form = {"item": item, "kind": "click"}
    answer = strict.call("POST", "/click", headers=PAGE, data=form)
    return answer.status_code, answer.text


DOORS = [by_session, in_a_batch, by_beacon, by_button, by_a_followed_link]


@pytest.mark.parametrize("door", DOORS)
def test_refused_is_what_strangers_say_of_items_that_are_not_there(
    strict: Secured, seen: Seen, door
):
    item = f"made-up-{door.__name__}"

    status, said = door(strict, item)

    assert status == 400, said
    assert item in said
    assert logged(seen, item) == 0


def test_kept_of_what_they_saw_is_only_what_is_there(strict: Secured, seen: Seen):
    form = {"feed_id": "f", "places": json.dumps([["never-there", 0], ["here", 1]])}
    by_button(strict, "here")
    before = logged(seen, "here")

    answer = strict.call("POST", "/seen", headers=PAGE, data=form)

    assert answer.status_code == 204, answer.text
    assert (logged(seen, "never-there"), logged(seen, "here")) == (0, before + 1)


@pytest.mark.parametrize("item", ["here", "here-too"])
@pytest.mark.parametrize("door", DOORS)
def test_taken_is_what_they_say_of_items_that_are_by_any_name(strict: Secured, door, item: str):
    status, said = door(strict, item)

    assert status < 400, said


def test_taken_is_what_is_vouched_for_before_its_item_comes(strict: Secured, seen: Seen):
    event = {"item": "to-come", "kind": "upvote"}
    for key, user in ((strict.secret, {"user": "ann"}), (strict.token("bob"), {})):
        answer = strict.call("POST", "/v1/events", key, json=event | user)
        assert answer.status_code == 202, answer.text

    assert logged(seen, "to-come") == 2
