"""Loops in the background: they go on in spite of errors, and end when told to, whatever is lost."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.background import Background, in_step


@given(deaf=st.integers(0, 3), busy_ticks=st.integers(0, 3))
@settings(deadline=None, max_examples=16)
def test_a_loop_ends_though_it_loses_what_it_is_told(deaf: int, busy_ticks: int) -> None:
    """As one does that waits for several futures of which one fails in the same instant."""

    async def scenario() -> int:
        turns, lost = 0, 0

        async def once() -> None:
            nonlocal turns, lost
            turns += 1
            try:
                await asyncio.sleep(0 if turns <= busy_ticks else 60)
            except asyncio.CancelledError:
                if lost == deaf:
                    raise
                lost += 1
                raise ConnectionError("not what the loop was told") from None

        loops = Background()
        loops.start(once, "deaf")
        for _ in range(busy_ticks + 1):
            await asyncio.sleep(0)
        await asyncio.wait_for(loops.stop(), 5)
        return turns

    assert asyncio.run(scenario()) == busy_ticks + 1


async def test_a_loop_goes_on_after_an_error() -> None:
    turns = asyncio.Queue[int]()

    async def once() -> None:
        turns.put_nowait(turns.qsize())
        raise ValueError

    loops = Background()
    loops.start(once, "failing")
    for _ in range(2):
        await asyncio.wait_for(turns.get(), 5)
    await loops.stop()


async def test_who_stops_loops_can_be_cancelled_meanwhile() -> None:
    never = asyncio.Event()

    async def once() -> None:
        while not never.is_set():
            try:
                await never.wait()
            except asyncio.CancelledError:
                continue

    loops = Background()
    loops.start(once, "stubborn")
    await asyncio.sleep(0)
    stopping = asyncio.create_task(loops.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(stopping, 5)
    never.set()
    await loops.stop()


@given(seconds=st.floats(0.5, 100), now_s=st.floats(0, 1e6), later_s=st.floats(0, 0.2))
def test_loops_that_pause_wake_together_about_when_they_wanted_to(
    seconds: float, now_s: float, later_s: float
):
    pause_s = in_step(seconds, now_s)

    assert abs(pause_s - seconds) <= 0.25 + 1e-6
    other_s = later_s + in_step(0.5, now_s + later_s)
    apart = (pause_s - other_s) / 0.5
    assert abs(apart - round(apart)) < 1e-6
