"""The site's pages where credentials are asked for, and what their documentation repeats."""

import base64
import re

import pytest
import redis
from litestar.routes import HTTPRoute

from recsvc.api import pages
from recsvc.api.app import create_app
from recsvc.settings import Settings
from recsvc.store import keys
from recsvc.store.access.signatures import Signatures
from recsvc.store.bundled import socket_url
from tests.secured import Secured, address
from tests.service import REPOSITORY, wait_until

PAGE = {"accept": "text/html"}


@pytest.fixture
def site(secured: Secured) -> Secured:
    """A service with keys, and two papers."""
    for n in (1, 2):
        item = {"id": f"page/{n}", "title": f"Paper {n} of the first page"}
        secured.call("POST", "/v1/items", secured.secret, json=item)
    wait_until(lambda: secured.call("GET", "/papers/page%2F2").status_code == 200, "the papers")
    return secured


def test_pages_need_no_key_and_use_none(site: Secured):
    for path in (
        "/",
        "/daily",
        "/for-you",
        "/trending",
        "/search?q=first",
        "/papers/page%2F1",
        "/you",
    ):
        page = site.call("GET", path, headers=PAGE)
        assert page.status_code == 200, path
        assert "/v1/" not in page.text, path
    for script in ("site.js", "search.js"):
        assert "/v1/" not in site.call("GET", f"/static/{script}").text


def test_a_reader_of_the_pages_is_who_the_cookie_says(site: Secured):
    headers = {"x-forwarded-for": address()}
    press = {"item": "page/1", "kind": "upvote", "back": "/you"}
    voted = site.service.http.post("/vote", data=press, headers=headers)
    assert (voted.status_code, voted.headers["location"]) == (303, "/you")
    site.service.http.cookies.clear()
    cookie = voted.headers["set-cookie"].partition(";")[0]
    assert "httponly" in voted.headers["set-cookie"].lower()

    own = site.call("GET", "/you", headers={"cookie": cookie}).text
    forged = site.call("GET", "/you", headers={"cookie": cookie[:-2]}).text
    claimed = site.call("GET", "/you?user=visitor-x").text

    assert "/papers/page%2F1" in own
    assert "Nothing is known of you yet" in forged
    assert "Nothing is known of you yet" in claimed
    assert site.call("GET", "/you/export", headers=PAGE).status_code == 404


def test_a_cookie_names_nobody_and_that_of_the_former_release_is_still_known(site: Secured):
    with redis.Redis.from_url(socket_url(site.service.folder)) as store:
        signs = Signatures(store.get(keys.SECRET))
    site.service.http.cookies.clear()
    press = {"item": "page/1", "kind": "upvote", "back": "/you"}
    headers = {"x-forwarded-for": address()}
    voted = site.service.http.post("/vote", data=press, headers=headers)
    site.service.http.cookies.clear()
    name, _, value = voted.headers["set-cookie"].partition(";")[0].partition("=")
    user = signs.reveal("reader-cookie", value)

    assert user.startswith("anon:visitor-")
    name_of_reader = user.removeprefix("anon:visitor-")  # which may hold, and end with, a dash
    plain = [value, base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("latin-1")]
    assert not [text for text in plain if "visitor" in text or name_of_reader in text]
    former = f"{name}={signs.sign('reader-cookie', user)}"
    own = site.call("GET", "/you", headers={"cookie": former}).text
    assert "/papers/page%2F1" in own


def test_every_page_is_documented():
    text = (REPOSITORY / "docs" / "pages.md").read_text()
    app = create_app(Settings())
    paths = {
        (route.path, method)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method in ("GET", "POST") and handler.fn.__module__.startswith(pages.__name__)
    }
    assert len(paths) >= 15
    for path, _ in paths:
        first = "/" + path.split("/")[1].partition("{")[0]
        assert re.search(rf"`{re.escape(first)}[`/?]", text), path
    for path, method in paths:
        assert method == "GET" or f"`{path}`" in text, path
