import asyncio

import pytest

from recsvc.core.items.item import StoredItem
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe
from tests.service import Service, wait_until
from tests.stored import put_all


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def zoo(service: Service) -> Service:
    words = ["lynx", "otter", "crane", "viper"]
    service.put_all(
        [
            {
                "id": f"{word}-{i}",
                "title": f"{word} study {i}",
                "text": f"{word} " * 3 + f"field notes {i}",
                "topics": [word],
                "listed_at": f"2026-0{1 + i % 9}-01T00:00:00Z",
            }
            for word in words
            for i in range(10)
        ]
    )
    return service


def ids(feed) -> list[str]:
    return [i["id"] for i in feed["items"]]


def test_a_feed_has_all_the_fields_of_the_contract(zoo: Service):
    zoo.act("fields", "upvote", "lynx-1")
    feed = zoo.feed("fields", limit=2)

    assert set(feed) >= {
        "feed_id", "user", "source", "snapshot_id", "trained_at", "generated_at",
        "events_behind", "stale", "items", "next",
    }  # fmt: skip
    first = feed["items"][0]
    assert set(first) >= {"id", "position", "score", "source", "reason", "item"}
    assert set(first["reason"]) >= {"kind", "items", "text"}
    assert set(first["item"]) >= {
        "title", "text", "url", "n_authors", "organisation", "topics", "published_at", "listed_at",
        "upvotes", "comments",
    }  # fmt: skip
    assert [i["position"] for i in feed["items"]] == [0, 1]
    assert "item" not in zoo.feed("fields", fields="id")["items"][0]


def test_a_cold_reader_gets_what_is_trending_and_then_what_is_new(zoo: Service):
    zoo.act("voter", "upvote", "crane-7")
    zoo.settled()

    feed = zoo.feed("nobody-knows-me", limit=100)

    assert feed["source"] == "trending"
    assert feed["items"][0]["source"] == "trending"
    assert feed["items"][-1]["source"] == "new"
    assert len(set(ids(feed))) == len(ids(feed))


def test_who_has_seen_everything_is_shown_it_again_but_never_what_they_hid(zoo: Service):
    zoo.put_all([{"id": f"once-{i}", "title": "x", "topics": ["once"]} for i in range(5)])
    for i in (3, 0, 4, 1):
        zoo.act("thorough", "click", f"once-{i}", at=f"2025-01-0{5 - i}T00:00:00Z")
    zoo.act("thorough", "hide", "once-2")

    first = zoo.feed("thorough", topic="once", limit=3)
    second = zoo.feed("thorough", topic="once", limit=3, cursor=first["next"])

    assert ids(first) + ids(second) == ["once-4", "once-3", "once-1", "once-0"]
    assert (first["source"], second["source"], second["next"]) == ("again", "again", None)
    assert {(i["source"], i["reason"]["kind"]) for i in first["items"]} == {("again", "again")}
    assert ids(zoo.feed("thorough", topic="once", seen="forever")) == []
    zoo.put("once-new", title="x", topics=["once"])
    assert ids(zoo.feed("thorough", topic="once")) == ["once-new"]


def test_what_was_acted_on_is_left_out_and_what_was_hidden_never_returns(zoo: Service):
    for kind, item in [
        ("click", "lynx-2"),
        ("read", "lynx-3"),
        ("save", "lynx-4"),
        ("hide", "lynx-5"),
    ]:
        zoo.act("active", kind, item)
    zoo.act("active", "upvote", "lynx-1")
    gone = {f"lynx-{i}" for i in range(1, 6)}

    assert not gone & set(ids(zoo.feed("active", limit=100)))
    shown = set(ids(zoo.feed("active", limit=100, seen="show")))
    assert gone - shown == {"lynx-5"}
    zoo.act("active", "unhide", "lynx-5")
    assert "lynx-5" in ids(zoo.feed("active", limit=100))


def test_seen_windows_leave_out_what_was_shown(zoo: Service):
    zoo.act("shown", "upvote", "otter-1")
    long_ago = "2026-01-01T00:00:00Z"
    zoo.act("shown", "impression", "otter-2", at=long_ago)
    zoo.act("shown", "impression", "otter-3")

    assert {"otter-2", "otter-3"} <= set(ids(zoo.feed("shown", limit=100)))
    week = set(ids(zoo.feed("shown", limit=100, seen="7d")))
    assert "otter-3" not in week
    assert "otter-2" in week
    assert not {"otter-2", "otter-3"} & set(ids(zoo.feed("shown", limit=100, seen="forever")))


