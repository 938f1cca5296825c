"""The manners of the one who fetches; time is a stand-in, the server is real."""

import contextlib
import gzip
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from recsvc.errors import SourceError
from recsvc.sources.fetching.fetcher import Fetcher, client
from tests.archive_server import Answer, Archive, Asked


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now_s += seconds


@contextlib.contextmanager
def serving(*answers: Answer) -> Iterator[Archive]:
    """Give these answers, the last one for ever."""
    left = list(answers)
    server = Archive(lambda asked: left.pop(0) if len(left) > 1 else left[0])
    try:
        yield server
    finally:
        server.close()


async def gets(
    server: Archive,
    n: int = 1,
    pause_s: float = 0.0,
    on_wait: Callable[[float, str], None] | None = None,
) -> tuple[list[str], list[float]]:
    clock = Clock()
    async with client("me@example.org") as http:
        fetcher = Fetcher(http, pause_s, sleep=clock.sleep, clock=clock, on_wait=on_wait)
        return [(await fetcher.get(server.url, {})).text for _ in range(n)], clock.slept


async def test_requests_are_three_seconds_apart():
    with serving(Answer("a")) as server:
        texts, slept = await gets(server, 3, pause_s=3.0)

    assert texts == ["a"] * 3
    assert slept == [3.0, 3.0], "none before the first"
    assert server.asked[0].headers["User-Agent"].endswith("(me@example.org)")


@pytest.mark.parametrize(
    "said", ['"api";r=0;t=42', "limit=500, remaining=0, reset=42", '"api"; r=0; t=42']
)
async def test_when_nothing_remains_of_a_window_the_next_one_is_waited_for(said: str):
    waits = []
    with serving(Answer("a", headers={"RateLimit": said}), Answer("b")) as server:
        texts, slept = await gets(server, 2, on_wait=lambda s, why: waits.append((s, why)))

    assert (texts, slept) == (["a", "b"], [42.0])
    assert waits == [(42.0, "its limit is reached")]


async def test_when_something_remains_nobody_waits():
    with serving(Answer("a", headers={"RateLimit": '"api";r=499;t=300'})) as server:
        _, slept = await gets(server, 2)

    assert slept == []


async def test_too_many_requests_are_tried_again_when_the_server_says():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    slow = [Answer(status=429, headers={"Retry-After": said}) for said in ("7", date)]
    with serving(*slow, Answer("a")) as server:
        texts, slept = await gets(server)

    assert texts == ["a"]
    assert slept[0] == 7.0
    assert 110 < slept[1] <= 120


async def test_a_server_in_trouble_is_asked_ever_more_slowly_and_then_given_up():
    with serving(Answer("down", status=503)) as server, pytest.raises(SourceError, match="503"):
        await gets(server)

    assert len(server.asked) == 6


async def test_a_server_that_comes_back_is_heard():
    with serving(Answer(status=502), Answer(status=500), Answer("a")) as server:
        texts, slept = await gets(server)

    assert (texts, slept) == (["a"], [2.0, 4.0])


async def test_a_refusal_is_not_repeated():
    with serving(Answer("no such day", status=400)) as server:
        with pytest.raises(SourceError, match="400 Bad Request: no such day"):
            await gets(server)

        assert len(server.asked) == 1


async def test_nobody_there_is_said():
    with serving(Answer()) as server:
        url = server.url
    clock = Clock()
    async with client("") as http:
        with pytest.raises(SourceError, match="does not answer"):
            await Fetcher(http, sleep=clock.sleep, clock=clock).get(url, {})

    assert clock.slept == [2.0, 4.0, 8.0, 16.0, 32.0]


async def test_what_did_not_change_is_asked_for_by_its_tag():
    def answer(asked: Asked) -> Answer:
        if asked.headers["If-None-Match"] == 'W/"7"':
            return Answer(status=304)
        return Answer("a", headers={"ETag": 'W/"7"', "Link": '<x>; rel="next"'})

    server = Archive(answer)
    try:
        async with client("") as http:
            first = await Fetcher(http).get(server.url, {"q": "a b"})
            second = await Fetcher(http).get(server.url, {"q": "a b"}, etag=first.etag)
    finally:
        server.close()

    assert (first.text, first.etag, first.has_next, first.is_unchanged) == (
        "a",
        'W/"7"',
        True,
        False,
    )
    assert (second.is_unchanged, second.text) == (True, "")


async def test_an_answer_that_unpacks_to_too_much_is_given_up_without_holding_it():
    bomb = gzip.compress(bytes(100_000_000))
    assert len(bomb) < 110_000
    tracemalloc.start()
    with serving(Answer(bomb, headers={"Content-Encoding": "gzip"})) as server:
        async with client("") as http:
            with pytest.raises(SourceError, match="more than 1000000 bytes"):
                await Fetcher(http, max_bytes=1_000_000).get(server.url, {})
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 250_000_000
    assert len(server.asked) == 1, "nor asked for again"


async def test_an_answer_that_takes_too_long_is_given_up():
    def drip(_: Asked) -> Answer:
        released.wait(30)
        return Answer("late")

    released = threading.Event()
    server, clock = Archive(drip), Clock()
    try:
        async with client("") as http:
            fetcher = Fetcher(http, sleep=clock.sleep, clock=clock, whole_s=0.05)
            with pytest.raises(SourceError, match="TimeoutError"):
                await fetcher.get(server.url, {})
    finally:
        released.set()
        server.close()


@pytest.mark.parametrize("n", [3, 100])
async def test_redirects_are_followed_on_the_same_host_and_not_for_ever(n: int):
    moved = [Answer(status=301, headers={"Location": f"/{i}"}) for i in range(n)]
    with serving(*moved, Answer("there")) as server:
        if n == 3:
            assert (await gets(server))[0] == ["there"]
        else:
            with pytest.raises(SourceError, match="on and on"):
                await gets(server)
            assert len(server.asked) == 6


async def test_a_redirect_to_another_host_or_port_is_not_followed():
    with serving(Answer("inside")) as other:
        elsewhere = [
            other.url,
            other.url.replace("127.0.0.1", "localhost"),
            "http://169.254.169.254/",
        ]
        for location in elsewhere:
            moved = Answer(status=302, headers={"Location": location})
            with serving(moved) as server, pytest.raises(SourceError, match="leads elsewhere"):
                await gets(server)
        assert other.asked == []
