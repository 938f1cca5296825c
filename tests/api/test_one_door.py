"""Whether a call may pass without a key is decided once: every route, every way to get there."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from litestar.routes import HTTPRoute

from recsvc.access.owner import owner_of
from recsvc.api.app import create_app
from recsvc.core.access.caller import HEALTH, PUBLIC, Access
from recsvc.settings import Settings
from tests.proxy import behind_nginx
from tests.service import Service, wait_until

_SAMPLES = {"date": "2026-01-01", "week": "2026-W01", "month": "2026-01"}
_REFUSED = (401, 403)
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def routes() -> Iterator[tuple[str, str, Access]]:
    """Every method and path of the application, parameters filled in, with what it asks for."""
    app = create_app(Settings())
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            path = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: _SAMPLES.get(m[1], "x"), route.path_format)
            for method, (handler, _) in route.route_handler_map.items():
                if method not in ("OPTIONS", "HEAD"):
                    yield method, path, handler.opt["access"]


ROUTES = sorted(set(routes()), key=lambda r: r[:2])


def statuses(ask: Callable[[str, str], httpx.Response]) -> dict[tuple[str, str], int]:
    return {(method, path): ask(method, path).status_code for method, path, _ in ROUTES}


def of_health() -> set[tuple[str, str]]:
    return {(method, path) for method, path, access in ROUTES if access == HEALTH}


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("keyless") / "data").start()
    yield running
    running.stop()
    running.http.close()


@pytest.mark.parametrize(
    "head",
    [
        {"host": "evil.com"},
        {"host": "127.0.0.1.evil.com"},
        {"host": "evil.com@127.0.0.1"},
        {"x-forwarded-for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
        {"x-real-ip": "203.0.113.9"},
        {"via": "1.1 proxy"},
        {"cf-connecting-ip": "203.0.113.9"},
    ],
    ids=lambda head: next(iter(head.items())).__str__(),
)
def test_without_a_key_nothing_answers_to_a_foreign_name_or_through_a_proxy(
    keyless: Service, head: dict[str, str]
):
    found = statuses(lambda method, path: keyless.http.request(method, path, headers=head))

    let_in = {route for route, status in found.items() if status not in _REFUSED}
    assert let_in == of_health()


@pytest.mark.parametrize(
    "name",
    ["x-forwarded-prefix", "x-forwarded-ssl", "x-forwarded", "x-original-url", "x-cluster-client-ip",
     "fastly-client-ip", "fly-client-ip", "x-azure-clientip", "x-envoy-external-address", "cf-ray",
     "x-amz-cf-id", "x-forwarded-anything"],
)  # fmt: skip
def test_whatever_a_proxy_writes_into_a_request_says_that_it_was_passed_on(
    keyless: Service, name: str
):
    assert keyless.http.get("/v1/trending", headers={name: "1"}).status_code == 403


@pytest.mark.parametrize(
    "name", ["x-amzn-trace-id", "traceparent", "b3", "x-request-id", "x-correlation-id", "referer",
             "x-requested-with", "dnt", "priority"],
)  # fmt: skip
def test_what_clients_write_by_themselves_says_nothing_of_the_kind(keyless: Service, name: str):
    assert keyless.http.get("/v1/trending", headers={name: "1"}).status_code == 200


def test_what_is_for_one_caller_and_what_went_wrong_is_kept_by_nobody_in_between(keyless: Service):
    for method, path, access in ROUTES:
        if method == "GET":
            answer = keyless.http.get(path, follow_redirects=False)
            if access != PUBLIC or answer.status_code >= 400:
                kept = answer.headers.get("cache-control", "")
                assert "no-store" in kept or "private" in kept, (path, answer.status_code, kept)


@pytest.mark.parametrize("path", ["/static/site.css", "/static/fonts/inter-latin.woff2", "/schema"])
def test_what_everybody_gets_is_not_asked_for_again_with_every_page(keyless: Service, path: str):
    kept = keyless.http.get(path).headers.get("cache-control", "")

    assert "no-store" not in kept
    assert "max-age" in kept or not path.startswith("/static/")


def test_behind_a_plain_nginx_nothing_worth_having_is_given_away(keyless: Service, tmp_path: Path):
    with behind_nginx(tmp_path / "nginx", keyless.port) as proxied:
        for method, path, access in ROUTES:
            if access.is_guarded:
                answer = proxied.request(method, path)
                assert answer.status_code in _REFUSED, (method, path, answer.text)
        made = proxied.post("/v1/keys", json={"kind": "secret"})
        assert made.status_code == 401
        assert "recsvc keys create secret" in made.json()["detail"]
        seen = proxied.get("/digest/preview", params={"user": "ann"})
        assert "ann" not in seen.text


def test_the_owner_is_who_shows_the_token_or_is_the_same_user_here(keyless: Service):
    token = owner_of(keyless.folder).token
    assert f"/owner?token={token}" in keyless.log()

    for method, path, access in ROUTES:
        if access.is_guarded and method == "GET":
            assert keyless.http.get(path).status_code not in _REFUSED, path
    old = keyless.http.get("/v1/users/x", headers={"authorization": "Bearer rat_wrong"})
    assert old.status_code == 401
    shown = {"authorization": f"Bearer {token}"}
    assert keyless.http.get("/v1/keys", headers=shown).status_code == 200
    foreign = keyless.http.get("/v1/keys", headers=shown | {"host": "evil.com"})
    assert foreign.status_code == 403


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_gets_nothing_worth_having(keyless: Service):
    ask = "import sys, urllib.request, urllib.error\n"
    ask += "import os; 'x'.encode('idna'); os.setgid(65534); os.setuid(65534)\n"
    ask += "for url in sys.argv[1:]:\n"
    ask += "  try: print(urllib.request.urlopen(url).status)\n"
    ask += "  except urllib.error.HTTPError as e: print(e.code)\n"
    urls = [
        f"http://127.0.0.1:{keyless.port}{path}"
        for method, path, access in ROUTES
        if access.is_guarded and method == "GET"
    ]
    public = f"http://127.0.0.1:{keyless.port}/v1/feed?user=ann"
    done = subprocess.run(
        [sys.executable, "-c", ask, *urls, public], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    *guarded, feed = done.stdout.split()
    assert guarded == ["401"] * len(urls)
    assert feed == "200"
    folder = keyless.folder / "access-token"
    assert folder.stat().st_mode & 0o077 == 0


def test_the_owners_browser_keeps_the_token_and_the_address_loses_it(keyless: Service):
    token = owner_of(keyless.folder).token

    came = keyless.http.get("/owner", params={"token": token})

    assert (came.status_code, came.headers["location"]) == (303, "/")
    cookie = came.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert keyless.http.get("/owner", params={"token": "rat_wrong"}).status_code == 403
    keyless.http.cookies.clear()


def test_a_request_names_exactly_one_host(keyless: Service):
    def status(hosts: list[str]) -> bytes:
        head = "".join(f"Host: {host}\r\n" for host in hosts)
        with socket.create_connection(("127.0.0.1", keyless.port), 5) as raw:
            raw.sendall(f"GET /v1/trending HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
            return raw.makefile("rb").readline().split()[1]

    assert status(["localhost"]) == b"200"
    assert status([]) == b"400"
    assert status(["localhost", "evil.com"]) == b"400"
    assert status(["localhost", "localhost"]) == b"400"


@pytest.mark.parametrize("ending", ["revoked", "ended"])
def test_the_end_of_the_last_key_opens_nothing(new_service, ending: str):
    service: Service = new_service().start()
    made = service.http.post("/v1/keys", json={"kind": "secret"}).json()
    key = {"authorization": f"Bearer {made['key']}"}
    identity = made["about"]["id"]
    if ending == "ended":
        rotated = service.http.post(
            f"/v1/keys/{identity}/rotate", json={"overlap_s": 0}, headers=key
        ).json()
        assert service.run("keys", "revoke", rotated["about"]["id"]).returncode == 0
    else:
        assert service.run("keys", "revoke", identity).returncode == 0
    wait_until(lambda: service.http.get("/v1/keys", headers=key).status_code == 401, "it ended", 5)

    found = statuses(lambda method, path: service.http.request(method, path))

    asked = {(method, path) for method, path, access in ROUTES if access.scope is not None}
    in_body = {(method, path) for method, path, access in ROUTES if access.in_body}
    assert {route for route in asked if found[route] not in _REFUSED} <= in_body
    event = {"user": "ann", "item": "x", "kind": "upvote"}
    assert service.http.post("/v1/events", json=event).status_code == 401
    again = service.run("keys", "create", "secret")
    assert again.returncode == 0, "whoever has the machine makes another"
