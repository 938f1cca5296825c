"""The clients of Gorse, unmodified, against our answers."""

import inspect
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gorse
import pytest

from tests.secured import secure

HERE = Path(__file__).parent
THEN = "2025-03-11T09:30:15Z"


@dataclass
class Endpoint:
    """Where the clients call, and what they show."""

    url: str
    api_key: str


@pytest.fixture(scope="module", params=["open", "with keys"])
def endpoint(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Endpoint]:
    if request.param == "open":
        service = request.getfixturevalue("own_service")
        yield Endpoint(f"{service.http.base_url}/gorse", "api-key")
        return
    secured = secure(tmp_path_factory.mktemp("gorse") / "data")
    yield Endpoint(f"{secured.service.http.base_url}/gorse", secured.secret)
    secured.service.stop()
    secured.service.http.close()


async def got(value):
    return await value if inspect.isawaitable(value) else value


@pytest.fixture(params=[gorse.Gorse, gorse.AsyncGorse])
def client(request, endpoint):
    return request.param(endpoint.url, endpoint.api_key)


async def test_pygorse_makes_all_its_calls(client):
    me = "awaited" if isinstance(client, gorse.AsyncGorse) else "plain"
    calls = {name for name in dir(gorse.Gorse) if not name.startswith("_")}
    done: set[str] = set()

    async def call(name: str, *args, **kwargs):
        done.add(name)
        return await got(getattr(client, name)(*args, **kwargs))

    items = [
        {
            "ItemId": f"{me}-{n}", "IsHidden": False, "Labels": ["a", "b"],
            "Categories": ["d", me], "Timestamp": THEN, "Comment": f"Tensor sketching {me}. {n}",
        }
        for n in range(6)
    ]  # fmt: skip
    for item in items:
        assert (await call("insert_item", item))["RowAffected"] == 1
    assert await call("get_item", f"{me}-0") == items[0]
    assert (await call("update_item", f"{me}-0", comment="changed"))["RowAffected"] == 1
    assert (await call("get_item", f"{me}-0"))["Comment"] == "changed"
    listed, cursor = await call("get_items", 4)
    more, _ = await call("get_items", 100, cursor)
    assert len(listed) == 4
    assert f"{me}-5" in {item["ItemId"] for item in listed + more}
    found = await call("search_items", f"tensor sketching {me}")
    assert {item["ItemId"] for item in found} >= {f"{me}-{n}" for n in range(1, 6)}

    user = {"UserId": me, "Labels": ["a"], "Subscribe": ["d"], "Comment": "c"}
    assert (await call("insert_user", user))["RowAffected"] == 1
    assert await call("get_user", me) == user
    others = [{"UserId": f"{me}-{n}"} for n in range(3)]
    assert (await call("insert_users", others))["RowAffected"] == 3
    users, _ = await call("get_users", 100)
    assert {me, f"{me}-0"} <= {one["UserId"] for one in users}

    assert (await call("insert_feedback", "like", me, f"{me}-1", THEN))["RowAffected"] == 1
    rows = [
        {"FeedbackType": "read", "UserId": me, "ItemId": f"{me}-{n}", "Timestamp": THEN}
        for n in (2, 3)
    ]
    assert (await call("insert_feedbacks", rows))["RowAffected"] == 2
    read = await call("list_feedbacks", "read", me)
    assert [row["ItemId"] for row in read] == [f"{me}-2", f"{me}-3"]
    everything, cursor = await call("get_feedbacks", 1)
    assert len(everything) == 1
    assert cursor

    recommended = await call("get_recommend", me, category=me, n=3, write_back_type="read")
    assert {one.id for one in recommended} <= {f"{me}-{n}" for n in (0, 4, 5)}
    assert all(isinstance(one.score, float) for one in recommended)
    assert await call("get_recommend", me, category=me, n=3, offset=0) == []
    session = await call("session_recommend", [rows[0] | {"FeedbackType": "like"}], 3)
    assert all(set(one) == {"Id", "Score"} for one in session)
    assert len(session) == 3
    neighbors = await call("get_neighbors", f"{me}-1", 3)
    assert all(set(one) == {"Id", "Score"} for one in neighbors)

    assert (await call("delete_feedback", me, f"{me}-1"))["RowAffected"] == 1
    assert (await call("delete_item", f"{me}-0"))["RowAffected"] == 1
    assert (await call("delete_user", me))["RowAffected"] == 1
    for gone in (("get_item", f"{me}-0"), ("get_user", me)):
        with pytest.raises(gorse.GorseException) as failure:
            await call(*gone)
        assert failure.value.status_code == 404
    assert done == calls


def test_gorsejs_makes_all_its_calls(endpoint: Endpoint, node: str, node_modules: Path):
    program = node_modules / "gorsejs.test.mjs"
    program.write_bytes((HERE / "gorsejs.test.mjs").read_bytes())

    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", program.name],
        env=os.environ | {"GORSE_ENDPOINT": endpoint.url, "GORSE_API_KEY": endpoint.api_key},
        cwd=node_modules, capture_output=True, text=True, timeout=90,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
