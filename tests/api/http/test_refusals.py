"""A store that refuses writes: they answer 503, reading goes on, and it is told once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from recsvc.api.app import create_app
from recsvc.client import Client, Retry, UnavailableError
from recsvc.settings import Settings
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from tests.service import Service, wait_until
from tests.store.condition import CONDITIONS

REFUSALS = ["OOM", "READONLY", "NOREPLICAS"]  # the store is read from all the while

VOTE = {"user": "ann", "item": "p2", "kind": "upvote"}
ADDRESS = {"email": "ann@example.com", "timezone": "UTC"}
FEEDBACK = [{"FeedbackType": "like", "UserId": "u", "ItemId": "p1", "Timestamp": "2026-01-01"}]
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/events"): VOTE,
    ("POST", "/v1/items"): [{"id": "p9", "title": "nine"}],
    ("PUT", "/v1/items/p8"): {"title": "eight"},
    ("PATCH", "/v1/items/p2"): {"title": "another"},
    ("DELETE", "/v1/items/p1"): None,
    ("DELETE", "/v1/users/ann"): None,
    ("GET", "/v1/users/ann/export"): None,
    ("PATCH", "/v1/preferences?user=ann"): {"follow": {"topics": ["t"]}},
    ("POST", "/v1/private-feed?user=ann"): None,
    ("DELETE", "/v1/private-feed?user=ann"): None,
    ("POST", "/v1/subscriptions"): ADDRESS,
    ("POST", "/gorse/api/user"): {"UserId": "u"},
    ("POST", "/gorse/api/item"): {"ItemId": "g1"},
    ("PUT", "/gorse/api/feedback"): FEEDBACK,
}
# Deleting frees memory: a full store lets it pass.
WRITES = {
    ("POST", "/v1/events"),
    ("POST", "/v1/items"),
    ("PUT", "/v1/items/p8"),
    ("PATCH", "/v1/items/p2"),
    ("DELETE", "/v1/users/ann"),
    ("PUT", "/gorse/api/feedback"),
}
READS = [
    "/", "/trending", "/papers/p2", "/v1/feed?user=ann", "/v1/trending", "/v1/new", "/v1/stats",
    "/v1/similar?item=p2", "/v1/search?q=paper", "/v1/items/p2", "/v1/users/cat", "/metrics",
    "/feeds/trending.rss", "/health/live", "/health/ready", "/gorse/api/latest",
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("refused") / "data", log_format="json").start()
    running.put_all([{"id": f"p{n}", "title": f"paper {n}"} for n in range(1, 4)])
    running.send(VOTE, VOTE | {"user": "cat"})
    yield running
    running.stop()


@asynccontextmanager
async def refusing(service: Service, reason: str) -> AsyncIterator[None]:
    store = connect(socket_url(service.folder))
    try:
        async with CONDITIONS[reason](store):
            yield
    finally:
        await store.aclose()


def problems(service: Service) -> list[str]:
    return service.get("/health/ready")["problems"]


def told(service: Service, event: str) -> int:
    return service.log_path.read_text().count(f'"event": "{event}"')


def every_other_write() -> list[tuple[str, str]]:
    """Each route that changes something, with some value for what stands in its path."""
    found = []
    for route in create_app(Settings()).routes:
        for handler in getattr(route, "route_handlers", []):
            path = "/".join(
                "p1" if part.startswith("{") else part for part in route.path.split("/")
            )
            found += [
                (str(m), path) for m in handler.http_methods if m in ("POST", "PUT", "DELETE")
            ]
    return [pair for pair in found if pair not in BODIES]


def answers(service: Service) -> dict[tuple[str, str], httpx.Response]:
    calls: dict[tuple[str, str], Any] = {call: {} for call in every_other_write()} | BODIES
    return {
        (method, path): service.http.request(method, path, json=body)
        for (method, path), body in calls.items()
    }


@pytest.mark.parametrize("reason", REFUSALS)
async def test_writes_answer_503_while_everything_is_still_read(
    service: Service, reason: str
) -> None:
    def told_of_the_end() -> bool:
        return told(service, "store_accepts") == told(service, "store_refuses")

    await asyncio.to_thread(wait_until, told_of_the_end, "nothing is left of another test", 30)
    begun = told(service, "store_refuses")
    async with refusing(service, reason):
        found = await asyncio.to_thread(answers, service)
        failed = {call: a.text for call, a in found.items() if a.status_code == 500}
        assert failed == {}
        refused = {call for call, answer in found.items() if answer.status_code == 503}
        leaving = ("DELETE", "/v1/users/ann")  # a full store has a reserve for it
        assert refused >= (WRITES - {leaving} if reason == "OOM" else WRITES)
        assert found[leaving].status_code == (202 if reason == "OOM" else 503)
        for call in refused:
            assert int(found[call].headers["Retry-After"]) > 0, call
        assert reason in found["POST", "/v1/events"].json()["detail"]
        for path in READS:
            assert service.http.get(path).status_code == 200, path
        assert any(reason in problem for problem in problems(service))
        assert (
            f'recsvc_store_refusals_total{{reason="{reason}"}}' in service.http.get("/metrics").text
        )
    await asyncio.to_thread(wait_until, lambda: problems(service) == [], "it takes writes again")
    service.send(VOTE)

    await asyncio.to_thread(wait_until, told_of_the_end, "each process tells the end", 30)
    n_parts = 2  # the API and the worker
    assert 1 <= told(service, "store_refuses") - begun <= n_parts
    assert "Traceback" not in service.log_path.read_text()
    assert "entry_buried" not in service.log_path.read_text()


async def test_a_client_comes_back_until_the_store_takes_its_event(service: Service) -> None:
    url = f"http://127.0.0.1:{service.port}"
    with ThreadPoolExecutor(1) as other, Client(url, retry=Retry(attempts=20)) as patient:
        async with refusing(service, "OOM"):
            with Client(url, retry=Retry(attempts=1)) as hasty, pytest.raises(UnavailableError):
                hasty.act("bob", "upvote", "p3")
            acting = other.submit(patient.act, "bob", "upvote", "p3")
        await asyncio.to_thread(acting.result, 30)
    assert "p3" in json.dumps(service.get("/v1/users/bob"))
