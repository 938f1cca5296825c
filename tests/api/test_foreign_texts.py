"""Texts of anybody on every route: nothing answers 500, and everywhere they read the same."""

import pytest

from tests.service import Service

POISON = {
    "id": "poison/1",
    "title": r"Schr\"odinger on $\mathbb{R}^n$ with \href{https://x.example/a_b}{code}",
    "text": r"Ours is at $\href{https://x.example/r}{this place}$. \sqrt \colorbox " + "{" * 600,
    "topics": ["poisoned"],
}
SHOWN = "Schrödinger on ℝ^n with code"


@pytest.fixture(scope="module")
def poisoned(service: Service) -> Service:
    service.put_all(
        [POISON, {"id": "future/1", "title": "Not yet", "listed_at": "2999-01-01T00:00:00Z"}]
    )
    service.send(
        *({"user": f"of-poison-{n}", "item": "poison/1", "kind": "upvote"} for n in range(60))
    )
    service.settled()
    return service


@pytest.mark.parametrize(
    "path",
    ["/feeds/new.rss", "/feeds/new.atom", "/feeds/new.json", "/digest/preview?view=text",
     "/digest/preview?view=html", "/papers/poison%2F1"],
)  # fmt: skip
def test_a_title_reads_the_same_wherever_characters_are_shown(poisoned: Service, path: str):
    answer = poisoned.http.get(path)

    assert answer.status_code == 200
    assert SHOWN in answer.text
    assert "Not yet" not in answer.text


def test_pages_draw_the_formula_in_lists_and_on_its_own(poisoned: Service):
    for path in ("/", "/papers/poison%2F1"):
        assert "<math" in poisoned.http.get(path).text


@pytest.mark.parametrize("path", ["/confirm", "/unsubscribe", "/preferences"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=broken.token"])
def test_a_link_that_is_not_whole_is_a_page_that_helps(service: Service, path: str, query: str):
    answer = service.http.get(path + query)

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert 'action="/mail-links"' in answer.text


def test_new_links_are_promised_to_everybody_alike(service: Service):
    answer = service.http.post("/mail-links", data={"email": "nobody@example.com"})

    assert (answer.status_code, "Look into your inbox" in answer.text) == (200, True)
    assert service.http.post("/mail-links", data={"email": "no address"}).status_code == 400


def test_relays_report_and_operators_see(service: Service):
    told = service.http.post("/v1/bounces", json=[{"email": "nobody@example.com"}])

    assert told.json() == {"counted": 0, "suspended": 0, "ignored": 1}
    assert service.http.post("/v1/bounces", json={"kind": "bounce"}).status_code == 400
    for broken in (b'{"kind": "\xff"}', b"[" * 9_000, b"{"):
        assert service.http.post("/v1/bounces", content=broken).status_code == 400
    assert 'recsvc_mails_total{outcome="failed"}' in service.http.get("/metrics").text
