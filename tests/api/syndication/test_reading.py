"""Reading formats: what programs that read feeds make of every list, and what they are spared."""

import base64
import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import feedparser
import msgspec
import pytest
import redis

from recsvc.api.syndication.channel import Channel
from recsvc.api.syndication.formats import FORMATS, Format, alternates
from recsvc.store import keys
from recsvc.store.access.signatures import Signatures
from recsvc.store.bundled import socket_url
from tests.service import Service, wait_until

ODD = {
    "id": "odd/id with spaces & <tags>",
    "title": "Lost in <EOS>: $\\mathbb{X}$ & “quotes” \x07\x0b\ufffe",
    "text": "If a < b & c, then <EOS> ends.\n\nNext \x00 line: $\\alpha_i$ d\\'ecrit 🦉",
    "authors": ["Zoë Ω", "A & B"],
    "topics": ["feeds", "c++ & <x>"],
    "listed_at": "2024-05-06T07:08:09Z",
    "url": "https://example.org/?a=1&b=2",
}
# Feed readers draw no formulae: they get characters.
TITLE = "Lost in <EOS>: 𝕏 & “quotes” "


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def library(service: Service) -> Service:
    service.put_all(
        [
            ODD,
            {
                "id": "plain",
                "title": "Plain",
                "topics": ["feeds"],
                "listed_at": "2024-05-05T00:00:00Z",
            },
            {
                "id": "older",
                "title": "Older",
                "topics": ["feeds"],
                "listed_at": "2024-04-01T00:00:00Z",
            },
        ]
    )
    service.act("voter", "upvote", "older")
    wait_until(lambda: service.ids("/v1/trending", topic="feeds"), "the vote on the boards")
    return service


LISTS = [
    ("/feeds/new", "/v1/new", {}),
    ("/feeds/trending", "/v1/trending", {"window": "all"}),
    ("/feeds/daily/2024-05-06", "/v1/daily/2024-05-06", {}),
    ("/feeds/weekly/2024-W19", "/v1/weekly/2024-W19", {}),
    ("/feeds/monthly/2024-05", "/v1/monthly/2024-05", {}),
    ("/feeds/similar", "/v1/similar", {"item": "plain"}),
    ("/feeds/search", "/v1/search", {"q": "lost", "sort": "new"}),
]


def text(service: Service, path: str, **params: object) -> str:
    answer = service.http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(("feed", "call", "params"), LISTS)
def test_every_list_reads_the_same_in_every_format(
    library: Service, feed: str, call: str, params: dict
):
    params = {**params, "topic": "feeds"}
    listed = library.get(call, limit=50, **params)["items"]
    params.pop("sort", None)
    expected = [
        (i["id"], i["item"]["title"].rstrip("\x07\x0b\ufffe").replace("$\\mathbb{X}$", "𝕏"))
        for i in listed
    ]

    rss = feedparser.parse(text(library, f"{feed}.rss", **params))
    atom = feedparser.parse(text(library, f"{feed}.atom", **params))
    feed_json = json.loads(text(library, f"{feed}.json", **params))

    assert (rss.version, rss.bozo, atom.version, atom.bozo) == ("rss20", False, "atom10", False)
    titles = [title.strip() for _, title in expected]
    assert [(e.id, e.title) for e in rss.entries] == [
        (i, t) for (i, _), t in zip(expected, titles, strict=True)
    ]
    assert [(i["id"], i["title"].strip()) for i in feed_json["items"]] == [
        (i, t) for (i, _), t in zip(expected, titles, strict=True)
    ]
    assert [e.title for e in atom.entries] == titles
    assert len({e.id for e in atom.entries}) == len(expected)


def test_what_is_odd_comes_through_unharmed(library: Service):
    params = {"topic": "c++ & <x>"}
    (rss,) = feedparser.parse(text(library, "/feeds/new.rss", **params)).entries
    (atom,) = feedparser.parse(text(library, "/feeds/new.atom", **params)).entries
    (item,) = json.loads(text(library, "/feeds/new.json", **params))["items"]
    body = "If a < b & c, then <EOS> ends.\n\nNext  line: α_i décrit 🦉"

    assert rss.id == item["id"] == ODD["id"]
    assert rss.title == atom.title == TITLE.strip()
    assert (item["title"], item["content_text"], atom.summary) == (TITLE, body, body)
    assert rss.summary == body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert rss.link == atom.link == item["url"] == ODD["url"]
    assert [t.term for t in rss.tags] == [t.term for t in atom.tags] == ODD["topics"]
    assert item["tags"] == ODD["topics"]
    assert [a["name"] for a in item["authors"]] == [a.name for a in atom.authors] == ODD["authors"]
    for published in (rss.published_parsed, atom.published_parsed, atom.updated_parsed):
        assert datetime(*published[:6], tzinfo=UTC) == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_required_fields_are_there_even_in_an_empty_list(library: Service):
    empty = {"topic": "nothing has this topic"}
    rss = ET.fromstring(text(library, "/feeds/new.rss", **empty))
    atom = ET.fromstring(text(library, "/feeds/new.atom", **empty))
    feed_json = json.loads(text(library, "/feeds/new.json", **empty))

    for tag in ("title", "link", "description"):
        assert rss.findtext(f"channel/{tag}")
    for tag in ("id", "title", "updated", "author/{http://www.w3.org/2005/Atom}name"):
        assert atom.findtext(f"{{http://www.w3.org/2005/Atom}}{tag}")
    assert feed_json["version"] == "https://jsonfeed.org/version/1.1"
    assert feed_json["title"]
    assert feed_json["items"] == []
    self_links = [link.get("href") for link in rss.iter("{http://www.w3.org/2005/Atom}link")]
    assert self_links == [feed_json["feed_url"].replace(".json", ".rss")]


