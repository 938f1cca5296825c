"""Gorse's API is the same store, seen from its side."""

import gorse
import pytest

from tests.doors.seen import Seen
from tests.service import Service

THEN = "2026-11-02T10:00:00Z"


@pytest.fixture(scope="module")
def client(house: Service) -> gorse.Gorse:
    return gorse.Gorse(f"{house.http.base_url}/gorse", "none")


def row(user: str, item: str, type_: str = "like") -> dict[str, str]:
    return {"FeedbackType": type_, "UserId": user, "ItemId": item, "Timestamp": THEN}


def listed(client: gorse.Gorse, user: str) -> list:
    found, cursor = [], ""
    while True:
        page, cursor = client.get_feedbacks(100, cursor)
        found += [f for f in page if f["UserId"] == user]
        if not cursor:
            return found


def test_what_comes_by_events_shows_in_its_lists(house: Service, client: gorse.Gorse):
    house.put("side-a")
    for kind, item in [("upvote", "side-a"), ("click", "side-b"), ("save", "side-c")]:
        house.act("side-ann", kind, item)
    house.act("side-ann", "unsave", "side-c")
    house.act("side-ann", "impression", "side-d")

    users, cursor = [], ""
    while True:
        page, cursor = client.get_users(50, cursor)
        users += [user["UserId"] for user in page]
        if not cursor:
            break
    of_user = house.http.get("/gorse/api/user/side-ann/feedback").json()

    wanted = {("upvote", "side-a"), ("click", "side-b"), ("glance", "side-d")}
    assert "side-ann" in users
    assert house.http.get("/gorse/api/user/side-ann").json()["UserId"] == "side-ann"
    assert {(f["FeedbackType"], f["ItemId"]) for f in of_user} == wanted
    assert {(f["FeedbackType"], f["ItemId"]) for f in listed(client, "side-ann")} == wanted
    house.settled()
    assert [f["UserId"] for f in house.http.get("/gorse/api/item/side-a/feedback").json()] == [
        "side-ann"
    ]


def test_what_is_taken_back_on_one_side_is_gone_on_the_other(house: Service, client: gorse.Gorse):
    client.insert_feedbacks([row("side-bob", "side-a"), row("side-bob", "side-b", "dislike")])
    house.act("side-bob", "unvote", "side-a")

    there = {(f["FeedbackType"], f["ItemId"]) for f in listed(client, "side-bob")}
    client.delete_feedback("side-bob", "side-b")
    house.act("side-bob", "save", "side-c")
    house.http.delete("/gorse/api/feedback/purchase/side-bob/side-c")

    assert there == {("dislike", "side-b")}
    assert listed(client, "side-bob") == []
    assert house.http.get("/v1/users/side-bob").json()["interactions"] == []


def test_a_like_that_was_deleted_and_is_sent_again_counts_again(
    house: Service, client: gorse.Gorse, seen: Seen
):
    house.put("side-again")
    for _ in range(3):
        client.insert_feedbacks([row("side-eve", "side-again")])
        assert set(seen.votes("side-again")) == {"side-eve"}
        client.insert_feedbacks([row("side-eve", "side-again")])  # repeated
        assert len(listed(client, "side-eve")) == 1

        client.delete_feedback("side-eve", "side-again")
        assert seen.votes("side-again") == {}
        assert listed(client, "side-eve") == []


def test_items_of_which_only_categories_are_known_are_recommended(new_service):
    service: Service = new_service().start()
    client = gorse.Gorse(f"{service.http.base_url}/gorse", "none")
    names = ["news", "sports", "films", "music"]
    bare = [
        {"ItemId": f"bare{n}", "Categories": [names[n % 4]], "Timestamp": THEN} for n in range(1200)
    ]
    assert service.http.post("/gorse/api/items", json=bare).json() == {"RowAffected": 1200}
    unknown = [one.id for one in client.get_recommend("nobody", n=20)]
    client.insert_feedbacks([row("fan", f"bare{n}") for n in (2, 6, 10)])

    found = [one.id for one in client.get_recommend("fan", n=20)]

    assert len(unknown) == len(found) == 20
    assert not {"bare2", "bare6", "bare10"} & set(found)
    films = [item for item in found if int(item.removeprefix("bare")) % 4 == 2]
    assert len(films) >= 15
