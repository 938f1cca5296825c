"""Who the readers are, over HTTP."""

from tests.secured import Secured
from tests.service import Service


def pages(service: Service, path: str, what: str, **params: object) -> list[dict]:
    """Everything a call lists, page by page."""
    found, cursor = [], None
    while True:
        page = service.get(path, **params, **({"cursor": cursor} if cursor else {}))
        found += page[what]
        cursor = page["next"]
        if cursor is None:
            return found


def test_readers_are_listed_with_what_is_kept_of_them(own_service: Service):
    for n in range(25):
        own_service.act(f"reader-{n:02}", "click", "a", at="2026-11-01T10:00:00Z")
        own_service.act(f"reader-{n:02}", "impression", "b")
    own_service.act("anon:1", "click", "a")

    found = pages(own_service, "/v1/users", "users", limit=7)

    assert [one["id"] for one in found] == [f"reader-{n:02}" for n in range(25)]
    assert {(one["items"], one["shown"]) for one in found} == {(1, 1)}
    assert all(one["first_at"] < one["last_at"] for one in found), "by when it was told"


def test_who_is_erased_is_not_listed(own_service: Service):
    own_service.act("leaver", "click", "a")
    own_service.http.delete("/v1/users/leaver")

    assert "leaver" not in {u["id"] for u in pages(own_service, "/v1/users", "users")}


def test_a_cursor_that_is_none_is_refused_by_name(own_service: Service):
    answer = own_service.http.get("/v1/users", params={"cursor": "_w"})

    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_readers_are_for_secret_keys(secured: Secured):
    codes = {
        name: secured.call("GET", "/v1/users", key).status_code
        for name, key in [
            ("secret", secured.secret),
            ("publishable", secured.publishable),
            ("token", secured.token("ann")),
            ("nobody", None),
        ]
    }

    assert codes == {"secret": 200, "publishable": 403, "token": 403, "nobody": 401}
