"""One way to show an item: whatever is odd about it, every outlet says the same."""

import json
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from recsvc.core.items.item import UNTITLED
from recsvc.core.text.display import readable
from tests.api.embed.test_embed import Tags
from tests.service import Service

TOPIC = "of every outlet"
OUTLETS = {
    "rss": f"/feeds/new.rss?topic={quote(TOPIC)}&limit=100",
    "atom": f"/feeds/new.atom?topic={quote(TOPIC)}&limit=100",
    "json": f"/feeds/new.json?topic={quote(TOPIC)}&limit=100",
    "frame": f"/embed/feed?list=new&topic={quote(TOPIC)}&limit=50",
    "search": f"/search?topic={quote(TOPIC)}",
}
LONG = " ".join(["A title of three hundred characters"] * 9)[:300]
ODD = {
    "no address": {"title": "Nowhere to be read", "authors": ["Ada Lovelace"]},
    "formulae": {
        "title": r"$\mathcal{O}(n^2)$ bounds for \textbf{deep} $\ell_1$ nets",
        "authors": [r"J. M\"uller"],
        "url": "https://papers.example/f",
    },
    "right to left": {"title": "مقدمة في التعلم العميق (GPT-4)", "url": "https://papers.example/r"},
    "long": {"title": LONG, "text": "word " * 3_000, "url": "https://papers.example/l"},
    "nobody": {"title": "Nobody wrote it", "authors": [], "url": "https://papers.example/n"},
    "a long house": {
        "title": "From a long house",
        "organisation": {"slug": "long-house", "name": "Institute of " + "Very " * 40 + "Long Names"},
        "url": "https://papers.example/h",
    },
    "emoji 👩‍🔬": {"title": "🧬👩‍🔬 Emoji 🇩🇪", "text": "💥", "url": "https://papers.example/e"},
    "<b>'\"&": {
        "title": "<script>alert(1)</script> & \"quotes\" <img src=x onerror=alert(1)>",
        "text": "</title></script><svg onload=alert(1)>",
        "authors": ["{{7*7}} <i>E. Vil</i>"],
        "organisation": {"slug": "evil", "name": "<h1>Evil &amp; Sons</h1>"},
        "url": "https://papers.example/?a=1&b=%22",
    },
    "nothing to see": {"title": "<p>\u200b</p>", "text": "\u200b"},
    "about": {
        "title": "From about a year",
        "url": "https://papers.example/a",
        "published_at": "2015-01-01T00:00:00Z",
        "published_precision": "about",
    },
}  # fmt: skip
IDS = {f"outlet/{name}": item for name, item in ODD.items()}


@pytest.fixture(scope="module")
def odd(service: Service) -> Service:
    service.put_all([{"id": i, "topics": [TOPIC], **item} for i, item in IDS.items()])
    service.settled()
    return service


def titled(item: dict) -> str:
    return readable(item["title"]) if "\u200b" not in item["title"] else UNTITLED


def page_of(name: str) -> str:
    return f"/papers/{quote(name, safe='')}"


def expected(service: Service) -> set[tuple[str, str]]:
    """Every title with where it leads: to where it lives, else to its page here."""
    base = str(service.http.base_url).rstrip("/")
    return {(titled(one), one.get("url") or base + page_of(i)) for i, one in IDS.items()}


def test_feeds_name_items_and_lead_to_them_alike(odd: Service):
    rss = ET.fromstring(odd.http.get(OUTLETS["rss"]).content)
    atom = ET.fromstring(odd.http.get(OUTLETS["atom"]).content)
    feed = odd.http.get(OUTLETS["json"]).json()
    ns = "{http://www.w3.org/2005/Atom}"

    of_rss = {(e.findtext("title"), e.findtext("link")) for e in rss.iter("item")}
    of_atom = {
        (e.findtext(f"{ns}title"), e.find(f"{ns}link").get("href")) for e in atom.iter(f"{ns}entry")
    }
    of_json = {(e["title"], e["url"]) for e in feed["items"]}

    assert of_rss == of_atom == of_json == expected(odd)


