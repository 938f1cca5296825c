"""Gorse's API over HTTP: its rows and rules, and what they mean to feeds."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from recsvc.api.gorse.shapes import Feedback, Item, User
from tests.service import Service, wait_until

BASE = "/gorse/api"
THEN = "2025-03-11T09:30:15Z"


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def gorse(service: Service) -> Callable[..., httpx.Response]:
    """Calls Gorse's API."""

    def call(method: str, path: str, body: object = None, **query: object) -> httpx.Response:
        headers = query.pop("headers", None)
        return service.http.request(
            method, BASE + path, json=body, params=query or None, headers=headers
        )

    papers = [
        {
            "ItemId": f"g{n}",
            "Comment": f"Paper {n} about {'graph pruning' if n % 2 else 'protein folding'}",
            "Labels": ["graphs" if n % 2 else "proteins"],
            "Categories": ["odd"] if n % 2 else ["even", "both"],
            "Timestamp": f"2025-03-{n + 1:02}T00:00:00Z",
        }
        for n in range(12)
    ]
    assert call("POST", "/items", papers).json() == {"RowAffected": 12}
    return call


def feedback(type_: str, user: str, item: str, **more: object) -> dict[str, object]:
    return {"FeedbackType": type_, "UserId": user, "ItemId": item, "Timestamp": THEN, **more}


def give(gorse, *rows: dict[str, object], method: str = "POST") -> None:
    done = gorse(method, "/feedback", list(rows))
    assert done.json() == {"RowAffected": len(rows)}, done.text


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one if isinstance(one, str) else one["Id"] for one in answer.json()]


def test_an_item_comes_back_as_it_went(gorse):
    labels = {"embedding": [0.1, 0.2], "topics": ["a", "b"], "deep": {"er": ["c"]}}
    item = {
        "ItemId": "round", "IsHidden": True, "Categories": ["x", "y"],
        "Timestamp": "2025-03-11T09:30:15.25Z", "Labels": labels, "Comment": "  spaced  ",
    }  # fmt: skip

    assert gorse("POST", "/item", item).json() == {"RowAffected": 1}

    assert gorse("GET", "/item/round").json() == item
    assert gorse("DELETE", "/item/round").json() == {"RowAffected": 1}
    assert gorse("GET", "/item/round").status_code == 404


def test_a_change_of_an_item_leaves_the_rest(gorse, service):
    service.put("native", title="A native item", text="With a text.", url="https://a.example/")

    gorse("PATCH", "/item/native", {"IsHidden": None, "Categories": ["x"], "Comment": None})
    gorse("PUT", "/item/native/category/y")
    gorse("DELETE", "/item/native/category/x")

    seen = gorse("GET", "/item/native").json()
    assert (seen["Categories"], seen["Comment"]) == (["y"], "A native item")
    native = service.get("/v1/items/native")
    assert (native["text"], native["url"]) == ("With a text.", "https://a.example/")
    assert native["topics"] == ["y"]
    assert gorse("PATCH", "/item/nothing", {}).status_code == 404


def test_items_are_paged_by_cursor_and_found_by_their_words(gorse):
    seen: list[str] = []
    cursor = ""
    while True:
        page = gorse("GET", "/items", n=5, cursor=cursor).json()
        seen += [item["ItemId"] for item in page["Items"]]
        cursor = page["Cursor"]
        if not cursor:
            break

    assert len(seen) == len(set(seen))
    assert {f"g{n}" for n in range(12)} <= set(seen)
    found = gorse("GET", "/items", q="PRUNING graphs", n=3).json()
    more = gorse("GET", "/items", q="PRUNING graphs", n=3, cursor=found["Cursor"]).json()
    names = [item["ItemId"] for item in found["Items"] + more["Items"]]
    assert set(names) == {"g1", "g3", "g5", "g7", "g9", "g11"}
    assert gorse("GET", "/items", cursor="nonsense").status_code == 400


def test_users_keep_labels_and_are_paged_by_cursor(gorse):
    users = [{"UserId": f"paged-{n}", "Labels": {"n": n}, "Comment": "c"} for n in range(5)]
    assert gorse("POST", "/users", users).json() == {"RowAffected": 5}
    gorse("PATCH", "/user/paged-0", {"Comment": "changed", "Labels": None})

    assert gorse("GET", "/user/paged-0").json() == {
        "UserId": "paged-0", "Labels": {"n": 0}, "Comment": "changed",
    }  # fmt: skip
    seen, cursor = [], ""
    while True:
        page = gorse("GET", "/users", n=2, cursor=cursor).json()
        seen += [user["UserId"] for user in page["Users"]]
        cursor = page["Cursor"]
        if not cursor:
            break
    assert seen == sorted(set(seen))
    assert {f"paged-{n}" for n in range(5)} <= set(seen)
    assert gorse("GET", "/user/nobody").status_code == 404


