"""What is not everybody's: hidden items, names in `extra`, and all of a closed site."""

import re
from collections.abc import Iterator

import pytest
import redis
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.mail.links import Click, Links
from recsvc.settings import Settings
from recsvc.store import keys
from recsvc.store.access.signatures import Signatures
from recsvc.store.bundled import socket_url
from tests.secured import Secured, secure
from tests.service import wait_until

HIDDEN, SHOWN = "sealed.1", "open.1"
SECRET_WORD, KNOWN_WORD, PRIVATE = "quokkaquokka", "wombatwombat", "numbatnumbat"
DAY = "2026-01-05"
CLOSED = {"pages": False, "syndication": False, "huggingface": False, "embed": False}


@pytest.fixture(scope="module", params=[{}, CLOSED], ids=["open", "closed"])
def site(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Secured, dict]]:
    found = secure(tmp_path_factory.mktemp("site") / "data", **request.param)
    about = {"listed_at": f"{DAY}T12:00:00Z", "topics": ["marsupials"], "text": "Of pouches."}
    for identity, word, hidden in ((HIDDEN, SECRET_WORD, True), (SHOWN, KNOWN_WORD, False)):
        item = {"title": word, "hidden": hidden, "extra": {"note": PRIVATE, "venue": "Zoo"}}
        answer = found.call("PUT", f"/v1/items/{identity}", found.secret, json=about | item)
        assert answer.status_code == 201
    for item, kind in ((HIDDEN, "click"), (HIDDEN, "upvote"), (SHOWN, "upvote")):
        event = {"user": "ann", "item": item, "kind": kind}
        assert found.call("POST", "/v1/events", found.secret, json=event).status_code == 202
    wait_until(
        lambda: found.call("GET", "/v1/stats", found.secret).json()["events_behind"] == 0,
        "events on the boards", 30,
    )  # fmt: skip
    yield found, request.param
    found.service.stop()
    found.service.http.close()


def addresses(settings: dict, item: str) -> Iterator[tuple[str, str, bool]]:
    """Every way to ask, with an item wherever one may be named, and whether it wants a credential."""
    query = f"?q={KNOWN_WORD}&item={item}&user=ann&user-id=ann&url=x&date={DAY}&limit=9"
    names = {"date": DAY, "week": "2026-W02", "month": "2026-01", "kind": "daily", "name": DAY}
    names |= {"user_id": "ann", "file": f"{DAY}.atom"}
    for route in create_app(Settings(**settings)).routes:
        if not isinstance(route, HTTPRoute):
            continue
        filled = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: names.get(m[1], item), route.path_format)
        markdown = f"/papers/{item}.md" if filled == f"/papers/{item}" else filled
        for path in {filled, filled.replace(f"{DAY}.atom", "similar.atom"), markdown}:
            for method, (handler, _) in route.route_handler_map.items():
                if method in ("GET", "POST"):
                    is_free = handler.opt["access"].scope is None
                    yield method, path, is_free
                    if method == "GET" and "/gorse/" not in path:
                        yield method, path + query, is_free


def test_a_hidden_item_and_what_is_private_of_another_are_at_no_door(site):
    found, settings = site
    keys = {
        "nobody": None,
        "a reader": found.token("ann"),
        "a server": found.make(kind="secret", scopes=["read", "readers", "events", "metrics"])[1],
    }
    for who, key in keys.items():
        for item in (HIDDEN, SHOWN):
            for method, path, _ in set(addresses(settings, item)):
                answer = found.call(method, path, key, json={} if method == "POST" else None)
                assert SECRET_WORD not in answer.text, (who, method, path)
                assert PRIVATE not in answer.text, (who, method, path)


def test_who_writes_items_sees_all_of_them(site):
    found, _ = site
    answer = found.call("GET", f"/v1/items/{HIDDEN}", found.secret).json()
    assert (answer["title"], answer["extra"]["note"]) == (SECRET_WORD, PRIVATE)
    seen = found.call("GET", f"/v1/items/{SHOWN}", found.publishable).json()
    assert seen["extra"] == {"venue": "Zoo"}


def test_closed_nothing_of_the_catalogue_is_readable_without_a_credential(site):
    found, settings = site
    told = set()
    for method, path, is_free in set(addresses(settings, SHOWN)):
        answer = found.call(method, path)
        if KNOWN_WORD in answer.text.replace(f"q={KNOWN_WORD}", ""):
            told.add(path.split("?")[0])
        if not is_free:
            assert answer.status_code >= 400, (method, path, answer.status_code)
    if settings:
        assert told == set()
    else:
        assert {"/", f"/papers/{SHOWN}", "/api/daily_papers", "/embed/feed"} <= told
        assert "/feeds/similar.atom" not in told, "which is like something else"
        assert f"/feeds/daily/{DAY}.atom" in told


def paths(**settings: bool) -> set[str]:
    return {route.path for route in create_app(Settings(**settings)).routes}


def test_each_switch_takes_routes_of_its_own_away():
    every, left = paths(), paths(**CLOSED)
    taken = {name: every - paths(**{name: False}) for name in CLOSED}

    assert all(taken.values())
    assert sum(map(len, taken.values())) == len(set.union(*taken.values())), "no two take the same"
    assert set.union(*taken.values()) == every - left


def test_at_a_closed_site_a_link_of_a_mail_leads_to_its_one_item(site):
    found, _ = site
    with redis.Redis.from_url(socket_url(found.service.folder)) as store:
        signs = Signatures(store.get(keys.SECRET))
    links = Links(signs, Settings().digest, "")

    shown = found.call("GET", links.click(Click(SHOWN, "f", 0)))
    hidden = found.call("GET", links.click(Click(HIDDEN, "f", 0)))
    forged = found.call("GET", links.click(Click(SHOWN, "f", 0))[:-2])

    assert KNOWN_WORD in shown.text
    assert (hidden.status_code, forged.status_code) == (404, 403)
    assert SECRET_WORD not in hidden.text