def test_a_changed_title_does_not_repeat_an_item(library: Service):
    library.put("edited", title="Before", topics=["edited"])
    before = feedparser.parse(text(library, "/feeds/new.atom", topic="edited")).entries[0]
    library.put("edited", title="After", topics=["edited"])
    after = feedparser.parse(text(library, "/feeds/new.atom", topic="edited")).entries[0]

    assert (before.title, after.title) == ("Before", "After")
    assert before.id == after.id


# Media types and conditional requests


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [
        ("rss", "application/rss+xml"),
        ("atom", "application/atom+xml"),
        ("json", "application/feed+json"),
    ],
)
def test_who_has_the_latest_is_told_so(library: Service, ending: str, media_type: str):
    path = f"/feeds/daily/2024-05-06.{ending}"
    first = library.http.get(path)
    tag, changed = first.headers["etag"], first.headers["last-modified"]

    def again(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return library.http.get(path, headers=named).status_code

    assert first.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert again(if_none_match=tag) == again(if_none_match=f'"x", W/{tag}') == 304
    assert again(if_modified_since=changed) == 304
    assert again(if_none_match='"other"', if_modified_since=changed) == 200
    assert again(if_modified_since="Mon, 01 Jan 2024 00:00:00 GMT") == 200
    assert again(if_modified_since="rubbish") == 200
    empty = library.http.get(path, headers={"if-none-match": tag})
    assert (empty.content, empty.headers["etag"]) == (b"", tag)


def test_a_change_is_noticed(library: Service):
    library.put("noticed", topics=["noticed"])
    before = library.http.get("/feeds/new.rss", params={"topic": "noticed"})
    library.put("noticed-too", topics=["noticed"])
    headers = {"if-none-match": before.headers["etag"]}

    after = library.http.get("/feeds/new.rss", params={"topic": "noticed"}, headers=headers)

    assert after.status_code == 200


def test_the_latest_day_is_a_feed_of_its_own(library: Service):
    latest = feedparser.parse(text(library, "/feeds/daily.rss", topic="feeds"))

    assert [e.id for e in latest.entries] == [ODD["id"]]
    assert feedparser.parse(text(library, "/feeds/daily.rss", topic="none")).entries == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/new", 404),
        ("/feeds/new.xml", 404),
        ("/feeds/hot.rss", 404),
        ("/feeds/hourly/2024.rss", 404),
        ("/feeds/daily/2024-13-01.rss", 400),
        ("/feeds/search.rss", 400),
        ("/feeds/similar.json", 400),
        ("/feeds/similar.json?item=nobody", 404),
    ],
)
def test_what_is_no_feed_is_a_problem(library: Service, path: str, status: int):
    assert library.http.get(path).status_code == status


@pytest.mark.parametrize("name", ["utm_source", "utm_", "_ga", "_", "fbclid", "gclid"])
def test_links_that_were_tracked_on_their_way_still_read(library: Service, name: str):
    for path in ("/feeds/new.rss", "/feeds/daily.json", "/feeds/search.atom?q=lost"):
        plain = library.http.get(path)
        join = "&" if "?" in path else "?"
        tracked = library.http.get(f"{path}{join}{name}=x")

        assert (tracked.status_code, plain.status_code) == (200, 200), path
    assert library.http.get("/v1/new", params={name: "x"}).status_code == 400


@pytest.mark.parametrize("name", ["topics", "utm", "UTM_source", "fbclid2", "cursor"])
def test_any_other_unknown_name_is_refused(library: Service, name: str):
    answer = library.http.get("/feeds/new.rss", params={name: "x"})

    assert (answer.status_code, answer.json()["field"]) == (400, name)


