"""What stayed before a reader's eyes is told once, when they leave; what they never came to is not."""

import json

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.service import Service, wait_until

pytestmark = pytest.mark.web

LEAVE = "dispatchEvent(new Event('pagehide'))"


def test_a_card_is_told_once_after_it_was_in_view(service: Service, browser: Browser):
    topic = "bowerbirds"
    service.put_all(
        [{"id": f"seen/{n}", "title": f"Bower {n}", "topics": [topic]} for n in range(20)]
    )
    address = f"/search?topic={topic}"
    wait_until(lambda: service.http.get(address).text.count("data-card") == 20, "the papers")
    context = browser.new_context(
        viewport={"width": 800, "height": 900}, base_url=str(service.http.base_url)
    )
    context.request.post("/vote", form={"kind": "save", "item": "seen/0"})
    page = context.new_page()
    page.goto(address)
    shown = page.locator(".paper").evaluate_all("cards => cards.map(c => c.dataset.card)")

    def told(*wanted: str) -> bool:
        page.evaluate(LEAVE)
        found = [one["item"] for one in impressions(context)]
        assert len(found) == len(set(found)), "each once"
        return set(found) >= set(wanted)

    wait_until(lambda: told(shown[0], shown[1]), "what is in view is told", 20)
    assert shown[-1] not in {one["item"] for one in impressions(context)}, "nobody scrolled there"
    page.locator(".paper").last.scroll_into_view_if_needed()
    wait_until(lambda: told(shown[-1]), "what came into view is told", 20)
    last = next(one for one in impressions(context) if one["item"] == shown[-1])
    feed_id = page.locator(".paper a[data-feed]").last.get_attribute("data-feed")
    assert (last["position"], last["feed_id"]) == (19, feed_id)
    context.close()


def impressions(context: BrowserContext) -> list[dict]:
    """The impressions of whose browser it is, as their export has them."""
    lines = context.request.get("/you/export").text().splitlines()
    found = [one.get("event", one) for one in map(json.loads, lines)]
    return [one for one in found if one.get("kind") == "impression"]
