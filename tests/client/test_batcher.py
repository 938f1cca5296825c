"""Events in the background: none lost, whatever becomes of the service or the program."""

import json
import subprocess
import sys
import threading

import pytest

from recsvc.client import (
    BatchFullError,
    Client,
    Event,
    EventBatcher,
    Recorded,
    Retry,
    UnreachableError,
)
from tests.client.faults import scripted
from tests.client.test_retry import DONE, answer
from tests.service import REPOSITORY, Service, wait_until

N = 1_500


def run(program: str, url: str) -> subprocess.CompletedProcess[str]:
    source = f"from recsvc.client import Client, Event\nclient = Client({url!r})\n{program}"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        capture_output=True, text=True, timeout=60, cwd=REPOSITORY,
    )  # fmt: skip


def clicks(service: Service, user: str) -> int:
    answer = service.http.get(f"/v1/users/{user}")
    if answer.status_code == 404:
        return 0
    return sum(i["signals"]["click"]["count"] for i in answer.json()["interactions"])


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", 0), ("import sys; sys.exit(3)", 3), ("raise SystemError('a mistake')", 1)],
)
def test_none_is_lost_when_the_program_ends(service, ending, code):
    user = f"ender-{code}"
    adding = f"for n in range({N}): client.events.add(Event(f'p{{n % 50}}', 'click', {user!r}))\n"

    done = run(adding + ending, str(service.http.base_url))

    assert done.returncode == code, done.stderr
    assert clicks(service, user) == N


def test_an_async_program_loses_none_either(service):
    program = f"""
import asyncio
from recsvc.client import AsyncClient
async def main():
    client = AsyncClient({str(service.http.base_url)!r})
    for n in range({N}): client.events.add(Event(f'p{{n % 50}}', 'click', 'async-ender'))
asyncio.run(main())
"""
    done = run(program, str(service.http.base_url))

    assert done.returncode == 0, done.stderr
    assert clicks(service, "async-ender") == N


def test_a_forked_child_sends_its_own_events_and_not_its_parents(service):
    program = """
import os
client.events.add(*[Event(f'p{n}', 'click', 'forker') for n in range(40)])
child = os.fork()
client.events.add(Event('p-child' if child == 0 else 'p-parent', 'click', 'forker'))
if child:
    os.waitpid(child, 0)
"""
    done = run(program, str(service.http.base_url))

    assert done.returncode == 0, done.stderr
    assert clicks(service, "forker") == 42


def test_events_wait_for_a_service_that_is_away(new_service):
    service = new_service()
    client = Client(str(service.http.base_url), retry=Retry(attempts=1))
    client.events.add(*[Event(f"p{n}", "click", "patient") for n in range(30)])
    assert not client.events.flush(timeout_s=0.5)

    service.start()

    wait_until(lambda: clicks(service, "patient") == 30, "the events arrive", 30)
    client.close()


def test_what_is_refused_is_reported_and_holds_up_nothing():
    refused: list[tuple[str, str]] = []
    batch = {"accepted": 1, "duplicates": 0, "rejected": [{"index": 1, "error": "unknown kind"}]}
    with scripted(answer(202, batch)) as (url, _), Client(url) as client:
        batcher = EventBatcher(
            client.record,
            on_failure=lambda events, why: refused.extend((e.item, why) for e in events),
        )
        batcher.add(Event("a", "click", "u"), Event("b", "nonsense", "u"))
        assert batcher.flush()
        batcher.close()

    assert refused == [("b", "unknown kind")]


def test_a_refused_batch_is_reported_not_repeated():
    lost: list[str] = []
    with scripted(answer(401, b"")) as (url, script), Client(url) as client:
        batcher = EventBatcher(client.record, on_failure=lambda events, why: lost.append(why))
        batcher.add(Event("a", "click", "u"))
        assert batcher.flush()
        batcher.close()

    assert lost == ["status 401"]
    assert len(script.requests) == 1


def test_what_could_not_be_sent_in_time_is_reported():
    left: list[int] = []

    def unreachable(events):
        raise UnreachableError("away", was_sent=False)

    batcher = EventBatcher(unreachable, on_failure=lambda events, why: left.append(len(events)))
    batcher.add(Event("a", "click", "u"), Event("b", "click", "u"))
    batcher.close(timeout_s=0.2)

    assert left == [2]


def test_a_full_batcher_says_so_and_takes_nothing():
    held = threading.Event()

    def slow(events: list[Event]) -> Recorded:
        held.wait()
        return Recorded(len(events), 0, [])

    batcher = EventBatcher(slow, capacity=2)
    batcher.add(Event("a", "click", "u"), Event("b", "click", "u"))

    with pytest.raises(BatchFullError):
        batcher.add(*[Event("c", "click", "u")] * 3)

    held.set()
    batcher.close()


def test_events_keep_the_moment_they_were_added():
    with scripted(answer(202, DONE)) as (url, script), Client(url) as client:
        client.events.add(Event("a", "click", "u"))
        client.events.flush()

    assert json.loads(script.requests[0][2])[0]["at"].endswith("Z")