def test_what_is_corrected_is_updated_and_stays_where_it_was(library: Service):
    library.put(
        "corrected", title="An early title", topics=["mended"], listed_at="2024-05-07T00:00:00Z"
    )
    before = text(library, "/feeds/new.atom", topic="mended")
    library.http.patch("/v1/items/corrected", json={"upvotes": 3})
    assert text(library, "/feeds/new.atom", topic="mended") == before, "votes correct nothing"

    library.http.patch("/v1/items/corrected", json={"title": "First"})

    (atom,) = feedparser.parse(text(library, "/feeds/new.atom", topic="mended")).entries
    (item,) = json.loads(text(library, "/feeds/new.json", topic="mended"))["items"]
    (rss,) = feedparser.parse(text(library, "/feeds/new.rss", topic="mended")).entries
    assert (atom.title, atom.published[:10]) == ("First", "2024-05-07")
    assert atom.updated > "2026"
    assert item["date_modified"] == atom.updated
    assert rss.published_parsed[:3] == (2024, 5, 7)


def test_titles_are_escaped_as_validators_recommend(library: Service):
    raw = text(library, "/feeds/new.rss", topic="feeds")

    assert "<title>Lost in &#x3C;EOS&gt;: 𝕏 &#x26; “quotes” </title>" in raw
    assert ET.fromstring(raw).find("channel/item/title").text == TITLE


@pytest.mark.parametrize(("ending", "form"), FORMATS.items())
def test_a_hub_is_named_where_there_is_one(ending: str, form: Format):
    channel = Channel("T", "D", "c", "https://x/", "https://x/feeds/new", [])
    hub = "https://hub.example.org/?a=1&b=2"
    named = form.render(msgspec.structs.replace(channel, hub_url=hub)).decode()

    if ending == "json":
        assert json.loads(named)["hubs"] == [{"type": "WebSub", "url": hub}]
    else:
        links = feedparser.parse(named).feed.links
        assert [link.href for link in links if link.rel == "hub"] == [hub]
    assert "hub" not in form.render(channel).decode()


# The personal list


def private(service: Service, method: str, user: str) -> tuple[int, dict]:
    answer = service.http.request(method, "/v1/private-feed", params={"user": user})
    return answer.status_code, answer.json() if answer.content else {}


def test_a_reader_follows_their_own_feed_until_they_revoke_its_address(library: Service):
    library.http.patch(
        "/v1/preferences", params={"user": "subscriber"}, json={"topics": {"feeds": "follow"}}
    )
    _, addresses = private(library, "POST", "subscriber")
    assert private(library, "POST", "subscriber") == private(library, "GET", "subscriber")

    feed = library.http.get(addresses["rss"])
    own = [item["id"] for item in library.feed("subscriber", limit=50)["items"]]
    assert [e.id for e in feedparser.parse(feed.text).entries] == own
    assert set(own[:3]) == {ODD["id"], "plain", "older"}, "what is followed comes first"
    assert feed.headers["cache-control"] == "private, no-cache"
    tag = {"if-none-match": feed.headers["etag"]}
    assert library.http.get(addresses["rss"], headers=tag).status_code == 304

    assert private(library, "DELETE", "subscriber") == (204, {})
    assert private(library, "DELETE", "subscriber")[0] == 404
    assert private(library, "GET", "subscriber")[0] == 404
    for ending in ("rss", "atom", "json"):
        assert library.http.get(addresses[ending]).status_code == 404

    _, fresh = private(library, "POST", "subscriber")
    assert fresh["rss"] != addresses["rss"]
    assert library.http.get(fresh["json"]).status_code == 200
    assert library.http.get(addresses["json"]).status_code == 404


def test_a_private_address_cannot_be_guessed_or_altered(library: Service):
    _, addresses = private(library, "POST", "careful")
    path = addresses["json"].removesuffix(".json")

    for forged in (f"{path}x.json", path.replace("/personal/", "/personal/x") + ".json"):
        assert library.http.get(forged).status_code == 404
    assert library.http.get("/feeds/personal/careful.json").status_code == 404


def test_a_private_address_names_nobody_and_that_of_the_former_release_is_still_one(
    library: Service,
):
    _, addresses = private(library, "POST", "nameless-reader")
    concealed = addresses["json"].rpartition("/")[2].removesuffix(".json")
    with redis.Redis.from_url(socket_url(library.folder)) as store:
        signs = Signatures(store.get(keys.SECRET))
    user, since_us = signs.reveal("private-feed", concealed)

    assert user == "nameless-reader"
    padded = concealed + "=" * (-len(concealed) % 4)
    for text in (addresses["json"].encode(), base64.urlsafe_b64decode(padded)):
        assert b"nameless" not in text
    former = signs.sign("private-feed", [user, since_us])
    assert library.http.get(f"/feeds/personal/{former}.json").status_code == 200


def test_pages_can_make_feeds_discoverable():
    links = alternates("/feeds/trending", "Trending", "window=day")

    assert [(link.type, link.href) for link in links] == [
        ("application/rss+xml", "/feeds/trending.rss?window=day"),
        ("application/atom+xml", "/feeds/trending.atom?window=day"),
        ("application/feed+json", "/feeds/trending.json?window=day"),
    ]
