"""`python -m bench.front`: what other front ends get - scripts, votes, keys, mails - in figures."""

import asyncio
import gzip
import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import SimpleNamespace

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from bench import data, wrk
from recsvc.api.embed.modules import STATIC
from recsvc.logs import configure
from recsvc.store.bundled import BundledStore, socket_url
from recsvc.store.connection import connect
from tests.relay import Relay
from tests.secured import Secured, address, secure
from tests.web.conftest import ARGUMENTS
from tests.web.host import Host
from tests.workers.mail.post import Clock, Office, all_due, instant, papers, settings_for, worker

_SCRIPTS = ("v1.js", "subscribe.js", "frame.js", "client.js")
_WRONG_KEYS = 10_000
_VOTES = 40
_MAILS = 2_000
_SECONDS = 5
_FEED = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/feed?fields=id&user=" .. (%s), {["Authorization"] = %s})
end
"""
# In the page: vote for the first card, ask for the list anew, and note when it is drawn.
_VOTE = """
async (element) => {
  const news = (name) => new Promise((soon) =>
    element.addEventListener(name, soon, { once: true }));
  const button = element.shadowRoot.querySelector("[part=vote]");
  const [started, voted, loaded] = [performance.now(), news("recsvc-vote"), news("recsvc-loaded")];
  button.click();
  await voted;
  const acknowledged = performance.now() - started;
  element.refresh();
  await loaded;
  return [acknowledged, performance.now() - started];
}
"""


def main() -> None:
    """Run everything and print a table."""
    configure("console", "error")
    table = Table(title="Front ends")
    table.add_column("what")
    table.add_column("measured", justify="right")
    for name in _SCRIPTS:
        raw = (STATIC / name).read_bytes()
        table.add_row(f"{name}, gzipped", f"{len(gzip.compress(raw, 9)):,} bytes")
    with tempfile.TemporaryDirectory() as folder:
        with _filled(Path(folder) / "data") as secured:
            for row in [*_votes(secured), *_keys(secured), *_attack(secured)]:
                table.add_row(*row)
        for row in asyncio.run(_mails(Path(folder))):
            table.add_row(*row)
    Console().print(table)


@contextmanager
def _filled(folder: Path) -> Iterator[Secured]:
    secured = secure(folder, train_every_s=1, limit_user_per_minute=0, limit_ip_per_minute=0)
    try:
        secured.call("POST", "/v1/items", secured.secret, json=data.items(1_000))
        secured.call("POST", "/v1/events", secured.secret, json=data.upvotes(1_000, 100, 10)[:1000])
        yield secured
    finally:
        secured.service.stop()


def _votes(secured: Secured) -> Iterator[tuple[str, str]]:
    """On a page of another origin, in Chromium: from the click on."""
    host, base = Host(), str(secured.service.http.base_url)
    secured.make(kind="publishable", origins=[host.origin])
    body = (
        f'<recsvc-feed limit="10" token="{secured.token("visitor")}"></recsvc-feed>'
        f'<script type="module" src="{base}/embed/v1.js"></script>'
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=ARGUMENTS)
        page = browser.new_page()
        page.goto(host.page(base, body))
        page.wait_for_selector("recsvc-feed [part=card]")
        element = page.query_selector("recsvc-feed")
        assert element is not None
        took = [element.evaluate(_VOTE) for _ in range(_VOTES)]
        browser.close()
    host.close()
    names = ("acknowledged", "the new list drawn")
    for name, times in zip(names, zip(*took, strict=True), strict=True):
        yield f"widget: click to {name}, p50 / worst of {_VOTES}", _ms(times)


def _keys(secured: Secured) -> Iterator[tuple[str, str]]:
    """What a credential costs a feed."""
    url = str(secured.service.http.base_url)
    named = '"reader-" .. math.random(0, 99)'
    for name, key, user in (
        ("secret key", secured.secret, named),
        ("user token", secured.token("reader-1"), '"reader-1"'),
        ("publishable key", secured.publishable, named),
    ):
        load = wrk.run(url, _FEED % (user, f'"Bearer {key}"'), _SECONDS)
        assert not load.errors
        yield f"feeds with a {name}", f"{load.per_second:,.0f}/s, p99 {load.p99_ms:.1f} ms"


def _attack(secured: Secured) -> Iterator[tuple[str, str]]:
    """Wrong keys from one neighbourhood, and what a right one beside them notices."""
    statuses: dict[int, int] = {}
    where, started_s = address(), time.perf_counter()

    def attack() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", secured.service.port)
        for n in range(_WRONG_KEYS):
            headers = {"authorization": f"Bearer rsk_abcdefghij_{n:0>43}", "x-forwarded-for": where}
            connection.request("GET", "/v1/trending", headers=headers)
            response = connection.getresponse()
            response.read()
            statuses[response.status] = statuses.get(response.status, 0) + 1
        connection.close()

    attacker = threading.Thread(target=attack)
    attacker.start()
    beside = []
    headers = {"x-forwarded-for": where}
    while attacker.is_alive():
        at_s = time.perf_counter()
        secured.call("GET", "/v1/feed?user=reader-1", secured.secret, headers=headers)
        beside.append((time.perf_counter() - at_s) * 1000)
    took_s = time.perf_counter() - started_s
    refused = ", ".join(f"{n:,} x {status}" for status, n in sorted(statuses.items()))
    yield f"{_WRONG_KEYS:,} wrong keys in {took_s:.1f} s", refused
    yield "a feed with a right key meanwhile, p50 / worst", _ms(beside)


async def _mails(folder: Path) -> list[tuple[str, str]]:
    """One worker, a relay on this machine and in this process; then the folder instead of it."""
    rows = []
    for name in ("SMTP", "the outbox"):
        store = BundledStore(folder / name, "everysec")
        await store.start()
        redis = connect(socket_url(folder / name))
        try:
            with Relay() if name == "SMTP" else _no_relay() as relay:
                url = socket_url(folder / name)
                office = Office(redis, settings_for(url, folder / name, relay.port))
                await office.stock(papers(30), n_votes=3)
                began = instant("2026-03-02T00:00")
                for n in range(_MAILS):
                    await office.subscribe(f"reader{n}@example.com", began, hour=7, minute=0)
                clock = Clock(instant("2026-03-02T08:00"))
                async with worker(office.settings, clock) as running:
                    started_s = time.perf_counter()
                    assert await all_due(running) >= _MAILS
                    took_s = time.perf_counter() - started_s
            rows.append((f"{_MAILS:,} mails through {name}", f"{_MAILS / took_s:,.0f}/s"))
        finally:
            await redis.aclose()
            await store.stop()
    return rows


@contextmanager
def _no_relay() -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(port=None)


def _ms(times: list[float] | tuple[float, ...]) -> str:
    return f"{statistics.median(times):.1f} / {max(times):.1f} ms"


if __name__ == "__main__":
    main()
