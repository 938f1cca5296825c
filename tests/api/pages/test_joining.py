"""A reader takes up in another browser what they began in one, and nobody is made another unasked."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from recsvc.api.http.reader_links import VALID_MINUTES, link_text, reader_in
from recsvc.clock import MINUTE_US
from recsvc.errors import ExpiredError, NotAllowedError
from recsvc.store.access.signatures import Signatures
from tests.service import Service

SIGNS = Signatures(b"a secret of thirty-two characters")


@pytest.fixture
def browsers(service: Service) -> Iterator[list[httpx.Client]]:
    service.put("joining/1", title="Read on two devices")
    found = [httpx.Client(base_url=service.http.base_url, timeout=30) for _ in range(2)]
    yield found
    for one in found:
        one.close()


def made(browser: httpx.Client) -> str:
    """The link that a reader's page makes, without the site's address."""
    page = browser.get("/you?link=true").text
    (link,) = re.findall(r'<a href="[^"]*(/you/join\?link=[^"]+)"', page)
    return unescape(link)


def test_a_link_makes_another_browser_the_same_reader(browsers: list[httpx.Client]):
    first, second = browsers
    first.post("/vote", data={"item": "joining/1", "kind": "save"})
    link = made(first)

    asked = second.get(link)
    assert "Become that reader here" in asked.text
    assert "joining/1" not in second.get("/saved").text, "nothing happened before the button"
    pressed = second.post("/you/join", data={"link": link.partition("link=")[2]})

    assert pressed.status_code == 303
    assert "Read on two devices" in second.get("/saved").text
    assert "is that reader already" in second.get(link).text
    second.post("/vote", data={"item": "joining/1", "kind": "unsave"})
    assert "Read on two devices" not in first.get("/saved").text, "one reader, not a copy"


def test_who_is_unknown_has_no_link_and_other_sites_cannot_press_the_button(
    service: Service, browsers: list[httpx.Client]
):
    first, second = browsers
    assert "/you/join" not in first.get("/you?link=true").text
    first.post("/vote", data={"item": "joining/1", "kind": "save"})
    text = made(first).partition("link=")[2]

    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    refused = second.post("/you/join", data={"link": text}, headers=foreign)
    assert (refused.status_code, refused.headers.get("set-cookie")) == (403, None)
    spoilt = second.post("/you/join", data={"link": text[:-3] + "abc"})
    assert (spoilt.status_code, spoilt.headers.get("set-cookie")) == (403, None)


def test_a_link_ends_and_serves_no_other_purpose():
    link = link_text(SIGNS, "visitor-1", 0)

    assert reader_in(SIGNS, link, VALID_MINUTES * MINUTE_US - 1) == "visitor-1"
    with pytest.raises(ExpiredError):
        reader_in(SIGNS, link, VALID_MINUTES * MINUTE_US)
    with pytest.raises(NotAllowedError):
        reader_in(SIGNS, SIGNS.conceal("reader-cookie", "visitor-1"), 0)
