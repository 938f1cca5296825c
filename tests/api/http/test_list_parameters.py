"""What a list can be asked for is said once, and what is not known is refused."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import feedparser
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.api.http.list_parameters import EntriesAsked, FeedAsked, ListAsked
from recsvc.api.http.query_names import STRICT, refuse_unknown
from recsvc.errors import InvalidError
from recsvc.settings import Settings
from tests.secured import Secured
from tests.service import Service, wait_until

NONSENSE = "xyzzyq"


def strict_routes() -> Iterator[tuple[str, str, list[str]]]:
    """Each method and path whose query names are checked, and those it knows."""
    for route in create_app(Settings()).routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith(STRICT):
            for method, (_, reads) in route.route_handler_map.items():
                names = sorted(p.field_alias for p in reads.expected_query_params)
                yield method, route.path_format.replace("{", "").replace("}", ""), names


ROUTES = list(strict_routes())
GETS = [(path, names) for method, path, names in ROUTES if method == "GET"]


def test_every_call_of_the_api_is_among_the_strict_ones():
    document = create_app(Settings()).openapi_schema.to_schema()["paths"]
    walked = {path for path, _ in GETS}

    for path, methods in document.items():
        if path.startswith("/v1/") and "get" in methods:
            assert path.replace("{", "").replace("}", "") in walked
    assert len(walked) > 20


@pytest.mark.parametrize(("path", "known"), GETS, ids=[path for path, _ in GETS])
def test_a_name_that_a_call_does_not_know_is_refused(secured: Secured, path: str, known: list[str]):
    answer = secured.call("GET", path, secured.secret, params={NONSENSE: "1"})

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == NONSENSE
    assert all(name in answer.json()["detail"] for name in known)


@pytest.mark.parametrize(("path", "known"), GETS, ids=[path for path, _ in GETS])
def test_a_misspelt_name_is_told_which_was_meant(secured: Secured, path: str, known: list[str]):
    for name in (name for name in known if len(name) > 3):
        answer = secured.call("GET", path, secured.secret, params={name[:-1]: "1"})

        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == name[:-1]
        assert f"did you mean {name!r}" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_calls_that_change_something_refuse_them_too(secured: Secured, method: str):
    for path in (path for one, path, _ in ROUTES if one == method):
        answer = secured.call(method, path, secured.secret, params={NONSENSE: "1"}, json={})

        assert (answer.status_code, answer.json()["field"]) == (400, NONSENSE), path


def test_whoever_may_not_call_learns_no_names(secured: Secured):
    answer = secured.call("GET", "/v1/trending", params={NONSENSE: "1"})

    assert answer.status_code == 401


@given(
    name=st.text(st.characters(codec="utf-8"), max_size=60),
    known=st.frozensets(st.text("abc_", min_size=1)),
)
def test_any_unknown_name_is_refused_and_any_known_one_is_not(name: str, known: frozenset[str]):
    query = urlencode({name: ""}).encode()
    opt = {"query_names": known}

    if name in known:
        refuse_unknown(opt, query)
    else:
        with pytest.raises(InvalidError):
            refuse_unknown(opt, query)
    refuse_unknown({}, query)


@pytest.mark.parametrize(
    "path",
    [
        "/?utm_source=mail",
        "/trending?utm_source=mail",
        "/search?q=x&fbclid=1",
        "/embed/feed?utm_source=x",
        "/api/daily_papers?sortby=x",
        "/gorse/api/latest?sortby=x",
        "/health/live?probe=1",
        "/embed/v1.js?v=2",
    ],
)
def test_pages_files_and_facades_ignore_what_they_do_not_know(service: Service, path: str):
    assert service.http.get(path).status_code == 200


def test_a_provider_of_embeds_ignores_what_it_does_not_know(service: Service):
    url = f"{str(service.http.base_url).rstrip('/')}/embed/feed"

    answer = service.http.get("/oembed", params={"url": url, "dnt": "true"})

    assert answer.status_code == 200, answer.text


# One description


def test_every_list_takes_what_lists_take():
    document = create_app(Settings()).openapi_schema.to_schema()["paths"]

    def taken(path: str) -> set[str]:
        return {p["name"] for p in document[path]["get"]["parameters"] if p["in"] == "query"}

    lists = {f.name for f in msgspec.structs.fields(ListAsked)}
    for path in ("trending", "new", "daily/{name}", "weekly/{name}", "monthly/{name}", "search"):
        assert taken(f"/v1/{path}") >= lists
    assert taken("/v1/similar") >= lists
    assert taken("/v1/feed") == {f.name for f in msgspec.structs.fields(FeedAsked)}
    for path in ("/feeds/{file}", "/feeds/{kind}/{file}"):
        assert taken(path) >= {f.name for f in msgspec.structs.fields(EntriesAsked)}


def test_a_body_takes_what_the_query_takes(service: Service):
    asked = {
        "limit": 3,
        "cursor": None,
        "topic": ["no such"],
        "topic_all": ["x"],
        "topic_not": ["y"],
        "organisation": ["z"],
        "since": "2024-01-01",
        "until": "2025-01-01",
        "exclude": ["w"],
        "fields": "id",
        "user": None,
    }
    service.put("a-body")

    assert set(asked) == {f.name for f in msgspec.structs.fields(ListAsked)}
    for path, more in (("/v1/feed", {}), ("/v1/similar", {"positive": ["a-body"]})):
        answer = service.http.post(path, json={**asked, **more})
        assert (answer.status_code, answer.json()["items"]) == (200, [])
        refused = service.http.post(path, json={**asked, **more, "organisatio": ["z"]})
        assert (refused.status_code, refused.json()["field"]) == (400, "organisatio")


# Organisations


@pytest.fixture(scope="module")
def houses(service: Service) -> Service:
    """Two papers of each of three organisations, voted on and listed on one day."""
    service.put_all(
        [
            {
                "id": f"{slug}-{n}",
                "title": f"Sparse attention {n} of {slug}",
                "text": "Attention that is sparse.",
                "topics": ["houses"],
                "organisation": {"slug": slug, "name": slug.title()},
                "listed_at": "2015-03-04T12:00:00Z",
            }
            for slug in ("acme", "orion", "vega")
            for n in range(2)
        ]
    )
    service.put("the-like", title="Sparse attention", text="Attention that is sparse.")
    for slug in ("acme", "orion", "vega"):
        for n in range(2):
            service.act("voter", "upvote", f"{slug}-{n}")
    wait_until(
        lambda: len(service.ids("/v1/trending", topic="houses")) == 6, "the votes on the boards"
    )
    return service


LISTS = [
    ("/v1/feed", {}),
    ("/v1/trending", {"window": "day"}),
    ("/v1/new", {}),
    ("/v1/daily/2015-03-04", {}),
    ("/v1/weekly/2015-W10", {}),
    ("/v1/monthly/2015-03", {}),
    ("/v1/search", {"q": "sparse attention"}),
    ("/v1/similar", {"item": "the-like"}),
]
FEEDS = [
    ("/feeds/trending", {"window": "day"}),
    ("/feeds/new", {}),
    ("/feeds/daily/2015-03-04", {}),
    ("/feeds/weekly/2015-W10", {}),
    ("/feeds/monthly/2015-03", {}),
    ("/feeds/search", {"q": "sparse attention"}),
    ("/feeds/similar", {"item": "the-like"}),
]


@pytest.mark.parametrize(("path", "own"), LISTS)
def test_every_list_is_filtered_by_organisation(houses: Service, path: str, own: dict):
    def found(*slugs: str) -> list[str]:
        return sorted(houses.ids(path, topic="houses", organisation=slugs, **own))

    assert found("acme") == ["acme-0", "acme-1"]
    assert found("acme", "vega") == ["acme-0", "acme-1", "vega-0", "vega-1"]
    assert found("nobody") == []
    assert len(found()) == 6


@pytest.mark.parametrize(("path", "own"), FEEDS)
def test_every_feed_is_filtered_by_organisation(houses: Service, path: str, own: dict):
    params = {"topic": "houses", "organisation": ["acme", "vega"], **own}
    wanted = ["acme-0", "acme-1", "vega-0", "vega-1"]

    as_json = json.loads(houses.http.get(f"{path}.json", params=params).text)
    as_rss = feedparser.parse(houses.http.get(f"{path}.rss", params=params).text)
    as_atom = feedparser.parse(houses.http.get(f"{path}.atom", params=params).text)

    assert sorted(item["id"] for item in as_json["items"]) == wanted
    assert sorted(entry.id for entry in as_rss.entries) == wanted
    assert sorted(entry.id.rpartition(":")[2] for entry in as_atom.entries) == wanted


def test_a_feed_refuses_what_only_another_list_takes(houses: Service):
    for path, own in (
        ("new.rss", {"window": "day"}),
        ("trending.rss", {"item": "acme-0"}),
        ("daily.json", {"q": "x"}),
    ):
        answer = houses.http.get(f"/feeds/{path}", params=own)
        assert (answer.status_code, answer.json()["field"]) == (400, next(iter(own)))
