import re

import pytest
from litestar import Response, get
from litestar.testing import create_test_client

from recsvc.api.http.headers import add_headers
from tests.secured import ORIGIN, Secured

PREFLIGHT = {"access-control-request-method": "POST"}


def test_an_allowed_origin_reads_answers_and_errors(secured: Secured):
    for response, status in (
        (secured.call("GET", "/v1/trending", secured.publishable, ORIGIN), 200),
        (secured.call("GET", "/v1/trending?limit=0", secured.publishable, ORIGIN), 400),
        (secured.call("GET", "/v1/trending", "rpk_wrong_key", ORIGIN), 401),
        (secured.call("GET", "/v1/stats", secured.publishable, ORIGIN), 403),
        (secured.call("GET", "/v1/no-such-route", secured.publishable, ORIGIN), 404),
        (secured.call("DELETE", "/v1/trending", secured.publishable, ORIGIN), 405),
    ):
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers
        assert "ratelimit" in response.headers["access-control-expose-headers"]


def test_a_preflight_is_answered_and_remembered(secured: Secured):
    response = secured.call("OPTIONS", "/v1/items/a/b", None, ORIGIN, headers=PREFLIGHT)

    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "authorization" in response.headers["access-control-allow-headers"]
    assert int(response.headers["access-control-max-age"]) > 0


def test_answers_vary_by_origin_even_without_one(secured: Secured):
    response = secured.call("GET", "/v1/trending", secured.publishable)

    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/health/live", "/v1/nothing", "/schema", "/v1/trending"])
def test_no_content_is_sniffed_and_no_path_is_leaked(secured: Secured, path: str):
    headers = secured.call("GET", path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def left(said: str, name: str) -> int:
    found = re.fullmatch(rf'"{name}";r=(\d+);t=\d+', said)
    assert found is not None, said
    return int(found[1])


def test_limits_are_said_and_kept(secured: Secured):
    token, there = secured.token("busy"), {"x-forwarded-for": "198.51.100.7"}
    event = {"item": "x", "kind": "click"}

    first = secured.call("POST", "/v1/events", token, json=[event] * 100, headers=there)
    assert first.headers["ratelimit-policy"] == '"user";q=600;w=60, "ip";q=3000;w=60'
    user, ip = first.headers["ratelimit"].split(", ")
    # The pace goes on refilling between admitting the request and charging its events.
    assert 500 <= left(user, "user") <= 520
    assert 2900 <= left(ip, "ip") <= 2999
    sent = secured.call("POST", "/v1/events", token, json=[event] * 600, headers=there)

    assert sent.status_code == 429
    assert sent.headers["content-type"] == "application/problem+json"
    assert 1 <= int(sent.headers["retry-after"]) <= 60
    assert sent.headers["ratelimit"].startswith('"user";r=0')
    other = secured.call("GET", "/v1/feed", secured.token("calm"), headers=there)
    assert other.status_code == 200


def test_a_neighbourhood_has_a_limit_of_its_own(secured: Secured):
    event, statuses = {"item": "x", "kind": "click"}, []
    for n in range(7):
        there = {"x-forwarded-for": f"192.0.2.{n}"}
        sent = secured.call(
            "POST", "/v1/events", secured.token(f"n{n}"), json=[event] * 500, headers=there
        )
        statuses.append(sent.status_code)

    assert statuses[:6] == [202] * 6
    assert statuses[6] == 429


def test_a_person_who_is_too_fast_gets_a_page_that_says_so_and_leads_on(secured: Secured):
    there = {"x-forwarded-for": "203.0.113.77", "accept": "text/html"}
    answers = (secured.call("GET", "/you/export", headers=there) for _ in range(200))

    refused = next(answer for answer in answers if answer.status_code == 429)

    assert refused.headers["content-type"].startswith("text/html")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "Slow down a little" in refused.text
    assert 'href="/"' in refused.text


def test_secret_keys_and_health_are_not_limited_by_address(secured: Secured):
    assert "ratelimit" not in secured.call("GET", "/v1/trending", secured.secret).headers
    assert "ratelimit" not in secured.call("GET", "/health/live").headers


def test_pages_run_no_inline_script_and_are_not_framed(secured: Secured):
    page = secured.call("GET", "/schema/no-such-page")

    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_page_that_is_meant_to_be_framed_says_so_in_one_word():
    @get("/embed", media_type="text/html", framed=True, sync_to_thread=False)
    def embed() -> str:
        return "<p>a feed</p>"

    @get("/own-policy", media_type="text/html", sync_to_thread=False)
    def own_policy() -> Response[str]:
        return Response("<p>x</p>", headers={"Content-Security-Policy": "default-src 'self'"})

    with create_test_client([embed, own_policy], before_send=[add_headers]) as client:
        framed, own = client.get("/embed"), client.get("/own-policy")

    assert "frame-ancestors *" in framed.headers["content-security-policy"]
    assert own.headers["content-security-policy"] == "default-src 'self'"
