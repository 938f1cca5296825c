"""The catalogue and the log, looked at as a whole."""

from typing import Any

import pytest

from recsvc.client import Client
from tests.api.v1.test_everybody import pages
from tests.secured import Secured
from tests.service import Service, wait_until


@pytest.fixture(scope="module")
def filled(own_service: Service) -> Service:
    """Thirty items, every fifth hidden, one gone."""
    own_service.put_all(
        [
            {"id": f"item/{n:02}", "title": f"Title {n}", "topics": ["even" if n % 2 == 0 else "odd"],
             "hidden": n % 5 == 0, "listed_at": f"2026-11-{30 - n:02}T10:00:00Z"}
            for n in range(30)
        ]
    )  # fmt: skip
    own_service.http.delete("/v1/items/item%2F07")
    return own_service


def ids(service: Service, **asked: Any) -> list[str]:
    return [item["id"] for item in pages(service, "/v1/items", "items", **asked)]


def named(wanted: Any) -> list[str]:
    return [f"item/{n:02}" for n in range(30) if n != 7 and wanted(n)]


@pytest.mark.parametrize("limit", [1, 4, 1_000])
def test_every_item_is_reached_in_the_order_of_arrival(filled: Service, limit: int):
    assert ids(filled, limit=limit) == named(lambda n: n % 5)
    assert ids(filled, limit=limit, hidden="show") == named(lambda _: True)
    assert ids(filled, limit=limit, hidden="only") == named(lambda n: n % 5 == 0)


def test_the_filters_of_lists_narrow_it(filled: Service):
    asked = {"topic": "odd", "since": "2026-11-10", "until": "2026-11-20"}

    assert ids(filled, limit=3, **asked) == named(lambda n: n % 2 and n % 5 and 10 < n <= 20)
    assert ids(filled, topic="odd", hidden="only") == named(lambda n: n % 2 and n % 5 == 0)


def test_what_changes_meanwhile_moves_nothing(filled: Service):
    first = filled.get("/v1/items", limit=10)
    filled.put("item/01", topics=["odd"], listed_at="2026-11-29T10:00:00Z")
    rest = filled.get("/v1/items", limit=1_000, cursor=first["next"])

    found = [item["id"] for page in (first, rest) for item in page["items"]]
    assert found == named(lambda n: n % 5)


def test_events_are_found_by_whom_and_what_with_the_archive(filled: Service):
    for n in range(12):
        filled.act(f"who-{n % 3}", "click", f"item/{n % 4:02}", event_id=f"e{n}")

    def by_page(limit: int, order: str) -> list[dict[str, Any]]:
        found = pages(filled, "/v1/events", "events", limit=limit, order=order)
        return [event for event in found if event["user"].startswith("who-")]

    found = by_page(5, "oldest")
    mine = filled.get("/v1/events", user="who-1", item="item/01")["events"]

    assert [event["event_id"] for event in found] == [f"e{n}" for n in range(12)]
    assert [event["event_id"] for event in mine] == ["e1"]
    assert filled.get("/v1/events", kind="save") == {"events": [], "next": None}
    assert by_page(7, "newest") == found[::-1]


def test_the_client_lists_all_three(filled: Service):
    with Client(str(filled.http.base_url)) as client:
        items = [i.id for page in client.pages(client.list_items, limit=7) for i in page.items]
        client.act("client-reader", "click", "item/01")
        users = [u.id for page in client.pages(client.list_users, limit=2) for u in page.users]
        events = client.list_events(user="client-reader").events

    assert items == named(lambda n: n % 5)
    assert "client-reader" in users
    assert [(e.user, e.kind, e.item) for e in events] == [("client-reader", "click", "item/01")]


@pytest.mark.parametrize(
    "path",
    ["/v1/items?cursor=_w", "/v1/items?cursor=eA", "/v1/events?cursor=MQ", "/v1/events?since=x"],
)
def test_what_is_no_cursor_and_no_date_is_refused_by_name(filled: Service, path: str):
    answer = filled.http.get(path)

    assert answer.status_code == 400
    assert answer.json()["field"] == ("since" if "since" in path else "cursor")


def test_hidden_items_are_for_who_may_change_items_and_events_for_who_may_read_readers(
    secured: Secured,
):
    reading = secured.make(kind="secret", scopes=["read"])[1]

    def status(path: str, key: str | None) -> int:
        return secured.call("GET", path, key).status_code

    assert status("/v1/items", reading) == 200
    assert status("/v1/items?hidden=show", reading) == 403
    assert status("/v1/items?hidden=show", secured.secret) == 200
    for path in ("/v1/events", "/v1/users"):
        assert status(path, reading) == 403
        assert status(path, secured.publishable) == 403
        assert status(path, secured.secret) == 200
    assert status("/v1/items", secured.publishable) == 403


def test_without_a_worker_it_says_so(new_service: Any):
    service: Service = new_service().start()
    service.act("ann", "click", "a")
    service.kill_part("worker")

    def answered() -> int:
        return service.http.get("/v1/events", timeout=60).status_code

    # The supervisor starts another: until then nobody answers, and then the log is as it was.
    wait_until(lambda: answered() == 200, "a worker answers again", 90)
    assert len(service.get("/v1/events")["events"]) == 1