def test_post_adds_to_a_value_and_put_replaces_it(gorse):
    row = feedback("view", "adder", "g1", Value=2, Comment="first", Labels=["a"])

    give(gorse, row)
    give(gorse, row | {"Value": 3, "Comment": "second"})
    added = gorse("GET", "/feedback/view/adder/g1").json()
    give(gorse, row | {"Value": 4, "Comment": "third"}, method="PUT")
    replaced = gorse("GET", "/feedback/view/adder/g1").json()

    assert (added["Value"], added["Comment"], added["Labels"]) == (5, "first", ["a"])
    assert (replaced["Value"], replaced["Comment"]) == (4, "third")
    assert replaced["Timestamp"] == THEN
    assert replaced["Updated"] >= added["Updated"] > THEN


def test_the_same_feedback_again_is_the_same_event(gorse, service):
    row = feedback("view", "repeater", "g1", Value=1)

    give(gorse, row)
    give(gorse, row)
    give(gorse, row, method="PUT")
    give(gorse, row | {"Timestamp": "2025-03-12T00:00:00Z"})

    (seen,) = service.get("/v1/users/repeater")["interactions"]
    assert seen["signals"]["click"]["count"] == 2, "a later time is another view"


def test_a_like_is_an_upvote_until_it_is_deleted(gorse, service):
    give(gorse, feedback("like", "liker", "g2"), feedback("star", "liker", "g2"))
    assert "upvote" in service.get("/v1/users/liker")["interactions"][0]["states"]
    assert service.get("/v1/votes", item=["g2"], user="liker")["items"][0]["upvoted"]

    assert gorse("DELETE", "/feedback/like/liker/g2").json() == {"RowAffected": 1}
    still = service.get("/v1/votes", item=["g2"], user="liker")["items"][0]
    assert gorse("DELETE", "/feedback/liker/g2").json() == {"RowAffected": 1}
    gone = service.get("/v1/votes", item=["g2"], user="liker")["items"][0]

    assert still["upvoted"], "the star stands for it"
    assert not gone["upvoted"]
    assert gorse("GET", "/user/liker/feedback").json() == []
    assert gorse("DELETE", "/feedback/liker/g2").json() == {"RowAffected": 0}
    assert gorse("GET", "/feedback/like/liker/g2").status_code == 404


