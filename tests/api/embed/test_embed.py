"""Embedding over HTTP: modules, headers, oEmbed, votes."""

import base64
import hashlib
from html.parser import HTMLParser

import pytest

from tests.service import Service


@pytest.fixture(scope="module")
def base(service: Service) -> str:
    service.put_all(
        [{"id": "a", "title": "<script>alert(1)</script>"}, {"id": "b/c", "title": "B"}]
    )
    return str(service.http.base_url)


@pytest.mark.parametrize("path", ["/embed/v1.js", "/embed/frame.js"])
def test_any_origin_may_load_a_module_and_keep_it(service, path):
    answer = service.http.get(path, headers={"Origin": "https://blog.example"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] in ("*", "https://blog.example")
    assert answer.headers["cache-control"] == "max-age=0, stale-while-revalidate=604800"
    assert answer.headers["content-encoding"] == "gzip"
    plain = service.http.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    again = service.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_the_integrity_on_the_page_is_that_of_the_script(service, base):
    digest = hashlib.sha384(service.http.get("/embed/v1.js").content).digest()

    assert f"sha384-{base64.b64encode(digest).decode()}" in service.http.get("/embed").text


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


@pytest.mark.parametrize("path", ["/embed", "/embed/feed?list=new"])
def test_our_pages_need_no_inline_script_or_style(service, base, path):
    answer = service.http.get(path)
    page = Tags(answer.text)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(tag.get("src") for tag in page.all("script"))
    assert not page.all("style")
    assert not any(
        "style" in attrs or any(a.startswith("on") for a in attrs) for _, attrs in page.found
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "alert(1)</script>" not in answer.text


def test_a_title_without_an_address_leads_to_its_page_here(service, base):
    service.put("embed/addressed", title="Has an address", url="https://x.example/p")
    links = [a["href"] for a in Tags(service.http.get("/embed/feed?list=new").text).all("a")]

    assert {"https://x.example/p", "/papers/b%2Fc"} <= set(links)


def test_only_the_named_origin_may_frame_a_list(service, base):
    answer = service.http.get("/embed/feed", params={"origin": "https://blog.example"})
    assert answer.headers["content-security-policy"].endswith(
        "frame-ancestors https://blog.example"
    )

    assert "frame-ancestors 'none'" in service.http.get("/embed").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "https://good.example; script-src *"),
        ("origin", "https://good.example/path"),
        ("origin", "javascript:alert(1)"),
        ("accent", "red;}"),
        ("limit", "51"),
        ("list", "everything"),
    ],
)
def test_a_choice_that_does_not_fit_is_named(service, base, name, value):
    answer = service.http.get("/embed/feed", params={name: value})

    assert answer.status_code == 400
    assert answer.json()["field"] == name


def test_oembed_answers_for_our_pages_and_honours_sizes(service, base):
    discovery = Tags(service.http.get("/embed/feed?list=new&limit=4").text)
    link = next(a for a in discovery.all("link") if a.get("type") == "application/json+oembed")

    found = service.http.get(link["href"])
    small = service.http.get(link["href"] + "&maxwidth=300&maxheight=200").json()

    assert found.headers["content-type"].startswith("application/json")
    embed = found.json()
    assert (embed["version"], embed["type"]) == ("1.0", "rich")
    frame = Tags(embed["html"]).all("iframe")[0]
    assert frame["src"] == f"{base}/embed/feed?list=new&limit=4"
    assert (frame["width"], frame["height"]) == (str(embed["width"]), str(embed["height"]))
    assert (small["width"], small["height"]) == (300, 200)
    assert 'width="300" height="200"' in small["html"]


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/embed/feed",
        "{base}.evil.example/embed/feed",
        "{base}@evil.example/embed/feed",
        "{base}/v1/feed",
        "{base}/embed/feed/more",
        "not an address",
        "http://[",
    ],
)
def test_oembed_knows_nothing_of_others_addresses(service, base, url):
    answer = service.http.get("/oembed", params={"url": url.format(base=base)})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_oembed_speaks_json_only(service, base):
    asked = {"url": f"{base}/embed/feed", "format": "xml"}

    assert service.http.get("/oembed", params=asked).status_code == 501


def test_votes_of_several_items_come_at_once(service, base):
    (before,) = service.get("/v1/votes", item=["a"])[
        "items"
    ]  # others have an item of this name, too
    service.act("vera", "upvote", "a")
    service.settled()

    found = service.get("/v1/votes", item=["b/c", "a", "nothing"], user="vera")["items"]

    assert found == [
        {"id": "b/c", "upvotes": 0, "upvoted": False},
        {"id": "a", "upvotes": before["upvotes"] + 1, "upvoted": True},
    ]
    assert not service.get("/v1/votes", item=["a"])["items"][0]["upvoted"]
    assert service.http.get("/v1/votes", params={"item": ["a"] * 101}).status_code == 400


def test_addresses_and_looks_follow_what_the_site_says_of_itself(new_service, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    behind_proxy = new_service(
        public_url="https://recs.example",
        site_name="Snail & Co",
        site_colour="#0b57a4",
        site_logo=logo,
        image_origins="https://cdn.example",
        item_url="https://site.example/p/{id}",
    ).start()
    pictures = {"a": "https://cdn.example/a.png", "b": "https://cdn.example.evil/b.png"}
    behind_proxy.put_all(
        [
            {"id": one, "title": one, "comments": 3, "upvotes": 2, "text": "Long.", "extra": extra}
            for one, extra in {
                "a": {"thumbnail": pictures["a"], "discussion_url": "https://talk.example/a"},
                "b": {"thumbnail": pictures["b"], "discussion_url": "javascript:alert(1)"},
                "c": {"discussion_id": "6", "arxiv_id": "2512.00001", "ai_summary": "In short."},
            }.items()
        ]
    )
    get = behind_proxy.http.get
    page, paper = get("/"), get("/papers/a")
    assert "<title>Snail &amp; Co</title>" in page.text
    assert "Daily Papers" not in page.text + paper.text + get("/subscribe").text
    assert '<link rel="canonical" href="https://recs.example/">' in page.text
    assert '<meta property="og:image" content="https://recs.example/brand/logo">' in page.text
    assert "img-src 'self' https://cdn.example;" in page.headers["content-security-policy"]
    assert pictures["a"] in page.text
    assert pictures["b"] not in page.text, "of nobody else's origin"
    assert '<a href="https://talk.example/a" rel="noopener">3 comments</a>' in page.text
    assert "https://huggingface.co/papers/2512.00001" in page.text
    assert "javascript:" not in page.text
    assert "In short." in page.text
    assert get("/brand/logo").headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in get("/brand/logo").headers["content-security-policy"]
    assert "#0b57a4" in get("/brand.css").text
    shown = {one["id"]: one["item"] for one in behind_proxy.get("/v1/new")["items"]}
    assert shown["a"]["address"] == "https://site.example/p/a"
    assert (shown["a"]["discussion"], shown["b"]["discussion"]) == ("https://talk.example/a", None)

    assert "https://recs.example/embed/v1.js" in behind_proxy.http.get("/embed").text
    found = behind_proxy.http.get("/oembed?url=https://recs.example/embed/feed")
    assert found.json()["provider_url"] == "https://recs.example/"
