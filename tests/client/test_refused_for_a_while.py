"""Events that were taken by a client reach the service, however it refuses for a while, and how long."""

import asyncio
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recsvc.api.embed.modules import STATIC
from recsvc.client import Client, Event, EventBatcher
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from tests.service import Service, wait_until

N = 100
REFUSED_S = float(os.environ.get("RECSVC_TEST_REFUSED_S", "10"))  # 60 in the long form
PATIENCE_S = REFUSED_S * 2 + 60
# Status and headers of refusals; None hangs up, 0 never answers.
REFUSALS = [
    (503, {}),
    (503, {"Retry-After": "2"}),
    (429, {"Retry-After": "1"}),
    (429, {}),
    (408, {}),
    (502, {}),
    (504, {}),
    (None, {}),
    (0, {}),
]
Refusal = tuple[int | None, dict[str, str]]

PROGRAM = """
const { Recsvc } = await import(process.env.CLIENT);
const client = new Recsvc(process.env.URL, { timeoutMs: 1_000 });
for (let n = 0; n < 100; n++) client.events.add({ user: "js", kind: "click", item: `p${n}` });
console.log(await client.events.flush());
const until = Date.now() + Number(process.env.PATIENCE_MS);
while (!(await client.events.flush()) && Date.now() < until)
  await new Promise((done) => setTimeout(done, 200));
console.log(await client.events.flush());
"""


@contextmanager
def refusing(refusal: Refusal) -> Iterator[tuple[str, set[str]]]:
    """A server that refuses for a while from the first request on, and then takes events."""
    taken: set[str] = set()
    begun_s: list[float] = []
    status, headers = refusal

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            begun_s.append(time.monotonic())
            is_refused = begun_s[-1] < begun_s[0] + REFUSED_S
            if is_refused and not status:
                if status == 0:
                    threading.Event().wait(2)  # longer than the clients do
                return
            if not is_refused:
                taken.update(event["event_id"] for event in events)
            done = {"accepted": len(events), "duplicates": 0, "rejected": []}
            body = b"{}" if is_refused else json.dumps(done).encode()
            self.send_response(status if is_refused and status else 202)
            for name, value in (headers if is_refused else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def by_python(url: str) -> tuple[bool, bool]:
    """Send events; return what `flush` said while they were refused, and in the end."""
    lost: list[str] = []
    with Client(url, timeout_s=1) as client:
        batcher = EventBatcher(client.record, on_failure=lambda events, why: lost.append(why))
        batcher.add(*[Event(f"p{n}", "click", "python") for n in range(N)])
        said = batcher.flush(timeout_s=REFUSED_S / 4), batcher.flush(timeout_s=PATIENCE_S)
        batcher.close()
    assert not lost
    return said


def by_node(node: str) -> Callable[[str], tuple[bool, bool]]:
    def send(url: str) -> tuple[bool, bool]:
        settings = {"CLIENT": str(STATIC / "client.js"), "URL": url}
        done = subprocess.run(
            [node, "--input-type=module", "-e", PROGRAM],
            env=os.environ | settings | {"PATIENCE_MS": str(PATIENCE_S * 1_000)},
            capture_output=True, text=True, timeout=PATIENCE_S + 30,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        first, last = (line == "true" for line in done.stdout.split())
        return first, last

    return send


def through(refusal: Refusal, send: Callable[[str], tuple[bool, bool]]) -> tuple[bool, bool, int]:
    with refusing(refusal) as (url, taken):
        return *send(url), len(taken)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("language", ["python", "node"])
def test_none_is_lost_however_the_service_refuses(language: str, request: pytest.FixtureRequest):
    send = by_python if language == "python" else by_node(request.getfixturevalue("node"))

    with ThreadPoolExecutor(len(REFUSALS)) as pool:
        said = list(pool.map(lambda refusal: through(refusal, send), REFUSALS))

    assert dict(zip(map(str, REFUSALS), said, strict=True)) == dict.fromkeys(
        map(str, REFUSALS), (False, True, N)
    )


@pytest.mark.timeout(400)
@pytest.mark.alone
def test_none_is_lost_while_the_store_is_out_of_memory(new_service: Callable[..., Service]):
    service = new_service().start()

    async def limit(n_bytes: int) -> None:
        store = connect(socket_url(service.folder))
        await store.config_set("maxmemory", n_bytes)
        await store.aclose()

    asyncio.run(limit(1))
    with Client(str(service.http.base_url)) as client:
        client.events.add(*[Event(f"p{n}", "click", "full") for n in range(N)])
        assert not client.events.flush(timeout_s=REFUSED_S)
        asyncio.run(limit(0))
        assert client.events.flush(timeout_s=PATIENCE_S)

    def clicked() -> int:
        return len(service.get("/v1/users/full")["interactions"])

    wait_until(lambda: clicked() == N, "every click in the profile", 30)