def test_liking_again_within_the_same_second_counts(gorse, service):
    row = feedback("like", "quick", "g2")
    row["Timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    give(gorse, row)
    gorse("DELETE", "/feedback/like/quick/g2")
    give(gorse, row)

    assert service.get("/v1/votes", item=["g2"], user="quick")["items"][0]["upvoted"]


def test_feedback_is_listed_by_user_item_and_type(gorse):
    give(
        gorse,
        feedback("like", "lister", "g3"),
        feedback("read", "lister", "g4"),
        feedback("like", "lister-2", "g3"),
        feedback("like", "lister", "g5", Timestamp="2199-01-01T00:00:00Z"),
    )

    def keys(path: str) -> set[tuple[str, str, str]]:
        rows = gorse("GET", path).json()
        return {(r["FeedbackType"], r["UserId"], r["ItemId"]) for r in rows}

    assert keys("/user/lister/feedback") == {("like", "lister", "g3"), ("read", "lister", "g4")}
    assert keys("/user/lister/feedback/like") == {("like", "lister", "g3")}
    assert keys("/item/g3/feedback") >= {("like", "lister", "g3"), ("like", "lister-2", "g3")}
    assert keys("/item/g4/feedback/read") >= {("read", "lister", "g4")}
    assert keys("/feedback/lister/g4") == {("read", "lister", "g4")}
    assert gorse("GET", "/user/lister").status_code == 200, "feedback makes its user known"


def test_all_feedback_is_paged_by_cursor(gorse):
    give(gorse, *[feedback("pagetype", f"pager-{n % 3}", f"g{n}") for n in range(9)])

    for path, least in (("/feedback", 9), ("/feedback/pagetype", 9)):
        seen, cursor = [], ""
        while True:
            page = gorse("GET", path, n=4, cursor=cursor).json()
            assert len(page["Feedback"]) <= 4
            seen += [(r["FeedbackType"], r["UserId"], r["ItemId"]) for r in page["Feedback"]]
            cursor = page["Cursor"]
            if not cursor:
                break
        assert len(seen) == len(set(seen)) >= least
        assert {("pagetype", f"pager-{n % 3}", f"g{n}") for n in range(9)} <= set(seen)


def test_one_like_changes_the_next_recommendation(gorse, service):
    service.settled()
    before = ids(gorse("GET", "/recommend/fresh", n=50))

    give(gorse, feedback("like", "fresh", "g1"))
    after = ids(gorse("GET", "/recommend/fresh", n=50))

    assert "g1" in before
    assert "g1" not in after
    assert after[0] in {"g3", "g5", "g7", "g9", "g11"}, "what is like it is first"


def test_both_versions_of_recommendations_and_their_slices(gorse):
    plain = gorse("GET", "/recommend/slicer", n=6).json()
    scored = gorse("GET", "/recommend/slicer", n=6, headers={"X-API-Version": "2"}).json()

    assert all(isinstance(one, str) for one in plain)
    assert [one["Id"] for one in scored] == plain
    assert all(isinstance(one["Score"], float) for one in scored)
    assert ids(gorse("GET", "/recommend/slicer", n=2, offset=3)) == plain[3:5]
    assert len(ids(gorse("GET", "/recommend/slicer"))) == 10
    assert ids(gorse("GET", "/recommend/slicer", n=5, offset=10_000)) == []
    assert gorse("GET", "/recommend/slicer", n=-1).status_code == 400


def test_categories_are_all_required(gorse):
    even = set(ids(gorse("GET", "/recommend/filterer/even", n=50)))
    both = set(ids(gorse("GET", "/recommend/filterer", n=50, category=["even", "both"])))
    none = ids(gorse("GET", "/recommend/filterer", n=50, category=["even", "odd"]))

    assert even == both == {f"g{n}" for n in range(0, 12, 2)}
    assert none == []


def test_reading_takes_an_item_off_the_list_when_its_time_has_come(gorse):
    first = ids(gorse("GET", "/recommend/reader", n=1))[0]
    give(gorse, feedback("read", "reader", first, Timestamp="2199-01-01T00:00:00Z"))
    assert ids(gorse("GET", "/recommend/reader", n=1)) == [first]

    give(gorse, feedback("read", "reader", first), method="PUT")

    assert first not in ids(gorse("GET", "/recommend/reader", n=50))


def test_written_back_items_do_not_come_again_until_the_delay_is_over(gorse):
    now = {"write-back-type": "read"}
    first = ids(gorse("GET", "/recommend/backer", n=3, **now))
    second = ids(gorse("GET", "/recommend/backer", n=3, **now))
    later = {"write-back-type": "read", "write-back-delay": "1h"}
    third = ids(gorse("GET", "/recommend/backer", n=3, **later))
    fourth = ids(gorse("GET", "/recommend/backer", n=3))

    assert not set(first) & set(second)
    assert third == fourth
    assert not set(third) & set(first + second)
    written = gorse("GET", "/user/backer/feedback/read").json()
    assert {row["ItemId"] for row in written} == set(first + second)
    assert gorse("GET", "/recommend/x", **now | {"write-back-delay": "soon"}).status_code == 400


def test_hidden_items_are_not_recommended(gorse):
    gorse("POST", "/item", {"ItemId": "hidden", "IsHidden": True, "Categories": ["hid"]})
    assert ids(gorse("GET", "/latest/hid")) == []

    gorse("PATCH", "/item/hidden", {"IsHidden": False})

    assert ids(gorse("GET", "/latest/hid")) == ["hidden"]


def test_a_disliked_item_never_returns(gorse, service):
    give(gorse, feedback("dislike", "hater", "g1"))

    assert "hide" in service.get("/v1/users/hater")["interactions"][0]["states"]
    assert "g1" not in ids(gorse("GET", "/recommend/hater", n=50))


def test_latest_and_popular_and_leaderboards(gorse, service):
    for voter in range(3):
        give(gorse, feedback("like", f"popular-{voter}", "g9", Timestamp=""))
    service.settled()
    latest = gorse("GET", "/latest", n=3, category="odd").json()
    assert [one["Id"] for one in latest] == ["g11", "g9", "g7"]
    assert latest[0]["Score"] == 1741737600

    popular = {one["Id"]: one["Score"] for one in gorse("GET", "/popular", n=50).json()}
    assert popular["g9"] >= 3
    assert list(popular.values()) == sorted(popular.values(), reverse=True)
    assert "g9" in ids(gorse("GET", "/popular/odd"))
    assert "g9" in ids(gorse("GET", "/non-personalized/most_liked_weekly"))
    assert "g9" not in ids(gorse("GET", "/non-personalized/all", **{"user-id": "popular-0"}))
    assert "g9" not in ids(gorse("GET", "/latest", n=50, **{"user-id": "popular-0"}))


def test_neighbors_of_items_and_of_users(gorse, service):
    assert set(ids(gorse("GET", "/item/g1/neighbors/", n=3))) <= {f"g{n}" for n in range(1, 12, 2)}
    assert set(ids(gorse("GET", "/item/g1/neighbors/even", n=3))) <= {
        f"g{n}" for n in range(0, 12, 2)
    }
    assert ids(gorse("GET", "/item-to-item/neighbors/g1", n=2)) == ids(
        gorse("GET", "/item/g1/neighbors", n=2)
    )
    assert ids(gorse("GET", "/item/nothing/neighbors")) == []
    for item in ("g6", "g8"):
        give(gorse, *[feedback("like", f"twin-{n}", item) for n in range(2)])
    give(gorse, feedback("like", "cousin", "g6"))
    service.settled()

    found = gorse("GET", "/user/twin-0/neighbors").json()

    assert [one["Id"] for one in found] == ["twin-1", "cousin"]
    assert found[0]["Score"] > found[1]["Score"] > 0
    assert ids(gorse("GET", "/user-to-user/neighbors/twin-0", n=1)) == ["twin-1"]
    assert ids(gorse("GET", "/user/nobody/neighbors")) == []


def test_a_session_gets_what_is_like_it(gorse):
    found = gorse("POST", "/session/recommend", [feedback("like", "", "g1")], n=4)
    assert found.status_code == 400, "a user has an id"

    found = gorse("POST", "/session/recommend", [feedback("like", "0", "g1")], n=4)
    within = gorse("POST", "/session/recommend/even", [feedback("like", "0", "g1")], n=4)

    assert ids(found)[0] in {"g3", "g5", "g7", "g9", "g11"}
    assert "g1" not in ids(found)
    assert set(ids(within)) <= {f"g{n}" for n in range(0, 12, 2)}
    assert gorse("GET", "/user/0").status_code == 404, "nothing is stored of a session"


def test_deleting_a_user_takes_their_votes_along(gorse, service):
    give(gorse, feedback("like", "leaver", "g10"), feedback("view", "leaver", "g8"))
    service.settled()
    votes = service.get("/v1/votes", item=["g10"])["items"][0]["upvotes"]

    assert gorse("DELETE", "/user/leaver").json() == {"RowAffected": 1}

    wait_until(
        lambda: service.get("/v1/votes", item=["g10"])["items"][0]["upvotes"] == votes - 1,
        "the vote is gone",
    )
    assert gorse("GET", "/user/leaver").status_code == 404
    assert gorse("GET", "/user/leaver/feedback").json() == []
    assert service.http.get("/v1/users/leaver").status_code == 404


def test_mistakes_are_named(gorse):
    for method, path, body in [
        ("POST", "/feedback", {"FeedbackType": "like"}),
        ("POST", "/feedback", [{"FeedbackType": "like", "UserId": "u"}]),
        ("POST", "/feedback", [feedback("like", "u", "i", Timestamp="whenever")]),
        ("POST", "/item", {"ItemId": ""}),
        ("POST", "/user", []),
    ]:
        answer = gorse(method, path, body)
        assert answer.status_code == 400, (path, body)
        assert answer.json()["detail"]


BODIES = [
    ("/item", Item, {"item_id": "null"}),
    ("/user", User, {"user_id": "null"}),
    ("/feedback", Feedback, {"feedback_type": "like", "user_id": "null", "item_id": "null"}),
]


@pytest.mark.parametrize(("path", "shape", "needed"), BODIES)
def test_what_go_has_nothing_to_say_of_is_null_and_taken(gorse, path, shape, needed):
    names = {field.name: field.encode_name for field in msgspec.structs.fields(shape)}
    body = {written: needed.get(name) for name, written in names.items()}

    several = "/feedback" if path == "/feedback" else f"{path}s"
    answers = [gorse("POST", several, [body])]
    answers += [gorse("POST", path, body)] if several != path else []

    assert [a.json() for a in answers] == [{"RowAffected": 1}] * len(answers)
    for name in needed:
        without = gorse("POST", several, [body | {names[name]: None}])
        assert without.status_code == 400, "what is needed is still asked for"


def test_health_is_gorses(gorse):
    for path in ("/health/live", "/health/ready"):
        assert gorse("GET", path).json() == {
            "Ready": True, "DataStoreError": None, "CacheStoreError": None,
            "DataStoreConnected": True, "CacheStoreConnected": True,
        }  # fmt: skip


def test_a_setting_moves_the_api_and_names_the_types(new_service):
    service = new_service(gorse_path="/api", gorse_feedback='{"purchase": "save"}').start()
    http = service.http

    http.post("/api/item", json={"ItemId": "a"})
    http.post("/api/feedback", json=[feedback("purchase", "u", "a")])

    assert "save" in service.get("/v1/users/u")["interactions"][0]["states"]
    assert http.get("/gorse/api/items").status_code == 404
