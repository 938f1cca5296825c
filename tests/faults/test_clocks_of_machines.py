"""A machine whose clock is wrong serves as others do: the store's clock counts."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.servers import served
from tests.tools import required


@pytest.fixture(scope="module")
def faketime() -> str:
    return required("faketime")


@pytest.mark.parametrize("offset", ["-1h", "+1h"])
def test_an_api_whose_clock_is_an_hour_off_takes_true_times(
    faketime: str, empty_store_url: str, offset: str
):
    with (
        served(empty_store_url) as right,
        served(empty_store_url, (faketime, "-f", offset)) as wrong,
    ):
        for n in range(12):
            right.put(f"/v1/items/p{n}", json={"title": f"Paper {n}"}).raise_for_status()
        now = datetime.now(UTC)
        vote = {"user": "ada", "item": "p1", "kind": "upvote", "at": now.isoformat()}
        taken = wrong.post("/v1/events", json=vote)
        back = right.post("/v1/events", json={"user": "ada", "item": "p1", "kind": "unvote"})
        early = {**vote, "item": "p2", "at": (now + timedelta(minutes=10)).isoformat()}
        refused = wrong.post("/v1/events", json=[early])
        page = right.get("/v1/new?limit=4").json()
        further = wrong.get("/v1/new", params={"limit": 4, "cursor": page["next"]})
        problems = wrong.get("/health/ready").json()["problems"]
        standing = right.get("/v1/users/ada").json()

    assert taken.status_code == 202, taken.text
    assert taken.json()["accepted"] == 1
    assert back.json()["accepted"] == 1
    assert "upvote" not in str([i for i in standing["interactions"] if i.get("upvote")])
    assert refused.json().get("accepted", 0) == 0, "ten minutes ahead are refused everywhere"
    assert further.status_code == 200, further.text
    assert any("clock is 3600 s" in problem for problem in problems)