def test_what_was_shown_and_passed_over_steps_back_and_the_account_says_how_far(zoo: Service):
    zoo.act("reading", "upvote", "otter-1")
    before = ids(zoo.feed("reading", limit=10, explore=0))

    for item in before:
        zoo.act("reading", "impression", item)

    after = zoo.feed("reading", limit=100, explore=0, explain="true")["items"]
    taken = {item["id"]: item["account"]["shown"] for item in after}
    assert set(before) & set(taken), "it is soft"
    for item, points in taken.items():
        assert points < -1 if item in before else points == 0, item
    unshown = zoo.feed("reading", limit=100, explore=0, explain="true", seen="show")["items"]
    assert {item["account"]["shown"] for item in unshown} == {0}


def test_who_only_reads_is_not_shown_the_same_first_page_for_ever(zoo: Service):
    """Of somebody who never acted on anything, too."""
    seen: set[str] = set()
    for _ in range(3):
        page = ids(zoo.feed("only-reads", limit=5))
        for item in page:
            zoo.act("only-reads", "impression", item)
        seen |= set(page)

    assert len(seen) > 5


def test_pages_neither_repeat_nor_skip_while_votes_arrive(zoo: Service):
    zoo.act("pager", "upvote", "viper-0")
    whole = ids(zoo.feed("pager", limit=40))
    page = zoo.feed("pager", limit=7)
    seen = ids(page)
    while page["next"]:
        zoo.act("pager", "upvote", f"crane-{len(seen) % 10}")
        zoo.act("somebody", "upvote", f"otter-{len(seen) % 10}")
        page = zoo.feed("pager", limit=7, cursor=page["next"])
        seen += ids(page)

    assert len(set(seen)) == len(seen)
    voted = {i["item"] for i in zoo.get("/v1/users/pager")["interactions"]}
    assert set(seen) | voted >= set(whole)
    assert [i for i in seen if i in whole] == [i for i in whole if i in seen]


