"""Values that types let through and arithmetic does not: no parameter of any route answers 500."""

import itertools
import json
import re
from urllib.parse import urlencode

import jwt
import pytest
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.settings import Settings
from tests.secured import Secured
from tests.service import Service

_MOMENTS = [
    "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59.999999-14:00",
    "2026-02-30", "1970-01-01T00:00:00Z",
]  # fmt: skip
_NUMBERS = ["0", "-1", "1e308", "nan", "inf", "9" * 30, "0.1", "𝟛", "1_0"]
_TEXTS = ["", "\x00", "é" * 200, "😀", "\ud800".encode("utf-8", "surrogatepass"), "a" * 3000, "%"]
VALUES = [*_MOMENTS, *_NUMBERS, *_TEXTS]


# What a call is given beside the value, where nothing is looked at without it.
_NEEDED = {"q": "paper", "item": "x", "user": "somebody", "url": "x"}


def gets(service: Service) -> list[tuple[str, list[str], dict[str, str]]]:
    """Every GET of the OpenAPI document: its path, its query's names, and what it must be given."""
    document = service.http.get("/schema/openapi.json").json()
    found = []
    for path, operations in document["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        asked = {p["name"]: p.get("required", False) for p in parameters if p["in"] == "query"}
        if "get" in operations:
            filled = path.replace("{", "").replace("}", "")
            found.append((filled, list(asked), {n: _NEEDED[n] for n in asked if asked[n]}))
    return sorted(found)


def test_no_value_of_any_query_parameter_is_a_fault_of_ours(service: Service):
    service.put("x", topics=["t"])
    faults, reached = [], set()
    for path, names, needed in gets(service):
        for name, value in itertools.product(names, VALUES):
            others = {n: v for n, v in needed.items() if n != name}
            query = urlencode({**others, name: value})
            answer = service.http.get(f"{path}?{query}")
            reached |= {path} if answer.status_code == 200 else set()
            # Of formats that it cannot answer in, oEmbed wants 501.
            if answer.status_code >= 500 and (path, name) != ("/oembed", "format"):
                faults.append((path, name, value, answer.status_code))
    assert not faults
    assert {"/v1/search", "/v1/similar", "/v1/feed", "/v1/new"} <= reached


def test_no_span_of_time_is_a_fault_of_ours(service: Service):
    service.put("spanned", title="A spanned paper")
    moments = [None, "0001-01-01", "2020-01-01T00:00:00.000001Z", "9999-12-31"]
    lists = [
        (path, needed) for path, names, needed in gets(service) if {"since", "until"} <= {*names}
    ]

    for (path, needed), since, until in itertools.product(lists, moments, moments):
        said = {name: at for name, at in (("since", since), ("until", until)) if at is not None}
        answer = service.http.get(path, params=needed | said)
        assert answer.status_code < 500, (path, said, answer.text)


def test_no_value_of_the_queries_of_pages_and_feeds_is_a_fault_of_ours(service: Service):
    service.put("y", topics=["t"])
    app = create_app(Settings())
    paths = sorted(
        re.sub(r"\{[^}]*\}", "2026-01-01", route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute) and "GET" in route.route_handler_map
    )
    names = ["since", "until", "cursor", "date"]
    faults = []
    for path, name in itertools.product(paths, names):
        for value in ("0001-01-01", "9999-12-31", "😀"):
            answer = service.http.get(path, params={name: value})
            if answer.status_code >= 500:
                faults.append((path, name, value, answer.status_code))
    assert not faults


@pytest.mark.parametrize(
    "path",
    [
        "/v1/daily/0001-01-01", "/v1/daily/9999-12-31", "/v1/weekly/0001-W01", "/v1/weekly/9999-W52",
        "/v1/monthly/0001-01", "/v1/monthly/9999-12", "/daily/9999-12-31", "/weekly/9999-W52",
        "/weekly/0001-W01", "/monthly/9999-12", "/monthly/0001-01", "/daily/0001-01-01",
    ],
)  # fmt: skip
def test_the_first_and_last_periods_there_are(service: Service, path: str):
    assert service.http.get(path).status_code in (200, 400, 404)


@pytest.mark.parametrize("cursor", ["😀", "é", "____", "_" * 5000, "gqE="])
def test_what_is_no_cursor_is_refused(service: Service, cursor: str):
    for path in ("/gorse/api/items", "/gorse/api/users", "/v1/new", "/v1/feed", "/v1/trending"):
        assert service.http.get(path, params={"cursor": cursor}).status_code in (400, 410), path


_CLAIMS = [
    {"exp": "9999999999"}, {"exp": "soon"}, {"exp": None}, {"exp": 1e400}, {"exp": []}, {"exp": True},
    {"sub": "\ud800"}, {"sub": 7}, {"sub": None}, {"sub": ""}, {"sub": "a" * 300}, {"aud": 7},
    {"nbf": "x"}, {"iat": "x"}, {"iat": float("nan")},
]  # fmt: skip


@pytest.mark.parametrize("claims", _CLAIMS, ids=str)
def test_a_token_with_claims_of_any_kind_is_refused_and_no_fault(secured: Secured, claims: dict):
    usual = {"sub": "ann", "aud": "recsvc", "exp": 4_000_000_000}
    payload = json.dumps(usual | claims).encode()
    token = jwt.PyJWS().encode(payload, secured.signing, "HS256")

    answer = secured.call("GET", "/v1/feed", token)

    assert answer.status_code == 401, answer.text
