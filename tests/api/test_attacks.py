"""What an attacker tries; `docs/security.md` lists these tests, and a test keeps the two alike."""

import gzip
import http.client
import json
import re
import socket

import jwt
import pytest
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.clock import SECOND_US, now_us
from recsvc.settings import Settings
from tests.secured import ORIGIN, OTHER_ORIGIN, Secured, address
from tests.service import wait_until

# Every route that takes a body, by a path of its own.
PATHS_WITH_BODY = sorted(
    {
        re.sub(r"\{[^}]+\}", "x", route.path_format)
        for route in create_app(Settings()).routes
        if isinstance(route, HTTPRoute) and "POST" in route.methods
    }
)

# Of these a body says nothing: they leave it unread.
WITHOUT_BODY = {"/console/models/release", "/console/sign-out"}

EVENT = {"user": "victim", "item": "paper", "kind": "upvote"}


def signed(secured: Secured, **claims: object) -> str:
    now_s = now_us() // SECOND_US
    standard: dict[str, object] = {"sub": "victim", "aud": "recsvc", "exp": now_s + 600}
    secret = str(claims.pop("secret", secured.signing))
    return jwt.encode(standard | claims, secret, algorithm="HS256")


def refused(response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    if status in (401, 403):
        assert response.headers["www-authenticate"].startswith("Bearer ")
    return response.json()


def test_no_credential(secured: Secured):
    problem = refused(secured.call("GET", "/v1/feed", params={"user": "victim"}), 401)

    assert problem["title"] == "Not authenticated"


def test_forged_token(secured: Secured):
    refused(secured.call("GET", "/v1/feed", signed(secured, secret="x" * 43)), 401)


def test_token_of_another_algorithm(secured: Secured):
    claims = {"sub": "victim", "aud": "recsvc", "exp": now_us() // SECOND_US + 600}
    for token in (
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, secured.signing, algorithm="HS384"),
    ):
        refused(secured.call("GET", "/v1/feed", token), 401)


def test_expired_token(secured: Secured):
    token = signed(secured, exp=now_us() // SECOND_US - 120)

    assert "expired" in refused(secured.call("GET", "/v1/feed", token), 401)["detail"]


def test_token_for_another_service(secured: Secured):
    refused(secured.call("GET", "/v1/feed", signed(secured, aud="elsewhere")), 401)


def test_token_that_lives_too_long(secured: Secured):
    token = signed(secured, exp=now_us() // SECOND_US + 86_400)

    assert "ahead" in refused(secured.call("GET", "/v1/feed", token), 401)["detail"]


def test_another_readers_feed(secured: Secured):
    token = secured.token("attacker")
    for path in ("/v1/feed?user=victim", "/v1/users/victim"):
        refused(secured.call("GET", path, token), 403)
    body = {"user": "victim", "items": ["paper"]}
    refused(secured.call("POST", "/v1/rank", token, json=body), 403)
    refused(secured.call("POST", "/v1/feed", token, json={"user": "victim"}), 403)
    own = secured.call("GET", "/v1/feed", token)
    assert own.json()["user"] == "attacker"


def test_a_page_that_names_a_reader(secured: Secured):
    for method, path, body in (
        ("GET", "/v1/feed?user=victim", None),
        ("POST", "/v1/feed", {"user": "victim"}),
        ("POST", "/v1/rank", {"user": "victim", "items": ["paper"]}),
    ):
        answer = secured.call(method, path, secured.publishable, ORIGIN, json=body)
        assert answer.status_code == 200
        assert answer.json()["user"] is None
        assert answer.json()["source"] != "personal"
    refused(secured.call("GET", "/v1/users/victim", secured.publishable, ORIGIN), 403)


def test_an_event_in_another_readers_name(secured: Secured):
    event = EVENT | {"item": "smuggled"}
    sent = secured.call("POST", "/v1/events", secured.publishable, ORIGIN, json=event)
    assert sent.status_code == 202
    sent = secured.call("POST", "/v1/events", secured.token("attacker"), json=event)
    assert sent.status_code == 202

    victim = secured.call("GET", "/v1/users/victim", secured.secret)

    assert victim.status_code == 404
    attacker = secured.call("GET", "/v1/users/attacker", secured.secret)
    assert [i["item"] for i in attacker.json()["interactions"]] == ["smuggled"]


def test_votes_by_dropping_the_cookie(secured: Secured):
    secured.call("PUT", "/v1/items/stuffed", secured.secret, json={"title": "Stuffed"})

    for _ in range(3):
        secured.service.http.cookies.clear()
        cast = secured.call("POST", "/vote", data={"item": "stuffed", "kind": "upvote"})
        assert cast.status_code == 303
        cookie = cast.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
    secured.service.http.cookies.clear()

    def explained() -> dict:
        path = "/v1/votes/explain?item=stuffed"
        return secured.call("GET", path, secured.secret).json()

    wait_until(lambda: explained()["anonymous"] == 3, "the votes are seen")
    assert explained()["counted"] == 0


def test_publishable_key_writing_items(secured: Secured):
    for key, origin in ((secured.publishable, ORIGIN), (secured.token("attacker"), None)):
        for method, path, body in (
            ("PUT", "/v1/items/x", {"title": "x"}),
            ("PATCH", "/v1/items/x", {"title": "x"}),
            ("DELETE", "/v1/items/x", None),
            ("POST", "/v1/items", [{"id": "x", "title": "x"}]),
            ("POST", "/v1/keys", {"kind": "secret"}),
            ("GET", "/v1/keys", None),
            ("POST", "/v1/snapshots/x/activate", None),
            ("GET", "/v1/stats", None),
        ):
            problem = refused(secured.call(method, path, key, origin, json=body), 403)
            assert "secret key" in problem["detail"]


def test_scoped_key_beyond_its_scope(secured: Secured):
    _, key = secured.make(kind="secret", scopes=["read"])

    assert secured.call("GET", "/v1/trending", key).status_code == 200
    assert "readers" in refused(secured.call("GET", "/v1/feed?user=victim", key), 403)["detail"]
    answer = secured.call("PUT", "/v1/items/x", key, json={"title": "x"})
    assert "items" in refused(answer, 403)["detail"]
    assert 'scope="items"' in answer.headers["www-authenticate"]
    refused(secured.call("POST", "/v1/events", key, json=EVENT), 403)


@pytest.mark.parametrize(
    "origin",
    [
        "https://papers.example.org.evil.com",
        "https://evilpapers.example.org",
        "https://papers.example.org:8443",
        "http://papers.example.org",
        "https://papers-example.org",
        "https://evil.com/https://papers.example.org",
        "https://sub.papers.example.org",
        "null",
        OTHER_ORIGIN,
    ],
)
def test_origin_look_alikes(secured: Secured, origin: str):
    for response in (
        secured.call("GET", "/v1/trending", secured.publishable, origin),
        secured.call("POST", "/v1/events", secured.publishable, origin, json=EVENT),
    ):
        refused(response, 403)
        assert "access-control-allow-origin" not in response.headers
        assert "Origin" in response.headers["vary"]
    preflight = secured.call(
        "OPTIONS", "/v1/events", None, origin, headers={"access-control-request-method": "POST"}
    )
    assert "access-control-allow-origin" not in preflight.headers


def test_a_secret_key_in_a_body(secured: Secured):
    body = {"authorization": secured.secret, "events": [EVENT]}

    refused(secured.call("POST", "/v1/events", json=body), 403)


def test_script_and_line_breaks_in_titles(secured: Secured):
    title = "<script>alert(1)</script>\r\nSet-Cookie: a=b\r\n\r\n<b>"
    item = "<img src=x>\u2028\"'"
    answer = secured.call(
        "POST", "/v1/items", secured.secret, json=[{"id": item, "title": title, "topics": [title]}]
    )
    assert answer.status_code == 200, answer.text

    listed = secured.call("GET", "/v1/new", secured.publishable, ORIGIN)

    assert title in [i["item"]["title"] for i in listed.json()["items"]]
    assert listed.headers["content-type"] == "application/json"
    assert listed.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in listed.headers


def test_line_breaks_in_ids(secured: Secured):
    for bad in ("a%0d%0aSet-Cookie:%20a=b", "a%00b", "%ff"):
        answer = secured.call("PUT", f"/v1/items/{bad}", secured.secret, json={"title": "x"})
        assert refused(answer, 400)["field"] == "id"
        assert "set-cookie" not in answer.headers


def test_oversized_bodies(secured: Secured):
    huge = b'{"title": "' + b"x" * (5 << 20) + b'"}'
    refused(secured.call("PUT", "/v1/items/x", secured.secret, content=huge), 413)
    refused(secured.call("POST", "/v1/items", secured.secret, content=b"[" + huge + b"]"), 413)
    refused(secured.call("POST", "/v1/events", secured.secret, content=huge), 413)
    chunks = (b"x" * 65_536 for _ in range(100))
    refused(secured.call("POST", "/v1/events", secured.secret, content=chunks), 413)
    many = [{"item": "x", "kind": "click", "user": "u"}] * 1001
    refused(secured.call("POST", "/v1/events", secured.secret, json=many), 413)


def test_much_from_a_stranger(secured: Secured):
    body = {"authorization": secured.token("a"), "events": [EVENT] * 900, "x": ""}
    body["x"] = "x" * 65_536

    refused(secured.call("POST", "/v1/events", content=json.dumps(body)), 413)


@pytest.mark.parametrize("depth", [100, 5_000, 500_000])
def test_deeply_nested_bodies(secured: Secured, depth: int):
    deep = b'{"title": "x", "extra": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
    refused(secured.call("PUT", "/v1/items/deep", secured.secret, content=deep), 400)
    refused(secured.call("PATCH", "/v1/items/deep", secured.secret, content=deep), 400)
    answer = secured.call("POST", "/v1/items", secured.secret, content=deep)
    refused(answer, 400)
    refused(secured.call("POST", "/v1/events", secured.secret, content=b"[" * depth), 400)
    refused(secured.call("POST", "/v1/feed", secured.secret, content=b"[" * depth), 400)


def answer_to(secured: Secured, *sent: bytes, leaves: bool = False) -> tuple[int, bytes]:
    """What comes back for bytes that no client library would send.

    Args:
        leaves: whether the client says that nothing else will come.
    """
    with socket.create_connection(("127.0.0.1", secured.service.port), 5) as raw:
        for part in sent:
            raw.sendall(part)
        if leaves:
            raw.shutdown(socket.SHUT_WR)
        found = raw.makefile("rb").read()
    return int(found.split(b" ", 2)[1]), found


def head_to(path: str, key: str, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}"]
    lines.append("Connection: close")
    return "\r\n".join([*lines, f"X-Forwarded-For: {address()}", *more, "", ""]).encode()


@pytest.mark.parametrize("path", ["/v1/feed", "/v1/events", "/v1/items", "/vote", "/v1/keys"])
@pytest.mark.parametrize(
    "chunks",
    [b"-2\r\n{}\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n{}", b"2;" + b"a" * 30_000 + b"\r\n{}\r\n",
     b"2\r\n{}zz\r\n0\r\n\r\n", b"40\r\n{"],
    ids=["negative", "huge", "extended", "overlong", "broken off"],
)  # fmt: skip
def test_bodies_that_are_framed_wrongly(secured: Secured, path: str, chunks: bytes):
    failed = 'recsvc_problems_total{status="500"}'
    before = figure(secured, failed)

    head = head_to(path, secured.secret, "Transfer-Encoding: chunked")
    status, _ = answer_to(secured, head, chunks, leaves=True)

    assert status in (400, 413), "the client's mistake, and no alarm of ours"
    assert figure(secured, failed) == before


def figure(secured: Secured, name: str) -> str:
    lines = secured.call("GET", "/metrics", secured.secret).text.splitlines()
    return next((line for line in lines if line.startswith(name)), "")


@pytest.mark.parametrize(
    "lines",
    [["Content-Length: 2", "Content-Length: 40"], ["Content-Length: +2"], ["Content-Length: 2, 2"],
     ["Content-Length: 2", "Transfer-Encoding: chunked"], ["Transfer-Encoding: xchunked"],
     ["Transfer-Encoding: chunked, identity"], ["Content-Length : 2"], ["X-A: b", " c"]],
    ids=lambda lines: "; ".join(lines),
)  # fmt: skip
def test_a_request_in_another(secured: Secured, lines: list[str]):
    hidden = b"{}GET /v1/items/never HTTP/1.1\r\nHost: localhost\r\n\r\n"

    status, found = answer_to(secured, head_to("/v1/feed", secured.secret, *lines), hidden)

    assert status == 400
    assert found.count(b"HTTP/1.1 ") == 1, "nobody answers what is in it"


@pytest.mark.parametrize("name", ["Authorization", "Origin", "X-API-Key", "Sec-Fetch-Site"])
def test_a_head_that_says_twice_who_calls(secured: Secured, name: str):
    said = [] if name == "Authorization" else [f"{name}: {ORIGIN}"]
    head = head_to("/v1/feed", secured.publishable, "Content-Length: 2", *said, f"{name}: another")

    status, _ = answer_to(secured, head, b"{}")

    assert status == 400


@pytest.mark.parametrize("host", ["127.0.0.1:99999", "localhost:port", "[::1", "::1]", "a:-1"])
@pytest.mark.parametrize("path", ["/", "/you", "/feeds/trending.rss", "/v1/trending", "/nothing"])
def test_a_host_that_is_none(secured: Secured, path: str, host: str):
    failed = 'recsvc_problems_total{status="500"}'
    before = figure(secured, failed)

    answer = secured.call("GET", path, headers={"host": host, "accept": "text/html"})

    assert refused(answer, 400)["field"] == "Host"
    assert figure(secured, failed) == before


@pytest.mark.parametrize("path", PATHS_WITH_BODY)
def test_a_bomb_in_every_body(secured: Secured, path: str):
    packed = gzip.compress(bytes(20_000_000))
    labelled = {"content-encoding": "gzip", "content-type": "application/json"}
    if not path.startswith(("/v1/", "/gorse/")):
        labelled["content-type"] = "application/x-www-form-urlencoded"

    answer = secured.call("POST", path, secured.secret, headers=labelled, content=packed)

    assert answer.status_code < 500, answer.text
    is_read = path not in WITHOUT_BODY
    assert answer.status_code >= 400 if is_read else answer.status_code == 303, (
        "nothing is made of it"
    )


def test_ten_thousand_wrong_keys(secured: Secured):
    """From one neighbourhood; a right key from there goes on working, and no key is logged."""
    kind, name, hidden = secured.secret.split("_", 2)
    last = "neverinclear"
    where = address()
    statuses: dict[int, int] = {}
    connection = http.client.HTTPConnection("127.0.0.1", secured.service.port, timeout=30)
    for n in range(10_000):
        key = f"{kind}_{name}_{n:0>31}{last}"
        connection.request(
            "GET",
            "/v1/trending",
            headers={"authorization": f"Bearer {key}", "x-forwarded-for": where},
        )
        response = connection.getresponse()
        body = response.read()
        statuses[response.status] = statuses.get(response.status, 0) + 1
    connection.close()

    assert set(statuses) == {401, 429}
    assert statuses[401] < 100, "but for what refills meanwhile"
    assert int(response.headers["retry-after"]) >= 1
    assert json.loads(body)["status"] == 429
    right = secured.call("GET", "/v1/trending", secured.secret, headers={"x-forwarded-for": where})
    assert right.status_code == 200
    log = secured.service.log_path.read_text()
    assert "credential_refused" in log
    assert last not in log
    assert hidden not in log
