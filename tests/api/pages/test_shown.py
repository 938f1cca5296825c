"""What pages say was seen is logged of those whom they know, and of nobody else."""

import json

import httpx

from tests.service import Service, wait_until

N = 6


def tell(browser: httpx.Client, feed: str, *items: str) -> httpx.Response:
    """Say that items were seen, from the first place on."""
    places = [[item, place] for place, item in enumerate(items)]
    return browser.post("/seen", data={"feed_id": feed, "places": json.dumps(places)})


def test_what_somebody_saw_is_logged_with_its_list_and_place_and_of_strangers_nothing(
    service: Service,
):
    items = [f"shown/{n}" for n in range(N)]
    service.put_all([{"id": item, "title": f"Shown paper {item[-1]}"} for item in items])
    wait_until(lambda: service.http.get("/papers/shown%2F5").status_code == 200, "the papers")
    nobodys_page = httpx.get(f"{service.http.base_url}/for-you", timeout=30).text
    with httpx.Client(base_url=service.http.base_url, timeout=30) as browser:
        stranger = tell(browser, "feed-of-a-stranger", *items)
        browser.post("/vote", data={"item": items[0], "kind": "upvote"})
        page = browser.get("/for-you").text

        answer = tell(browser, "feed-7", *items[:2])
        export = [json.loads(line) for line in browser.get("/you/export").text.splitlines()]

    assert stranger.status_code == answer.status_code == 204
    assert "data-seen" in page
    assert "data-seen" not in nobodys_page
    told = [one for line in export if (one := line.get("event", line)).get("kind") == "impression"]
    assert [(one["item"], one["feed_id"], one.get("position", 0)) for one in told] == [
        (items[0], "feed-7", 0),
        (items[1], "feed-7", 1),
    ]
