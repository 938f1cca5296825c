"""The caller's own candidates: every one comes back, each once, in the reader's order."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import Service

ANIMALS = {"crane": "wades in water", "otter": "swims in rivers", "viper": "crawls on heaths"}


@pytest.fixture(scope="module")
def zoo(service: Service) -> Service:
    service.put_all(
        [
            {"id": f"{name}-{n}", "title": f"The {name} {n}", "text": f"The {name} {does}."}
            for name, does in ANIMALS.items()
            for n in range(4)
        ]
    )
    service.put("secret", hidden=True, text="nobody may read this")
    service.put("named", aliases=["another-name"])
    service.act("ann", "upvote", "crane-1")
    service.act("ann", "hide", "otter-1")
    answer = service.http.patch(
        "/v1/preferences", params={"user": "ann"}, json={"words": {"viper": "mute"}}
    )
    assert answer.status_code == 200
    return service


def rank(service: Service, items: list[str], user: str | None = "ann") -> list[dict]:
    answer = service.http.post("/v1/rank", content=json.dumps({"user": user, "items": items}))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_what_cannot_be_ranked_comes_last_and_is_marked(zoo: Service):
    found = rank(zoo, ["nowhere", "otter-1", "viper-2", "otter-2", "secret", "crane-2"])

    assert [one["id"] for one in found] == [
        "crane-2", "otter-2", "nowhere", "otter-1", "viper-2", "secret",
    ]  # fmt: skip
    assert [one["position"] for one in found] == list(range(6))
    marks = {one["id"]: one["source"] for one in found[2:]}
    assert marks == {
        "nowhere": "unknown", "otter-1": "hidden", "viper-2": "hidden", "secret": "unknown",
    }  # fmt: skip
    for one in found[2:]:
        assert one["score"] == 0
        assert one["reason"]["kind"] == one["source"]
        assert one["reason"]["text"]
        assert "item" not in one
    assert all("item" in one for one in found[:2])
    assert "nobody may read this" not in json.dumps(found)


def test_a_reader_of_whom_nothing_is_known_gets_all_of_them_too(zoo: Service):
    for user in (None, "stranger"):
        found = rank(zoo, ["nowhere", "viper-1", "secret", "crane-1"], user)

        assert {one["id"] for one in found[:2]} == {"viper-1", "crane-1"}
        assert [(one["id"], one["source"]) for one in found[2:]] == [
            ("nowhere", "unknown"), ("secret", "unknown"),
        ]  # fmt: skip


def test_an_item_that_goes_by_two_names_comes_back_once(zoo: Service):
    assert [one["id"] for one in rank(zoo, ["another-name", "named", "named"])] == ["named"]


def test_a_hidden_item_is_ranked_again_after_unhide(zoo: Service):
    zoo.act("bea", "hide", "crane-3")
    assert rank(zoo, ["crane-3"], "bea")[0]["source"] == "hidden"

    zoo.act("bea", "unhide", "crane-3")
    assert rank(zoo, ["crane-3"], "bea")[0]["source"] != "hidden"


NAMES = [f"{name}-{n}" for name in ANIMALS for n in range(5)] + ["secret", "named", "another-name"]


@given(items=st.lists(st.sampled_from(NAMES) | st.text("xyz", min_size=1), min_size=1, max_size=30))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_candidates_come_back_each_once(zoo: Service, items: list[str]):
    found = [one["id"] for one in rank(zoo, items)]

    assert len(found) == len(set(found))
    assert set(found) == {"named" if item == "another-name" else item for item in items}
