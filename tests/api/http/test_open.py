"""While no key exists: everything is open to this machine, and to nobody behind its back."""

from tests.secured import OTHER_ORIGIN
from tests.service import Service

EVENT = {"user": "victim", "item": "paper", "kind": "upvote"}


def test_a_foreign_page_while_no_key_exists(service: Service):
    for headers in (
        {"origin": "https://evil.com"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.com", "sec-fetch-site": "cross-site"},
    ):
        answer = service.http.post("/v1/events", json=EVENT, headers=headers)
        assert answer.status_code == 403, answer.text
    assert service.http.post("/v1/events", json=EVENT).status_code == 202


def test_a_name_that_was_made_to_point_here(service: Service):
    """DNS rebinding: to the browser it is the page's own origin, to us a name that is not ours."""
    answer = service.http.get("/v1/users/x", headers={"host": f"evil.com:{service.port}"})

    assert answer.status_code == 403
    assert "loopback" in answer.json()["detail"]


def test_a_beacon_needs_no_credential_while_no_key_exists(service: Service):
    body = {"events": [{"user": "u", "item": "x", "kind": "click"}]}

    assert service.http.post("/v1/events", json=body).json()["accepted"] == 1
    body["authorization"] = "rpk_unknown_key"
    assert service.http.post("/v1/events", json=body).status_code == 401


def test_while_no_key_exists_a_presented_one_is_still_checked(service: Service):
    def asked(authorization: str) -> int:
        return service.http.get("/v1/feed", headers={"authorization": authorization}).status_code

    assert asked("Bearer rsk_unknown_key") == 401
    assert asked("Basic dTpw") == 200, "meant for a proxy in between"


def test_while_no_key_exists_pages_of_this_machine_may_call(service: Service):
    local = service.http.get("/v1/trending", headers={"origin": "http://localhost:3000"})
    assert local.headers["access-control-allow-origin"] == "http://localhost:3000"

    foreign = service.http.get("/v1/trending", headers={"origin": OTHER_ORIGIN})
    assert "access-control-allow-origin" not in foreign.headers