def test_frames_lead_where_feeds_do_and_nothing_in_them_is_markup_of_an_item(odd: Service):
    base = str(odd.http.base_url).rstrip("/")
    page = Tags(odd.http.get(OUTLETS["frame"]).text)

    leads = {a["href"] for a in page.all("a") if a.get("target") == "_blank"}
    assert {base + one if one.startswith("/") else one for one in leads} == {
        address for _, address in expected(odd)
    }
    assert not page.all("img")
    assert not page.all("i")


def test_the_api_gives_characters_and_the_address(odd: Service):
    listed = odd.get("/v1/new", topic=TOPIC, limit=100)["items"]

    assert len(listed) == len(IDS)
    for one in listed:
        item = one["item"]
        shown = item.get("readable", item)["title"]
        assert (shown, item["address"]) == (titled(IDS[one["id"]]), IDS[one["id"]].get("url"))


@pytest.mark.parametrize("name", IDS)
def test_a_page_its_preview_and_what_pastes_it_say_the_same(odd: Service, name: str):
    base, item = str(odd.http.base_url).rstrip("/"), IDS[name]
    answer = odd.http.get(page_of(name), headers={"Accept": "text/html"})
    page = Tags(answer.text)
    described = {one.get("property"): one.get("content") for one in page.all("meta")}
    pasted = next(a for a in page.all("link") if a.get("type") == "application/json+oembed")

    embed = odd.http.get(pasted["href"])

    assert embed.json()["title"] == described["og:title"] == titled(item)
    assert embed.json()["type"] == "link"
    assert described["og:url"] == base + page_of(name)
    who = [readable(one) for one in item.get("authors", [])]
    assert [embed.json().get("author_name")] == (who or [None])
    leads = [a["href"] for a in page.all("a") if a.get("class") == "button main"]
    sought = [] if titled(item) == UNTITLED else ["https://arxiv.org/search/?"]
    assert [one.partition("searchtype")[0] for one in leads] == (
        [item["url"]] if "url" in item else sought
    )
    assert "Abstract</h2>" not in answer.text or item.get("text", "") not in ("", "\u200b")
    assert not page.all("img")
    assert json.dumps(embed.json(), ensure_ascii=False).count("\u200b") == 0


def test_a_list_on_a_page_draws_titles_and_says_people_in_characters(odd: Service):
    text = odd.http.get(OUTLETS["search"], headers={"Accept": "text/html"}).text

    assert all(page_of(i) in text for i in IDS)
    assert "<math" in text
    for said in ("Ada Lovelace", "J. Müller", "E. Vil", "Evil &amp; Sons", "about 2015", UNTITLED):
        assert said in text
    for raw in (
        "<script>alert",
        "onerror=alert(1)>",
        "<h1>Evil",
        r"\textbf",
        r"M\&#34;uller",
        ">49",
    ):
        assert raw not in text


def test_nothing_is_said_of_a_paper_that_is_not_here(odd: Service):
    base = str(odd.http.base_url).rstrip("/")

    assert (
        odd.http.get("/oembed", params={"url": f"{base}/papers/nobody%2Fknows"}).status_code == 404
    )


def test_whatever_opens_a_paper_can_be_pasted(odd: Service):
    base = str(odd.http.base_url).rstrip("/")
    odd.put_all([{"id": "arxiv:2399.01234", "title": "By its number at arXiv"}])
    odd.settled()

    for name in ("arxiv:2399.01234", "2399.01234", "2399.01234v2", "arxiv:2399.01234v2"):
        page = odd.http.get(f"/papers/{name}", headers={"Accept": "text/html"})
        embed = odd.http.get("/oembed", params={"url": f"{base}/papers/{name}"})
        assert (page.status_code, embed.status_code) == (200, 200), name
        assert embed.json()["title"] == "By its number at arXiv"
