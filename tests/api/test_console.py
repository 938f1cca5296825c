"""The console: shut to strangers, safe from other pages, and its figures are those of a recount."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
import redis

from recsvc.access.owner import owner_of
from recsvc.clock import DAY_US, HOUR_US, now_us
from recsvc.core.access.caller import CONSOLE
from recsvc.core.loop import Came, Hour, Named
from recsvc.store import keys
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.log.loop import LoopStore
from recsvc.store.pipe import Pipe
from tests.secured import OTHER_ORIGIN, Secured, address
from tests.service import Service, wait_until

PAGES = ["", "/models", "/experiments", "/reader?user=console-ann", "/operations"]
DEEDS = ["/models/serve", "/models/release", "/experiments/begin", "/experiments/stop"]
HTML = {"accept": "text/html"}
SESSION = "recsvc_console"


def browser(secured: Secured, **cookies: str) -> httpx.Client:
    """A browser far away, which shows nothing but its cookies."""
    return httpx.Client(
        base_url=secured.service.http.base_url,
        headers=HTML | {"x-forwarded-for": address()},
        cookies=cookies,
        timeout=30,
    )


def own(service: Service) -> dict[str, str]:
    """What a browser says of a form on one of our own pages."""
    return {"origin": f"http://127.0.0.1:{service.port}", "sec-fetch-site": "same-origin"}


def signed_in(secured: Secured, key: str) -> httpx.Client:
    one = browser(secured)
    answer = one.post("/console/sign-in", data={"key": key}, headers=own(secured.service))
    assert (answer.status_code, answer.headers["location"]) == (303, "/console"), answer.text
    return one


def figures(page: str) -> dict[str, str]:
    found = re.findall(r'data-figure="([^"]+)"><dt>[^<]*</dt><dd>([^<]*)', page)
    return {name: value.strip() for name, value in found}


@pytest.fixture
def inside(secured: Secured) -> Iterator[httpx.Client]:
    one = signed_in(secured, secured.secret)
    yield one
    one.close()


def test_strangers_get_the_sign_in_and_no_data(secured: Secured):
    with browser(secured) as stranger:
        for path in PAGES:
            answer = stranger.get(f"/console{path}")
            assert answer.status_code == 401
            assert 'name="key"' in answer.text
            assert not figures(answer.text)
            assert "console-ann" not in answer.text
        for path in DEEDS:
            data = {"snapshot": "x"} if "serve" in path else {}
            answer = stranger.post(f"/console{path}", data=data, headers=own(secured.service))
            assert answer.status_code == 401
        plain = stranger.get("/console", headers={"accept": "application/json"})
    assert plain.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("kind", ["publishable", "token", "narrow", "wrong", "empty"])
def test_only_a_key_for_everything_signs_in(secured: Secured, kind: str):
    key = {
        "publishable": secured.publishable,
        "token": secured.token("console-ann"),
        "narrow": secured.make(kind="secret", scopes=["metrics"])[1],
        "wrong": "rsk_wrong_key",
        "empty": "",
    }[kind]

    with browser(secured) as one:
        answer = one.post("/console/sign-in", data={"key": key}, headers=own(secured.service))

        assert answer.status_code in (401, 403)
        assert "set-cookie" not in answer.headers
        assert 'name="key"' in answer.text


def test_a_key_opens_every_page_and_the_browser_does_not_keep_it(secured: Secured):
    with closing(signed_in(secured, secured.secret)) as one:
        for path in PAGES:
            assert one.get(f"/console{path}").status_code == 200, path
        assert secured.secret not in str(one.cookies)
        assert one.get("/v1/keys").status_code == 401, "the cookie counts in the console only"

        left = one.post("/console/sign-out", headers=own(secured.service))

        assert left.status_code == 303
        assert one.get("/console").status_code == 401
    by_header = secured.call("GET", "/console", secured.secret)
    assert by_header.status_code == 200


def test_a_session_ends_with_its_key(secured: Secured):
    identity, key = secured.make(kind="secret", name="for a while")
    with closing(signed_in(secured, key)) as one:
        assert "for a while" in one.get("/console/operations").text

        assert secured.call("DELETE", f"/v1/keys/{identity}", secured.secret).status_code == 204

        wait_until(lambda: one.get("/console").status_code == 401, "the session ended")


def test_a_cookie_that_was_not_made_here_opens_nothing(secured: Secured, inside: httpx.Client):
    kept = inside.cookies[SESSION]
    for forged in ("", "x", kept[:-2], f"{kept[:-4]}AAAA", "a.b", '"', "%00"):
        with browser(secured) as one:
            answer = one.get("/console", headers={"cookie": f"{SESSION}={forged}"})
            assert answer.status_code == 401, forged


@pytest.mark.parametrize(
    "head",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": OTHER_ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
        {},
    ],
    ids=str,
)
def test_no_other_page_acts_for_who_is_signed_in(
    secured: Secured, inside: httpx.Client, head: dict[str, str]
):
    for path in DEEDS:
        data = {"snapshot": "x"} if "serve" in path else {}
        assert inside.post(f"/console{path}", data=data, headers=head).status_code == 403, path
    missing = {"snapshot": "x", "hold": "yes"}
    answer = inside.post("/console/models/serve", data=missing, headers=own(secured.service))
    assert answer.status_code == 404, "and their own page may"
    held = secured.call("GET", "/v1/snapshots", secured.secret).json()["held"]
    assert held is None, "what is not there is not held"


def test_no_other_page_acts_for_the_owner_of_a_service_without_keys(service: Service):
    for head in ({"origin": "http://localhost:3000"}, {}):
        answer = service.http.post("/console/models/release", headers=head)
        assert answer.status_code == 403, head
    mine = service.http.post("/console/models/release", headers=own(service))
    assert mine.status_code == 303


def test_the_access_token_signs_in_on_this_machine(secured: Secured):
    token = owner_of(secured.service.folder).token
    with browser(secured) as far:
        answer = far.post("/console/sign-in", data={"key": token}, headers=own(secured.service))
        assert answer.status_code == 403

    with httpx.Client(base_url=secured.service.http.base_url, headers=HTML) as here:
        came = here.post("/console/sign-in", data={"key": token}, headers=own(secured.service))

        assert came.status_code == 303
        assert here.get("/console").status_code == 200


def test_every_page_is_guarded_forbids_scripts_and_is_kept_nowhere(inside: httpx.Client):
    assert CONSOLE.is_guarded
    for path in PAGES:
        answer = inside.get(f"/console{path}")
        policy = answer.headers["content-security-policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert not re.findall(r'(?:src|href|action)="(?!/)', answer.text.replace('href="#', ""))


def test_the_overviews_figures_are_those_of_a_recount(secured: Secured, inside: httpx.Client):
    def call(path: str) -> dict:
        return secured.call("GET", path, secured.secret).json()

    for n in range(3):
        item = {"title": f"counted {n}"}
        secured.call("PUT", f"/v1/items/console-{n}", secured.secret, json=item)
    sent = [{"user": f"console-{n}", "item": "console-0", "kind": "upvote"} for n in range(4)]
    assert secured.call("POST", "/v1/events", secured.secret, json=sent).status_code == 202
    wait_until(lambda: call("/v1/stats")["events_behind"] == 0, "events on the boards")
    secured.call("GET", "/v1/feed?user=nobody-yet", secured.secret)

    found = figures(inside.get("/console").text)

    listed: list[str] = []
    cursor = ""
    while cursor is not None:
        page = call(f"/v1/new?limit=100&fields=id{f'&cursor={cursor}' if cursor else ''}")
        listed += [one["id"] for one in page["items"]]
        cursor = page["next"]
    store = redis.Redis.from_url(socket_url(secured.service.folder))
    readers = {
        name for shard in range(keys.N_SHARDS) for name in store.zrange(keys.readers(shard), 0, -1)
    }
    store.close()
    assert int(found["items"]) == len(listed) >= 3
    assert int(found["readers"]) == len(readers) >= 4
    assert found["events-behind"] == "0"
    assert found["fallback"] == fallback(secured.call("GET", "/metrics", secured.secret).text)


def fallback(metrics: str) -> str:
    """The share of feeds that were not personal, by what Prometheus is told."""
    counts = re.findall(r'recsvc_feed_seconds_count\{source="(\w+)"\} (\S+)', metrics)
    total = sum(float(n) for _, n in counts)
    return f"{sum(float(n) for source, n in counts if source != 'personal') / total:.1%}"


def test_a_readers_feed_is_the_one_they_get_with_the_points_that_make_its_scores(service: Service):
    service.put_all(
        [
            {"id": f"explained-{n}", "title": f"explained closely {n}", "topics": ["explained"]}
            for n in range(6)
        ]
    )
    service.act("explained-reader", "upvote", "explained-0")
    service.act("explained-reader", "impression", "explained-3")  # passed over: that counts, too
    service.settled()

    def is_personal() -> bool:
        return service.feed("explained-reader")["source"] == "personal"

    wait_until(is_personal, "a model that knows the item", 60)
    asked = {"user": "explained-reader", "item": "explained-0"}
    page = service.http.get("/console/reader", params=asked, headers=HTML).text

    assert "What they would see now <small>personal" in page
    places = re.findall(r'<li class="paper-like" data-item="([^"]+)">(.*?)</li>', page, re.DOTALL)
    assert places
    n_explained = 0
    for _, place in places:
        score = float(re.search(r"score (-?[\d.]+)", place)[1])
        voices = re.search(r'<table class="bars".*?</table>', place, re.DOTALL)
        if voices:
            points = [float(one) for one in re.findall(r"<td>([+-][\d.]+)", voices[0])]
            assert sum(points) == pytest.approx(score, abs=0.001 * (len(points) + 1))
            n_explained += 1
    assert n_explained
    assert 'id="sought"' in page


def test_dead_letters_and_erasures_are_listed_and_no_key_is_shown(
    secured: Secured, inside: httpx.Client
):
    store = redis.Redis.from_url(socket_url(secured.service.folder))
    store.xadd(keys.dead(5), {b"e": b"\xc1", b"id": b"17-3", b"reason": b"<b>unreadable</b>"})
    try:
        page = inside.get("/console/operations").text
    finally:
        store.delete(keys.dead(5))
        store.close()

    assert "17-3" in page
    assert "&lt;b&gt;unreadable&lt;/b&gt;" in page
    listed = secured.call("GET", "/v1/keys", secured.secret).json()["keys"]
    assert all(one["id"] in page for one in listed)
    for secret in (secured.secret, secured.publishable, secured.signing):
        assert secret not in page


def test_an_experiment_is_begun_seen_and_stopped(secured: Secured, inside: httpx.Client):
    form = {
        "name": "by-form",
        "variant": "louder",
        "settings": '{"personal_weight": 2}',
        "percent": 10,
    }
    headers = own(secured.service)
    begun = inside.post("/console/experiments/begin", data=form, headers=headers)
    assert begun.status_code == 303, begun.text

    page = inside.get("/console/experiments").text
    assert 'data-experiment="by-form"' in page
    assert "personal_weight = 2" in page
    assert "Nothing was measured yet" in page
    for wrong in ({"settings": "{"}, {"settings": '{"no_such": 1}'}, {"name": "Not A Name"}):
        refused = inside.post("/console/experiments/begin", data=form | wrong, headers=headers)
        assert refused.status_code == 400
    stopped = inside.post("/console/experiments/stop", data={"name": "by-form"}, headers=headers)
    assert stopped.status_code == 303
    assert "ended</small>" in inside.get("/console/experiments").text


def test_the_loop_is_told_over_the_api_and_drawn_on_the_first_page(
    secured: Secured, inside: httpx.Client
):
    this_hour_us = now_us() // HOUR_US * HOUR_US
    # Counted for good, so that no worker counts them anew.
    hours = [
        Hour(
            at_us=this_hour_us - back * HOUR_US,
            counted_us=this_hour_us + DAY_US,
            lists=1_000 + back,
            readers=70 + back,
            gini=0.25,
            voices={"personal": Came(4_000, 100 + back)},
            topics=[Named("<b>speech</b>", 0.5, 0.25, 0.4), Named("vision", 0.2, 0.3)],
        )
        for back in (3, 2)
    ]

    async def keep() -> None:
        store = connect(socket_url(secured.service.folder))
        for hour in hours:
            await LoopStore(Pipe(store)).keep(hour)
        await store.aclose()

    asyncio.run(keep())
    told = secured.call("GET", "/v1/loop?hours=24", secured.secret).json()["hours"]
    page = inside.get("/console").text

    mine = [one for one in told if one["lists"] >= 1_000]
    assert [one["voices"]["personal"]["clicked"] for one in mine] == [103, 102]
    assert [one["echo"] for one in mine] == [None, None]
    assert [one["gini"] for one in mine] == [0.25, 0.25]
    for hour in hours:
        row = (
            f"<td>{hour.lists}</td><td>{hour.readers}</td><td>4000</td><td>{hour.all.clicked}</td>"
        )
        assert row in page
    assert 'data-chart="voices"' in page
    assert 'data-chart="targets"' in page
    assert "<td>40.0% (+10.0%)</td>" in page
    assert [(one["name"], one["target"]) for one in mine[0]["topics"]][1:] == [("vision", None)]
    assert page.count('role="img"') >= 4
    assert "<b>speech" not in page
    printed = secured.service.run("loop").stdout
    assert "1,003" in printed
    assert "2.6%" in printed
    assert "<b>speech</b>: 50.0% of places in the latest hour, target 40.0%" in printed
    for key in (secured.publishable, secured.token("console-ann")):
        assert secured.call("GET", "/v1/loop", key).status_code == 403
