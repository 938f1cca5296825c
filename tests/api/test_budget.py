"""What a stranger may ask for and leave has a size, whichever way it comes."""

import itertools
import json
import math
import re
import time

import pytest
import redis
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.api.http.request_body import STRANGERS_BYTES
from recsvc.core.access.caller import ADMIN
from recsvc.settings import Settings
from recsvc.store.bundled import socket_url
from tests.secured import Secured

PAGE = {"origin": "null", "sec-fetch-site": "same-origin"}


def forms() -> list[str]:
    """Each path that takes something from somebody who need not say who they are."""
    found = {
        re.sub(r"\{[^}]+\}", "x", route.path_format)
        for route in create_app(Settings()).routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method in ("POST", "PUT", "PATCH", "DELETE")
        and handler.opt.get("access", ADMIN).scope is None
    }
    return sorted(found)


def test_there_are_forms():
    assert {"/vote", "/subscribe", "/preferences", "/you/preferences"} <= set(forms())


@pytest.mark.parametrize("path", forms())
def test_every_form_is_bounded_whether_it_says_its_size_or_not(secured: Secured, path: str):
    large = b"item=a&kind=upvote&feed_id=" + b"x" * STRANGERS_BYTES
    labelled = PAGE | {"content-type": "application/x-www-form-urlencoded"}

    announced = secured.call("POST", path, headers=labelled, content=large)
    # Its connection is of no use to the next request, as its end may never have been read.
    last = labelled | {"connection": "close"}
    unannounced = secured.call("POST", path, headers=last, content=iter([large]))

    assert announced.status_code == 413, announced.text
    # a route that reads no body never sees its end
    assert unannounced.status_code in (413, 400, 403, 404, 303), unannounced.text


@pytest.mark.parametrize("name", ["topic", "topic_all", "topic_not", "organisation", "exclude"])
def test_a_list_in_a_request_has_a_length(secured: Secured, name: str):
    most = 1_000 if name == "exclude" else 100
    long = {name: [f"t{n}" for n in range(most + 1)]}

    in_body = secured.call("POST", "/v1/feed", secured.secret, json=long)
    in_query = secured.call("GET", "/v1/trending", secured.secret, params=long)
    still_taken = secured.call("POST", "/v1/feed", secured.secret, json={name: long[name][:most]})

    for refused in (in_body, in_query):
        assert refused.status_code == 400, refused.text
        assert refused.json()["field"] == name
    assert still_taken.status_code == 200


def test_what_costs_more_counts_as_more(secured: Secured):
    token = secured.token("costly-reader")
    padded = b'{"user": "costly-reader"}' + b" " * 50_000

    began_s = time.monotonic()
    first = secured.call("POST", "/v1/feed", token, json={}).headers
    large = secured.call("POST", "/v1/feed", token, content=padded).headers
    export = secured.call("GET", "/v1/users/costly-reader/export", token).headers
    asked = "/v1/feed?explain=true&limit=50"
    explained = secured.call("GET", asked, token).headers
    took_s = time.monotonic() - began_s

    found = (first, large, export, explained)
    left = [int(re.findall(r'"user";r=(\d+)', head["ratelimit"])[0]) for head in found]
    ((quota, window_s),) = re.findall(r'"user";q=(\d+);w=(\d+)', first["ratelimit-policy"])
    back = math.ceil(int(quota) / int(window_s) * took_s) + 1  # it trickles back meanwhile
    costs = [before - after for before, after in itertools.pairwise(left)]
    assert all(cost - back <= spent <= cost for cost, spent in zip((4, 30, 50), costs, strict=True))


def test_one_mailbox_is_asked_so_often_however_it_is_spelt_and_a_host_as_often_as_it_likes(
    secured: Secured,
):
    spelt = ["a.nn@bulk.example", "an.n+x@bulk.example", "Ann+y@bulk.example", "ann@bulk.example"]

    answers = [
        secured.call(
            "POST", "/v1/subscriptions", secured.secret, json={"email": email},
            headers={"x-forwarded-for": "203.0.113.77"},
        )
        for email in [*spelt, *(f"host{n}@bulk.example" for n in range(25))]
    ]  # fmt: skip

    assert {a.status_code for a in answers} == {202}
    with redis.Redis.from_url(socket_url(secured.service.folder)) as store:
        wishes = [json.loads(store.get(k)) for k in store.scan_iter("rs:{site}:mail:pending:*")]
    asked = [wish["email"] for wish in wishes if wish["email"].endswith("@bulk.example")]
    assert len(asked) == 3 + 25
