from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.core.access.caller import ADMIN, ITEMS, Access
from recsvc.settings import Settings
from tests.secured import ORIGIN, OTHER_ORIGIN, Secured
from tests.service import wait_until


def accesses() -> dict[tuple[str, str], object]:
    app = create_app(Settings())
    return {
        (route.path, method): handler.opt.get("access")
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS"
    }


def test_every_route_says_what_it_asks_of_its_caller():
    undecided = [route for route, access in accesses().items() if not isinstance(access, Access)]

    assert not undecided, f"give these an `access`: {undecided}"


def test_what_changes_the_service_needs_a_secret_key():
    for (path, method), access in accesses().items():
        if path.startswith("/v1/items") and method != "GET":
            assert access == ITEMS
        if path.startswith(("/v1/keys", "/v1/erasures")):
            assert access == ADMIN
        if path.startswith(("/v1/users", "/v1/snapshots")) and method != "GET":
            assert access == ADMIN


def test_a_publishable_key_reads_public_lists_and_sends_events(secured: Secured):
    key = secured.publishable
    assert secured.call("GET", "/v1/trending", key, ORIGIN).status_code == 200
    assert secured.call("GET", "/v1/trending", key).status_code == 200, "no page is behind it"
    event = {"user": "session", "item": "x", "kind": "click"}
    assert secured.call("POST", "/v1/events", key, ORIGIN, json=event).status_code == 202


def test_a_user_token_gives_its_readers_feed(secured: Secured):
    service, token = secured.service, secured.token("carol")
    items = [{"id": f"i{n}", "title": f"pointer network {n}"} for n in range(5)]
    assert secured.call("POST", "/v1/items", secured.secret, json=items).status_code == 200

    voted = secured.call("POST", "/v1/events", token, json={"item": "i0", "kind": "upvote"})

    assert voted.status_code == 202
    feed = secured.call("GET", "/v1/feed", token).json()
    assert (feed["user"], feed["source"]) == ("carol", "personal")
    named = secured.call("GET", "/v1/feed?user=carol", secured.secret).json()
    assert [i["id"] for i in named["items"]] == [i["id"] for i in feed["items"]]
    profile = secured.call("GET", "/v1/users/carol", token).json()
    assert [i["item"] for i in profile["interactions"]] == ["i0"]
    assert service.http.get("/health/ready").status_code == 200


def test_a_beacon_brings_its_credential_in_the_body(secured: Secured):
    def beacon(credential: str | None, events: object, origin: str | None = ORIGIN):
        import json

        return secured.call(
            "POST", "/v1/events", None, origin, headers={"content-type": "text/plain"},
            content=json.dumps({"authorization": credential, "events": events}),
        )  # fmt: skip

    click = {"item": "i0", "kind": "click"}
    by_token = beacon(secured.token("dora"), [click, click | {"item": "i1"}])
    assert by_token.json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    dora = secured.call("GET", "/v1/users/dora", secured.secret).json()
    assert {i["item"] for i in dora["interactions"]} == {"i0", "i1"}
    by_key = beacon(secured.publishable, [click | {"user": "s1"}, {"item": "i0"}])
    assert by_key.json()["accepted"] == 1
    assert by_key.json()["rejected"][0]["index"] == 1
    assert beacon(secured.publishable, [click], OTHER_ORIGIN).status_code == 403
    assert beacon("rpk_x_y", [click]).status_code == 401
    assert beacon(None, [click]).status_code == 401
    assert beacon(secured.publishable, [click] * 1001).status_code == 413
    assert beacon(secured.publishable, []).json()["accepted"] == 0


def test_a_revoked_key_ends_within_two_seconds_in_every_process(secured: Secured):
    """Revoked through the store, as another process would."""
    identity, key = secured.make(kind="secret", name="to be revoked")
    assert secured.call("GET", "/v1/feed", key).status_code == 200

    done = secured.service.run("keys", "revoke", identity)

    assert done.returncode == 0, done.stderr
    wait_until(
        lambda: secured.call("GET", "/v1/feed", key).status_code == 401, "the key is refused", 2
    )


def test_a_key_revoked_over_http_ends_at_once(secured: Secured):
    identity, key = secured.make(kind="publishable", origins=[OTHER_ORIGIN])
    assert secured.call("GET", "/v1/feed", key, OTHER_ORIGIN).status_code == 200

    gone = secured.call("DELETE", f"/v1/keys/{identity}", secured.secret)

    assert gone.status_code == 204
    refused = secured.call("GET", "/v1/feed", key, OTHER_ORIGIN)
    assert refused.status_code == 401
    assert "access-control-allow-origin" not in refused.headers
    assert secured.call("DELETE", f"/v1/keys/{identity}", secured.secret).status_code == 404
