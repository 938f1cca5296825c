from tests.secured import ORIGIN, Secured
from tests.service import wait_until


def test_how_votes_are_counted_is_explained(secured: Secured):
    item = {"title": "voted on", "owners": ["author"], "upvotes": 7}
    assert secured.call("PUT", "/v1/items/voted", secured.secret, json=item).status_code == 201
    vote = {"item": "voted", "kind": "upvote"}
    for user in ("author", "reader-1", "reader-2"):
        sent = secured.call("POST", "/v1/events", secured.token(user), json=vote)
        assert sent.status_code == 202
    session = vote | {"user": "session"}
    secured.call("POST", "/v1/events", secured.publishable, ORIGIN, json=session)

    def explained() -> dict:
        answer = secured.call("GET", "/v1/votes/explain?item=voted", secured.publishable, ORIGIN)
        assert answer.status_code == 200, answer.text
        return answer.json()

    wait_until(lambda: explained()["anonymous"] and explained()["counted"] == 2, "votes counted")
    told = explained()
    assert (told["held"], told["own"], told["anonymous"], told["elsewhere"]) == (0, 1, 1, 7)
    assert told["hold_hours"] == 0
    assert told["next_counts_at"] is None
    assert told["windows"]["week"]["half_life_hours"] == 36
    assert told["windows"]["all"] == {"half_life_hours": None, "worth": 2.0}
    assert 1.99 < told["windows"]["week"]["worth"] < 2.01
    shown = secured.call("GET", "/v1/items/voted", secured.publishable, ORIGIN).json()
    assert shown["upvotes"] == 9
    assert "owners" not in shown, "not for pages"
    assert secured.call("GET", "/v1/items/voted", secured.secret).json()["owners"] == ["author"]
    feed = "/v1/feed?user=somebody&explain=true&limit=100"
    places = secured.call("GET", feed, secured.secret).json()["items"]
    (vouched,) = [place["vouched"] for place in places if place["id"] == "voted"]
    assert vouched == {
        "session": {"n": 1, "on_boards": 0.0, "in_training": 0.1},
        "token": {"n": 3, "on_boards": 1.0, "in_training": 1.0},
    }
    assert {name: one["n"] for name, one in vouched.items()} == {
        name: one["n"] for name, one in told["classes"].items()
    }, "the same whoever asks"
    plain = secured.call("GET", feed.replace("true", "false"), secured.secret).json()["items"]
    assert all("vouched" not in place for place in plain)


def test_how_votes_are_counted_is_below_the_item_too_whatever_its_id(secured: Secured):
    for item in ("a/voted", "a/voted/votes/explain"):
        about = {"id": item, "title": "voted on", "owners": ["author"]}
        secured.call("POST", "/v1/items", secured.secret, json=about)

    def get(path: str) -> dict:
        return secured.call("GET", path, secured.secret).json()

    asked = get("/v1/votes/explain?item=a/voted")
    assert get("/v1/items/a/voted/votes/explain")["id"] == "a/voted/votes/explain", "it comes first"
    secured.call("DELETE", "/v1/items/a/voted/votes/explain", secured.secret)
    for path in ("/v1/items/a/voted/votes/explain", "/v1/items/a%2Fvoted/votes/explain"):
        assert get(path) == asked
    assert secured.call("GET", "/v1/items/b/votes/explain", secured.secret).status_code == 404


def test_votes_of_no_item_are_not_explained(secured: Secured):
    assert secured.call("GET", "/v1/votes/explain?item=nothing", secured.secret).status_code == 404