def test_positions_go_on_from_page_to_page_under_one_feed_id(zoo: Service):
    first = zoo.feed("positions", limit=5)
    second = zoo.feed("positions", limit=5, cursor=first["next"])

    assert [i["position"] for i in second["items"]] == [5, 6, 7, 8, 9]
    assert second["feed_id"] == first["feed_id"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%%%", "é", "x" * 20_000])
def test_a_broken_cursor_is_refused(zoo: Service, cursor):
    answer = zoo.http.get("/v1/feed", params={"cursor": cursor})

    assert answer.status_code == 400
    assert answer.json()["field"] == "cursor"


def test_a_cursor_of_another_list_is_refused(zoo: Service):
    other = zoo.get("/v1/new", limit=3)["next"]

    assert zoo.http.get("/v1/feed", params={"cursor": other}).status_code == 400


@pytest.mark.parametrize("limit", [3, 25], ids=["long", "short"])
def test_a_cursor_of_another_reader_shows_nothing_of_theirs(zoo: Service, limit: int):
    """Whether what follows waits in the store or travels in the cursor itself."""
    zoo.act("theirs", "upvote", "lynx-1")
    zoo.act("mine", "upvote", "otter-1")
    first = zoo.feed("theirs", limit=limit)
    asked = {"limit": limit, "cursor": first["next"]}

    for whose in ({"user": "mine"}, {"user": "nobody yet"}, {}):
        answer = zoo.http.get("/v1/feed", params=asked | whose)
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor"), whose

    second = zoo.feed("theirs", **asked)
    assert set(ids(first)).isdisjoint(ids(second))
    assert len(ids(second)) > 0
    public = zoo.get("/v1/feed", limit=limit)
    assert zoo.feed("mine", limit=limit, cursor=public["next"])["items"], "this one is anybody's"


@pytest.mark.parametrize(
    ("field", "value"),
    [("limit", 0), ("limit", 101), ("limit", "many"), ("seen", "ever"), ("diversity", 2),
     ("fields", "some"), ("since", "soon"), ("explore", -1)],
)  # fmt: skip
def test_a_bad_parameter_is_named(zoo: Service, field, value):
    answer = zoo.http.get("/v1/feed", params={field: value})

    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field


def test_filters_hold_in_every_feed(zoo: Service):
    zoo.act("filters", "upvote", "lynx-0")
    for user in ("filters", "cold-filters"):
        only = zoo.feed(user, limit=100, topic=["lynx", "otter"], exclude=["otter-3"])
        assert {i.split("-")[0] for i in ids(only)} == {"lynx", "otter"}
        assert "otter-3" not in ids(only)
        without = zoo.feed(user, limit=100, topic_not="lynx")
        assert not any(i.startswith("lynx") for i in ids(without))
        dated = zoo.feed(user, limit=100, since="2026-02-01", until="2026-04-01")
        assert {i["item"]["listed_at"][:7] for i in dated["items"]} == {"2026-02", "2026-03"}


def test_an_anonymous_session_sends_its_history_along(zoo: Service):
    body = {"history": [{"item": "viper-1", "kind": "upvote"}], "limit": 5}

    feed = zoo.http.post("/v1/feed", json=body).json()

    assert feed["source"] == "personal"
    assert ids(feed)[0].startswith("viper")
    assert feed["items"][0]["reason"]["items"] == ["viper-1"]
    assert "viper-1" not in ids(feed)


async def arrive(service: Service, items: list[StoredItem]) -> None:
    """Store items as another process does, `recsvc import` for one: nobody waits for anything."""
    redis = connect(socket_url(service.folder))
    await put_all(Items(Pipe(redis)), items)
    await redis.aclose()


def test_an_upvote_on_an_item_that_came_this_instant_is_in_the_very_next_feed(zoo: Service):
    for n in range(5):
        items = [
            StoredItem(
                id=f"came{n}-{i}", title=f"heron{n} study", text=f"field{n} {i}", created_us=n
            )
            for i in range(200)
        ]
        asyncio.run(arrive(zoo, items))

        zoo.act(f"prompt-{n}", "upvote", f"came{n}-7")
        feed = zoo.feed(f"prompt-{n}", limit=10, explore=0)

        assert feed["source"] == "personal"
        assert all(item.startswith(f"came{n}-") for item in ids(feed)), "what is like it is up"
        assert feed["items"][0]["reason"]["items"] == [f"came{n}-7"]


def test_what_is_like_an_item_that_came_this_instant_is_found(zoo: Service):
    for n in range(5):
        items = [
            StoredItem(id=f"new{n}-{i}", title=f"egret{n} study", text=f"pond{n} {i}", created_us=n)
            for i in range(200)
        ]
        asyncio.run(arrive(zoo, items))

        like = zoo.ids("/v1/similar", item=f"new{n}-7", limit=10)

        assert len(like) == 10
        assert all(item.startswith(f"new{n}-") for item in like)


def test_the_callers_own_candidates_are_ranked(zoo: Service):
    zoo.act("ranker", "upvote", "crane-1")

    ranked = zoo.http.post(
        "/v1/rank", json={"user": "ranker", "items": ["viper-2", "crane-2", "nowhere", "otter-2"]}
    ).json()

    assert ids(ranked)[0] == "crane-2"
    assert set(ids(ranked)) == {"viper-2", "crane-2", "otter-2", "nowhere"}
    assert ids(ranked)[3] == "nowhere"


def test_identical_requests_get_identical_feeds(zoo: Service):
    zoo.act("steady", "upvote", "otter-5")
    zoo.settled()

    assert ids(zoo.feed("steady", limit=50)) == ids(zoo.feed("steady", limit=50))


def test_a_new_snapshot_is_served_within_two_seconds_without_a_failed_request(new_service):
    service = new_service(train_pause_s="0.1", train_every_events=1).start()
    service.put_all([{"id": f"i{i}", "title": f"word{i % 5} title"} for i in range(20)])
    for i in range(10):
        service.act(f"u{i}", "upvote", f"i{i}")

    first = wait_until(lambda: service.feed("u1")["snapshot_id"], "a snapshot", 20)
    service.act("u1", "upvote", "i15")

    def another() -> bool:
        return service.feed("u1")["snapshot_id"] != first  # raises when a request fails

    wait_until(another, "the next snapshot", 20)
    published = service.get("/v1/snapshots")
    assert len(published["snapshots"]) >= 2
    older = published["snapshots"][-1]["id"]
    service.http.post(f"/v1/snapshots/{older}/activate")
    wait_until(lambda: service.feed("u1")["snapshot_id"] == older, "the rollback", 2)
