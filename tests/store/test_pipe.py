"""The shared pipe: batches, errors and cancellations, against a real server."""

import asyncio
import random
import time

import pytest

from recsvc.errors import StoreError, StoreUnavailableError
from recsvc.store.connection import Redis, connect
from recsvc.store.pipe import Pipe

MANY = 600  # more than one batch


async def test_answers_come_back_to_whoever_asked(redis: Redis) -> None:
    pipe = Pipe(redis)

    async def caller(n: int) -> None:
        commands = [
            ("SET", f"k{n}", n),
            ("GET", f"k{n}"),
            ("APPEND", f"k{n}", "!"),
            ("GET", f"k{n}"),
        ]
        answers = await pipe.send_all(commands)
        assert answers[1::2] == [str(n).encode(), f"{n}!".encode()]
        assert await pipe.send("GET", f"k{n}") == f"{n}!".encode()

    await asyncio.gather(*(caller(n) for n in range(MANY)))


async def test_what_is_sent_together_travels_in_order_and_may_be_more_than_a_batch(
    redis: Redis,
) -> None:
    pipe = Pipe(redis)
    answers = await pipe.send_all([("INCR", "n") for _ in range(MANY)])
    assert answers == list(range(1, MANY + 1))
    assert await pipe.send_all([]) == []


@pytest.mark.one_server
async def test_an_error_is_the_callers_own_and_the_rest_is_done(redis: Redis) -> None:
    pipe = Pipe(redis)
    await redis.set("text", "a")
    good = pipe.send("SET", "b", 1)
    bad = pipe.send_all([("SET", "c", 1), ("LPUSH", "text", 1), ("SET", "d", 1)])
    results = await asyncio.gather(good, bad, return_exceptions=True)
    assert isinstance(results[1], StoreError)
    assert "WRONGTYPE" in str(results[1])
    assert await redis.mget("b", "c", "d") == [b"1"] * 3


async def test_a_cancelled_call_is_cancelled_even_where_one_of_its_commands_failed(
    redis: Redis,
) -> None:
    """Otherwise a loop that is told to stop would go on, and be waited for for ever."""
    pipe = Pipe(redis)
    await redis.set("text", "a")

    async def just_before() -> bool:
        await pipe.send("GET", "text")  # answered together with the first of the others
        return call.cancel()

    cancelled = asyncio.create_task(just_before())
    await asyncio.sleep(0)
    commands = [("LPUSH", "text", 1), *[("GET", "text") for _ in range(MANY)]]
    call = asyncio.create_task(pipe.send_all(commands))
    assert await cancelled
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_nobody_is_left_waiting_when_all_senders_end_at_once(redis: Redis) -> None:
    pipe, rng = Pipe(redis), random.Random(1)

    async def ask(times: int, after_steps: int) -> None:
        for _ in range(after_steps):
            await asyncio.sleep(0)
        for _ in range(times):
            await pipe.send("PING")

    async def look_away(after_steps: int) -> None:
        for _ in range(after_steps):
            await asyncio.sleep(0)
        time.sleep(0.0005)  # noqa: ASYNC251 - until the answers of both batches are there

    # One asks again as it is answered, and nobody asks after it who would send that, too.
    for _ in range(200):
        calls = [ask(rng.randint(1, 3), rng.randint(0, 12)) for _ in range(rng.randint(2, 3))]
        await asyncio.wait_for(asyncio.gather(*calls, look_away(rng.randint(0, 20))), 10)


@pytest.mark.one_server
async def test_whoever_waits_is_told_when_their_connection_is_lost_and_the_next_are_answered(
    redis: Redis, store_url: str
) -> None:
    pipe, watching = Pipe(redis), connect(store_url)  # which shares no connection with it
    for _ in range(3):  # more than travel at a time: none of the lost ones counts as under way
        waiting = asyncio.gather(
            pipe.send("BLPOP", "nothing", 0), pipe.send("PING"), return_exceptions=True
        )
        others = set[int]()
        while not others:
            found = await watching.client_list()
            others = {int(c["id"]) for c in found if c["cmd"] == "blpop"}
        for number in others:
            await watching.client_kill_filter(_id=str(number))
        lost = await waiting
        assert all(isinstance(one, StoreUnavailableError) for one in lost)
        assert await asyncio.wait_for(pipe.send("ECHO", "here"), 10) == b"here"
    await watching.aclose()


@pytest.mark.one_server
async def test_who_waited_long_behind_a_store_that_hangs_does_not_wait_as_long_again(
    redis: Redis, store_url: str
) -> None:
    pause_s = 0.4
    hanging = connect(store_url, timeout_s=pause_s)
    pipe = Pipe(hanging, longest_s=pause_s / 2)
    await pipe.send("SET", "k", 1)
    await redis.execute_command("CLIENT", "PAUSE", 100_000, "WRITE")
    try:
        sent = []
        for _ in range(2):  # as many batches as are under way at a time
            sent.append(asyncio.ensure_future(pipe.send("SET", "k", 1)))
            await asyncio.sleep(0.01)
        waiting = [asyncio.ensure_future(pipe.send("SET", "k", 1)) for _ in range(MANY)]
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        await asyncio.sleep(pause_s / 8)

        assert all(one.done() for one in waiting)
        outcomes += await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, StoreUnavailableError) for outcome in outcomes)
    finally:
        await redis.execute_command("CLIENT", "UNPAUSE")
    assert await pipe.send("SET", "k", 1)
    await hanging.aclose()
