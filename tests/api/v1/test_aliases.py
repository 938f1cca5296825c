"""Aliases over HTTP: an item answers to every name it has."""

import pytest

from tests.service import Service, wait_until


@pytest.fixture(scope="module", autouse=True)
def others(service: Service) -> None:
    """Enough other items for likeness to mean something."""
    words = ["protein folding", "robot hands", "speech synthesis", "weather forecasts"]
    service.put_all(
        [{"id": f"other-{i}", "title": f"On {words[i % 4]}, part {i}"} for i in range(20)]
    )


def test_an_item_is_reached_by_its_alias_wherever_an_id_is_taken(service: Service):
    service.put("attention-pays", aliases=["2506.00001", "10.1000/ABC"])
    service.put("attention-costs")
    service.put("weather")

    for name in ("2506.00001", "10.1000/ABC", "10.1000%2FABC"):
        assert service.get(f"/v1/items/{name}")["id"] == "attention-pays"
    assert "attention-costs" in service.ids("/v1/similar", item="2506.00001")
    assert "attention-pays" not in service.ids("/v1/new", exclude="2506.00001")
    patched = service.http.patch("/v1/items/2506.00001", json={"comments": 3}).json()
    assert (patched["id"], patched["comments"]) == ("attention-pays", 3)
    replaced = service.http.put("/v1/items/2506.00001", json={"title": "Attention pays off"})
    assert (replaced.status_code, replaced.json()["id"]) == (200, "attention-pays")
    assert replaced.json()["aliases"] == ["10.1000/ABC", "2506.00001"]


def test_an_event_by_an_alias_is_an_event_of_the_item(service: Service):
    service.put("graphs", text="Neural networks on graphs.", aliases=["2506.00002"])
    service.put("graphs-again", text="More neural networks on graphs.")

    recorded = service.http.post(
        "/v1/events?strict=true", json={"user": "by-alias", "kind": "upvote", "item": "2506.00002"}
    )
    assert recorded.status_code == 202

    feed = service.feed("by-alias")
    assert feed["source"] == "personal"
    assert "graphs" not in [i["id"] for i in feed["items"]]
    assert ["graphs"] in [i["reason"]["items"] for i in feed["items"]]
    profile = service.get("/v1/users/by-alias")
    assert [i["item"] for i in profile["interactions"]] == ["graphs"]


def test_when_two_items_become_one_votes_and_events_move_along(service: Service):
    service.put("sparse-transformers", text="Sparse attention for long texts.")
    service.put("2506.00003", title="Sparse Transformers", upvotes=2)
    service.put("sparse-matrices", text="Sparse matrices for long texts.")
    service.act("earlier", "upvote", "2506.00003")
    service.act("other", "upvote", "sparse-transformers")
    service.settled()

    service.http.patch("/v1/items/sparse-transformers", json={"aliases": ["2506.00003"]})

    item = service.get("/v1/items/2506.00003")
    assert (item["id"], item["title"]) == ("sparse-transformers", "sparse-transformers")
    assert "2506.00003" not in service.ids("/v1/new", limit=100)
    wait_until(
        lambda: service.get("/v1/items/sparse-transformers")["upvotes"] == 4, "both votes and 2"
    )
    feed = service.feed("earlier")
    assert "sparse-transformers" not in [i["id"] for i in feed["items"]]
    reasons = [i["reason"]["text"] for i in feed["items"]]
    assert "Because you upvoted “sparse-transformers”" in reasons

    service.act("earlier", "unvote", "2506.00003")

    wait_until(
        lambda: service.get("/v1/items/sparse-transformers")["upvotes"] == 3, "one vote less"
    )
    service.put("sparse-transformers", text="Replaced.")
    assert service.get("/v1/items/2506.00003")["text"] == "Replaced.", "an alias stays"


def test_too_many_aliases_are_refused_by_name(service: Service):
    service.put("many", aliases=[f"n{i}" for i in range(20)])

    answer = service.http.put("/v1/items/many", json={"title": "Many", "aliases": ["n20"]})

    assert answer.status_code == 400
    assert answer.json()["field"] == "aliases"
