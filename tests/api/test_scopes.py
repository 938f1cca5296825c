"""A secret key made for one thing does that thing and nothing else: every route, every scope."""

from collections.abc import Callable

import httpx
import pytest

from recsvc.core.access.caller import Scope
from tests.api.test_one_door import ROUTES
from tests.secured import Secured

# Every way to name a reader in a call that is everybody's otherwise.
NAMING: list[tuple[str, str, dict]] = [
    ("GET", "/v1/feed", {"params": {"user": "bob"}}),
    ("POST", "/v1/feed", {"json": {"user": "bob"}}),
    ("POST", "/v1/rank", {"json": {"user": "bob", "items": ["x"]}}),
    ("GET", "/v1/trending", {"params": {"user": "bob"}}),
    ("GET", "/v1/new", {"params": {"user": "bob"}}),
    ("GET", "/v1/daily/2026-01-01", {"params": {"user": "bob"}}),
    ("GET", "/v1/similar", {"params": {"user": "bob", "item": "x"}}),
    ("GET", "/v1/search", {"params": {"user": "bob", "q": "x"}}),
    ("GET", "/v1/votes", {"params": {"user": "bob", "item": "x"}}),
    ("GET", "/gorse/api/latest", {"params": {"user-id": "bob"}}),
    ("GET", "/gorse/api/popular", {"params": {"user-id": "bob"}}),
    ("GET", "/gorse/api/non-personalized/x", {"params": {"user-id": "bob"}}),
    ("GET", "/gorse/api/recommend/bob", {}),
    ("GET", "/gorse/api/user/bob/feedback", {}),
]  # fmt: skip

Key = Callable[[Scope], str]


@pytest.fixture(scope="module")
def key(secured: Secured) -> Key:
    made = {scope: secured.make(kind="secret", scopes=[scope])[1] for scope in Scope}
    return lambda scope: made[scope]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_of_one_scope_gets_past_the_door_of_that_scope_only(
    secured: Secured, key: Key, scope: Scope
):
    for method, path, access in ROUTES:
        if access.scope is None or access.scope is scope:
            continue
        answer = secured.call(method, path, key(scope))
        assert answer.status_code == 403, (method, path, answer.text)
        assert f'scope="{access.scope}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path", "options"), NAMING)
def test_a_key_that_lists_names_no_reader(
    secured: Secured, key: Key, method: str, path: str, options: dict
):
    assert secured.call(method, path, key(Scope.READ), **options).status_code == 403
    both = secured.make(kind="secret", scopes=["read", "readers"])[1]
    assert secured.call(method, path, both, **options).status_code in (200, 404)


def test_a_key_for_events_reads_nothing_back(secured: Secured, key: Key):
    def refused(answer: httpx.Response) -> bool:
        return answer.status_code == 403

    events = key(Scope.EVENTS)
    event = {"user": "bob", "item": "x", "kind": "click"}
    assert secured.call("POST", "/v1/events", events, json=event).status_code == 202
    for method, path in (
        ("PATCH", "/v1/preferences"), ("POST", "/v1/private-feed"), ("DELETE", "/v1/private-feed"),
    ):  # fmt: skip
        assert refused(secured.call(method, path, events, params={"user": "bob"}, json={}))
    wish = {"email": "eve@example.org", "timezone": "UTC"}
    mailed = secured.call("POST", "/v1/subscriptions", events, json=wish | {"user": "bob"})
    assert refused(mailed), "bob's own list would come by mail"
    assert secured.call("POST", "/v1/subscriptions", events, json=wish).status_code == 202


def test_a_list_that_is_written_back_wants_a_key_that_writes(secured: Secured):
    readers = secured.make(kind="secret", scopes=["readers"])[1]
    path, back = "/gorse/api/recommend/bob", {"write-back-type": "read"}

    assert secured.call("GET", path, readers).status_code == 200
    assert secured.call("GET", path, readers, params=back).status_code == 403


def test_a_key_that_ended_is_refused(secured: Secured):
    past = {"kind": "secret", "expires_at": "2001-01-01T00:00:00Z"}
    answer = secured.call("POST", "/v1/keys", secured.secret, json=past)
    assert (answer.status_code, answer.json()["field"]) == (400, "expires_at")

    made = {"kind": "secret", "expires_at": "2101-01-01T00:00:00Z"}
    about = secured.call("POST", "/v1/keys", secured.secret, json=made).json()["about"]
    assert about["expires_at"] == "2101-01-01T00:00:00Z"
