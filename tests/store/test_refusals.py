"""What a store refuses is one error, whatever the reason, told when it begins and when it ends."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recsvc.errors import StoreError, StoreRefusesError
from recsvc.store import keys
from recsvc.store.bundled.binary import server_binary
from recsvc.store.connection import Redis, connect, look_whether_it_accepts, translated
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe
from recsvc.store.refusals import REASONS, refusals
from tests.store.condition import CONDITIONS, until_accepted

# As servers word them (Valkey 9, Redis 8), on the wire.
WORDED = {
    "OOM": "command not allowed when used memory > 'maxmemory'. script: 0a1b, on @user_script:12.",
    "MISCONF": "Errors writing to the AOF file: No space left on device",
    "READONLY": "You can't write against a read only replica.",
    "NOREPLICAS": "Not enough good replicas to write.",
    "MASTERDOWN": "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN": "The cluster is down",
    "TRYAGAIN": "Multiple keys request during rehashing of slot",
    "LOADING": "Valkey is loading the dataset in memory",
    "BUSY": "Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "NOPERM": "User reader has no permissions to run the 'set' command",
}
OTHERS = [
    "ERR unknown command",
    "WRONGTYPE Operation against a key",
    "BUSYGROUP exists",
    "ERR OOMPH",
]


@asynccontextmanager
async def answering(line: str) -> AsyncIterator[Redis]:
    """A client of a server that answers every command with one line."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            n = sum(1 for part in data.split(b"\r\n") if part.startswith(b"*"))
            greets = b"HELLO" in data
            reply = b"%1\r\n+proto\r\n:3\r\n" if greets else f"-{line}\r\n".encode()
            writer.write(reply * n)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = connect(f"redis://127.0.0.1:{port}?driver_info=")
    try:
        yield client
    finally:
        await client.aclose()
        server.close()


async def until(predicate: Callable[[], bool], what: str) -> None:
    for _ in range(500):
        if predicate():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{what}: not within 10 s")


async def until_failed(client: Redis) -> None:
    for _ in range(500):
        if (await client.info("persistence"))["rdb_last_bgsave_status"] == "err":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the dump does not fail")


def test_every_reason_is_tried() -> None:
    assert WORDED.keys() == REASONS.keys()


@pytest.mark.parametrize("reason", REASONS)
async def test_a_refusal_is_one_error_whichever_way_it_comes(reason: str) -> None:
    async with answering(f"{reason} {WORDED[reason]}") as client:
        pipe = Pipe(client)
        with pytest.raises(StoreRefusesError, match=reason):
            await pipe.send("SET", "a", 1)
        with pytest.raises(StoreRefusesError, match=reason):
            await pipe.send_all([("SET", "a", 1), ("SET", "b", 1)])
        with pytest.raises(StoreRefusesError, match=reason), translated():
            await client.set("a", 1)
        pipeline = client.pipeline(transaction=False).set("a", 1)
        with pytest.raises(StoreRefusesError, match=reason), translated():
            await pipeline.execute()
        assert refusals.problem is not None
        assert reason in refusals.problem
    refusals.end()


@pytest.mark.parametrize("line", OTHERS)
async def test_what_can_never_succeed_is_no_refusal(line: str) -> None:
    async with answering(line) as client:
        with pytest.raises(StoreError) as caught:
            await Pipe(client).send("SET", "a", 1)
        assert type(caught.value) is StoreError
        assert refusals.reason is None


@pytest.mark.one_server
@pytest.mark.parametrize("reason", CONDITIONS)
async def test_a_real_server_refuses_and_takes_writes_again(redis: Redis, reason: str) -> None:
    items = Items(Pipe(redis))
    catalogue = await items.catalogue_id()
    with capture_logs() as logs:
        async with CONDITIONS[reason](redis):
            for _ in range(3):
                with pytest.raises(StoreRefusesError, match=reason):
                    await Pipe(redis).send("SET", "a", 1)
            await asyncio.sleep(1.1)
            await look_whether_it_accepts(redis)
            assert refusals.reason == reason, "it was asked, and still refuses"
        await until_accepted(redis)
    assert [line["event"] for line in logs] == ["store_refuses", "store_accepts"]
    assert logs[1]["n_refused"] == 3
    assert await items.catalogue_id() == catalogue, "asking changed nothing"


async def test_a_disk_that_cannot_be_written_to(tmp_path: Path) -> None:
    folder, socket = tmp_path / "dump", tmp_path / "s"
    folder.mkdir()
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "3600 1"]
    server = await asyncio.create_subprocess_exec(
        str(server_binary()), *options, stdout=asyncio.subprocess.DEVNULL
    )
    client = connect(f"unix://{socket}")
    try:
        await until(socket.exists, "the server listens")
        await client.set(keys.CATALOGUE, "c")
        shutil.rmtree(folder)
        await client.bgsave()
        await until_failed(client)
        with pytest.raises(StoreRefusesError, match="MISCONF"):
            await Pipe(client).send("SET", "a", 1)
        await client.config_set("stop-writes-on-bgsave-error", "no")
        await until_accepted(client)
    finally:
        await client.aclose()
        server.kill()
        await server.wait()
