"""`recsvc rebuild`: right after a service was killed, and after its store was damaged."""

import asyncio
import json

import pytest

from recsvc.errors import ConflictError
from recsvc.store import keys
from recsvc.store.connection import connect
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from tests.cli.conftest import Cli
from tests.service import wait_until
from workers.log.archive import Archive
from workers.training.gathering import gathered


def test_a_service_that_was_killed_can_be_rebuilt_at_once(new_service):
    service = new_service().start()
    service.put_all([{"id": "beetles", "title": "Beetles"}])
    service.act("u", "upvote", "beetles")
    wait_until(lambda: service.ids("/v1/trending") == ["beetles"], "the vote on the boards")

    service.part("worker")
    service.kill()
    done = service.run("rebuild", "boards")

    assert (done.returncode, done.stderr.count("\n")) == (0, 1), "which store, and nothing else"
    assert "1 items counted anew" in done.stdout


def test_items_that_damage_gave_one_row_are_told_of_and_mended(cli: Cli, store_url: str):
    async def gather() -> None:
        store = connect(store_url)
        try:
            archive = Archive(cli.folder / "archive")
            await gathered(archive, Streams(store, "w"), Items(Pipe(store)), 1)
        finally:
            await store.aclose()

    def put(*ids: str) -> None:
        rows = "".join(json.dumps({"id": i, "title": i}) + "\n" for i in ids)
        assert cli.run("import", cli.file("items.jsonl", rows)).exit_code == 0

    put("a", "b", "c")
    cli.redis.hdel(keys.ROWS, "a")
    put("late")  # it gets the row of `c`

    with pytest.raises(ConflictError, match="recsvc rebuild"):
        asyncio.run(gather())
    done = cli.run("rebuild")

    assert "items have another row: a model is trained anew" in done.stdout
    asyncio.run(gather())
