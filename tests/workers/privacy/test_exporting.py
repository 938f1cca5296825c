"""Exports on a real store and a real archive, while the reader, or the log, changes beneath them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from recsvc.clock import SECOND_US, now_us
from recsvc.errors import ConflictError, StoreUnavailableError
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe
from recsvc.store.readers.exports import AHEAD, TTL_S, Exports
from tests.workers.privacy.test_erasure import LEAVER, SHARD, STAYER, World, world_on
from workers.log.archive import table
from workers.privacy.exporter import Exporter, ExportHolding
from workers.privacy.holdings import Holding, Leaver, LogHolding


class Meanwhile:
    """A holding that has something done while it is asked, and then a line that it may fail at."""

    name = "meanwhile"

    def __init__(self, act: Any) -> None:
        self._act = act

    async def erase(self, _: Sequence[Leaver], /) -> dict[str, int]:
        return {}

    async def export(self, _: str, /) -> AsyncIterator[dict[str, Any]]:
        await self._act()
        yield {"type": "meanwhile"}


@pytest.fixture
async def world(redis: Redis, tmp_path: Path) -> World:
    made = world_on(redis, tmp_path)
    await made.ingest.start()
    return made


async def exported(redis: Redis, held: Sequence[Holding], user: str = STAYER) -> list[Any]:
    exports = Exports(Pipe(redis))
    asked = await exports.request(user, now_us())
    writing = asyncio.create_task(Exporter(exports, held).run_once())
    try:
        lines = b"".join([piece async for piece in exports.read(asked)])
    finally:
        await asyncio.gather(writing, return_exceptions=True)
    return [json.loads(line) for line in lines.splitlines()]


async def test_an_event_that_is_being_archived_is_exported_once(world: World, redis: Redis):
    for item in ("a", "b"):
        await world.act(STAYER, "click", item)
    await world.archived()
    for item in ("b", "c", "d"):
        await world.act(STAYER, "click", item)
    # In a file and not yet out of the stream, as between the two steps of archiving.
    logged = await world.streams.range(SHARD, "0-0", "+", 2)
    rows = table((SHARD, one, one.entry()) for one in logged)
    world.archive.write(rows, {SHARD: logged[-1].entry_id}, now_us())

    lines = await exported(redis, [LogHolding(world.streams, world.archive)])

    assert [line.get("item") for line in lines[1:-1]] == ["a", "b", "b", "c", "d"]
    assert lines[-1]["counts"] == {"archived_event": 4, "event": 1}


async def test_an_erasure_that_is_asked_for_during_an_export_ends_it(world: World, redis: Redis):
    await world.act(STAYER, "click", "a")

    async def leave() -> None:
        await world.erasures.request(STAYER, now_us())

    with pytest.raises(ConflictError):
        await exported(redis, [Meanwhile(leave)])

    with pytest.raises(ConflictError):
        await exported(redis, [])
    await world.applied()
    await world.erased()
    assert [line["type"] for line in await exported(redis, [])] == ["reader", "end"]


async def test_an_erasure_that_is_carried_out_during_an_export_ends_it(world: World, redis: Redis):
    async def erased() -> None:
        await world.erasures.request(STAYER, now_us())
        await world.erased()
        assert not await world.erasures.is_leaving(STAYER)

    with pytest.raises(ConflictError):
        await exported(redis, [Meanwhile(erased)])


async def test_erasures_of_others_are_nothing_to_an_export(world: World, redis: Redis):
    await world.act(LEAVER, "click", "a")
    await world.erasures.request(LEAVER, now_us())
    assert await world.eraser.pending() == {}, "waits for the boards"

    lines = await exported(redis, [LogHolding(world.streams, world.archive)])

    assert [line["type"] for line in lines] == ["reader", "end"]


async def test_an_export_that_fails_is_told_at_once(redis: Redis):
    async def fail() -> None:
        raise OSError("a disk that cannot be read")

    with pytest.raises(StoreUnavailableError, match="broke off"):
        await exported(redis, [Meanwhile(fail)])


async def test_an_export_that_takes_long_is_kept_and_one_that_was_dropped_takes_no_more(
    redis: Redis,
):
    exports, long_ago = Exports(Pipe(redis)), now_us() - 2 * TTL_S * SECOND_US
    asked = await exports.request(STAYER, long_ago)
    (export,) = (await exports.pending(long_ago)).values()
    await exports.start(asked, export)

    assert (await exports.pending(now_us()))[asked].is_started
    await exports.write(asked, export, b"{}\n")

    await ExportHolding(exports).erase([Leaver(STAYER, "0-0")])
    with pytest.raises(ConflictError):
        await exports.write(asked, export, b"{}\n")
    assert not await redis.exists(keys.export(asked))


async def test_what_is_taken_slowly_is_written_slowly_and_comes_whole(redis: Redis):
    exports = Exports(Pipe(redis))

    class Much(Meanwhile):
        async def export(self, _: str, /) -> AsyncIterator[dict[str, Any]]:
            for n in range(AHEAD + 40):
                yield {"type": "much", "n": n, "x": "x" * 70_000}

    asked = await exports.request(STAYER, now_us())
    writing = asyncio.create_task(Exporter(exports, [Much(None)]).run_once())
    pieces, lines, most = exports.read(asked), b"", 0
    async for piece in pieces:
        most = max(most, await redis.llen(keys.export(asked)))
        lines += piece
    await writing

    assert [line["n"] for line in map(json.loads, lines.splitlines()[1:-1])] == [*range(AHEAD + 40)]
    assert most <= AHEAD + 1


async def test_an_export_whose_asker_has_gone_is_not_written_to_its_end(redis: Redis):
    exports = Exports(Pipe(redis))
    asked = await exports.request(STAYER, now_us())

    async def leave() -> None:
        await exports.forget(asked)

    await Exporter(exports, [Meanwhile(leave)]).run_once()

    assert not await redis.exists(keys.export(asked), keys.EXPORTS)


async def test_two_are_written_at_a_time(redis: Redis, world: World):
    exports, entered = Exports(Pipe(redis)), asyncio.Semaphore(0)

    async def until_the_other() -> None:
        entered.release()
        for _ in range(2):
            await entered.acquire()
        for _ in range(3):
            entered.release()

    exporter = Exporter(exports, [Meanwhile(until_the_other)])
    asked = [await exports.request(user, now_us()) for user in (STAYER, LEAVER)]
    await asyncio.wait_for(asyncio.gather(exporter.run_once(), exporter.run_once()), 30)

    for identity in asked:
        assert len([piece async for piece in exports.read(identity)]) == 1
