"""Bodies that do not come to their end, or come all at once, stop nobody else."""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsvc.api.http.bodies import Bodies, Body
from recsvc.api.http.overload import Lane, Rule
from recsvc.errors import CrowdedError, TooSlowError
from tests.service import REPOSITORY, Service, wait_until

KB = 1024


def one_place() -> Lane:
    return Lane("lane", Rule(places=1))


class Sender:
    """Sends parts of a body when it is told to."""

    def __init__(self) -> None:
        self.parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def send(self, n: int, more: bool = True) -> None:
        self.parts.put_nowait({"type": "http.request", "body": b"x" * n, "more_body": more})

    def body(self, bodies: Bodies, lane: Lane, announced: int | None = None) -> Body:
        said = [] if announced is None else [(b"content-length", str(announced).encode())]
        scope: Any = {"type": "http", "path": "/v1/items", "headers": said}
        return Body(bodies, lane, scope, self.parts.get)


async def test_a_body_that_stops_coming_ends_and_gives_its_place_away_meanwhile():
    bodies, lane, sender = Bodies(KB, KB, grace_s=0.2), one_place(), Sender()
    assert await lane.enter()
    body = sender.body(bodies, lane)
    sender.send(10)
    assert len((await body())["body"]) == 10

    waiting = asyncio.create_task(body())
    assert await lane.enter(), "its place is free while it does not come"
    lane.leave()
    with pytest.raises(TooSlowError):
        await waiting

    assert body.is_outside


async def test_a_body_that_comes_late_waits_for_its_place_again():
    bodies, lane, sender = Bodies(KB, KB), one_place(), Sender()
    assert await lane.enter()
    body = sender.body(bodies, lane)
    waiting = asyncio.create_task(body())
    assert await lane.enter()

    sender.send(10, more=False)
    await asyncio.sleep(0)
    assert not waiting.done()
    lane.leave()
    await waiting

    assert not body.is_outside
    assert not await Lane("none", Rule(places=0)).enter()


@pytest.mark.parametrize("seed", range(5))
async def test_never_more_is_held_than_the_ceiling_and_all_of_it_is_given_back(seed: int):
    chance = random.Random(seed)
    bodies, lane = Bodies(600 * KB, 300 * KB), Lane("lane", Rule(places=100))
    most = refused = 0

    async def send() -> None:
        nonlocal most, refused
        n, sender = chance.randrange(500 * KB), Sender()
        body = sender.body(bodies, lane, n if chance.random() < 0.5 else None)
        await lane.enter()
        try:
            left = n
            while left > 0:
                part = min(left, chance.randrange(1, 100 * KB))
                left -= part
                sender.send(part, more=left > 0)
                await body()
                most = max(most, bodies._held)
                await asyncio.sleep(0)
        except CrowdedError:
            refused += 1
        finally:
            body.release()
            lane.leave()

    await asyncio.gather(*(send() for _ in range(60)))

    assert most <= 600 * KB
    assert 0 < refused < 60
    bodies.hold(600 * KB)  # all of it is there again


async def test_the_largest_body_has_room_whatever_the_ceiling():
    bodies, sender = Bodies(0, 300 * KB), Sender()
    body = sender.body(bodies, Lane("lane", Rule(places=64)), 300 * KB)
    sender.send(300 * KB, more=False)

    assert await body()


async def _unfinished(service: Service, n: int) -> list[asyncio.StreamWriter]:
    """Open connections that announce a body and send half of it."""
    body = json.dumps({"user": "u", "item": "i", "kind": "click"}).encode()
    head = f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    opened = []
    for _ in range(n):
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(head.encode() + body[:20])
        opened.append(writer)
    return opened


def _peak_mb(process: int) -> int:
    """The most memory that any process serving below this one ever had."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    texts = [Path(f"/proc/{p}/status").read_text() for p in (str(process), *children)]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("VmHWM")]
    return max(int(line.split()[1]) for line in lines) >> 10


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_thousands_of_unfinished_bodies_and_many_large_ones_stop_nobody(new_service):
    service: Service = new_service(max_bodies_bytes=12 << 20).start()
    service.put("paper")
    api = service.part("api")
    before = _peak_mb(api)

    async def crowd() -> tuple[list[int], bytes]:
        opened = await _unfinished(service, 1_100)
        reader, last = await asyncio.open_connection("127.0.0.1", service.port)
        last.write(b"PUT /v1/items/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{")
        async with httpx.AsyncClient(base_url=str(service.http.base_url), timeout=30) as http:
            asked = [await http.get("/v1/new") for _ in range(5)]
            event = {"user": "u", "item": "paper", "kind": "click"}
            asked.append(await http.post("/v1/events", json=event))
            large = b'[{"id": "a", "title": "a", "text": "' + b"x" * (4_000_000) + b'"}]'
            sent = await asyncio.gather(*(http.post("/v1/items", content=large) for _ in range(30)))
        end = await asyncio.wait_for(reader.read(), 60)
        for writer in [*opened, last]:
            writer.close()
        assert {answer.status_code for answer in sent} == {200, 503}
        assert all(answer.headers["retry-after"] for answer in sent if answer.status_code == 503)
        return [answer.status_code for answer in asked], end

    statuses, end = asyncio.run(crowd())

    assert statuses == [200] * 5 + [202]
    assert end.startswith(b"HTTP/1.1 408")
    assert b'"field":"body"' in end
    assert _peak_mb(api) - before < 90
    wait_until(lambda: service.get("/v1/new"), "it goes on")


@pytest.mark.parametrize(
    ("soft", "hard", "taken"), [(200, 400, 272), (64, 100, 1), (300, 9000, 8192)]
)
def test_a_process_takes_as_many_connections_as_it_may_open_files(soft, hard, taken):
    code = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "from recsvc.cli.serving import connections\n"
        "print(connections())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout.strip() == str(taken), done.stderr
