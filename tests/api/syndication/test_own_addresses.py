"""A feed's addresses are the service's own, whatever name a request came under: caches keep feeds."""

import pytest

from tests.secured import Secured

OTHER = {"host": "evil.example"}


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
@pytest.mark.parametrize("name", ["trending", "new", "daily", "search", "daily/2026-01-05"])
def test_a_feed_names_no_host_that_a_request_made_up(secured: Secured, name: str, ending: str):
    query = {"q": "x y"} if name == "search" else {}
    path = f"/feeds/{name}.{ending}"

    answer = secured.call("GET", path, headers=OTHER, params=query)

    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    own = f"http://127.0.0.1:{secured.service.port}{path}"
    assert own + ("?q=x" if query else "") in answer.text


def test_a_private_address_is_one_of_the_service(secured: Secured):
    named = {"user": "host-reader"}

    made = secured.call("POST", "/v1/private-feed", secured.secret, headers=OTHER, params=named)

    found = made.json()
    for ending in ("rss", "atom", "json"):
        assert found[ending].startswith(f"http://127.0.0.1:{secured.service.port}/feeds/personal/")
