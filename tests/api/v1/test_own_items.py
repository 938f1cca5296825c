"""What belongs to a reader is never recommended to them; everybody's boards show it to all."""

import pytest

from tests.service import Service

FEEDS = [
    ("/v1/feed", {"user": "owen"}),
    ("/v1/feed", {"user": "owen", "seen": "show"}),
    ("/v1/feed", {"user": "owen", "limit": 1}),
    ("/gorse/api/recommend/owen", {"n": 100, "category": "owned"}),
]


@pytest.fixture(scope="module")
def shop(service: Service) -> Service:
    service.put_all(
        [
            {"id": f"owned-{n}", "title": f"Chess set number {n}", "topics": ["owned"],
             "owners": ["owen"] if n % 2 else ["olga", "someone"]}
            for n in range(8)
        ]
    )  # fmt: skip
    return service


def listed(service: Service, path: str, params: dict) -> list[str]:
    answer = service.get(path, **params, **({} if "gorse" in path else {"topic": "owned"}))
    return answer if isinstance(answer, list) else [item["id"] for item in answer["items"]]


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize(("path", "params"), FEEDS)
def test_no_feed_recommends_a_reader_their_own(shop: Service, path: str, params: dict, is_known):
    if is_known:
        shop.act("owen", "upvote", "owned-0")

    found = listed(shop, path, params)

    assert found
    assert not [one for one in found if int(one.removeprefix("owned-")) % 2]


def test_a_pages_of_a_feed_leave_out_what_became_the_readers_own_meanwhile(shop: Service):
    first = shop.feed("ovid", topic="owned", limit=2)
    later = shop.feed("ovid", topic="owned", limit=8)["items"][2]["id"]
    before = shop.get(f"/v1/items/{later}")["owners"]
    shop.http.patch(f"/v1/items/{later}", json={"owners": ["ovid"]})

    rest = shop.get("/v1/feed", user="ovid", topic="owned", cursor=first["next"], limit=8)

    assert later not in [item["id"] for item in rest["items"]]
    shop.http.patch(f"/v1/items/{later}", json={"owners": before})


def test_boards_and_candidates_show_them_and_candidates_say_so(shop: Service):
    new = shop.ids("/v1/new", topic="owned", user="owen")
    ranked = shop.http.post("/v1/rank", json={"user": "owen", "items": ["owned-1", "owned-2"]})

    assert "owned-1" in new
    assert [(one["id"], one["source"]) for one in ranked.json()["items"]][1] == ("owned-1", "own")


def test_a_reader_with_nothing_but_their_own_gets_an_empty_feed_and_not_their_own(shop: Service):
    shop.put("only", topics=["owned-alone"], owners=["odile"])

    assert shop.ids("/v1/feed", user="odile", topic="owned-alone") == []
    assert shop.ids("/v1/feed", user="someone-else", topic="owned-alone") == ["only"]
