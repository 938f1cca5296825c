"""docs/upgrading.md is true: whoever meets a newer format says so and touches nothing."""

import asyncio
import re
from pathlib import Path

import msgspec
import polars as pl
import pytest

from recsvc.cli.context import check_store
from recsvc.core.model.snapshot import FORMAT_VERSION
from recsvc.core.readers.events import Entry
from recsvc.errors import NewerError
from recsvc.settings import from_environment
from recsvc.store import keys
from recsvc.store.formats import STORE_FORMAT
from recsvc.store.log.streams import Logged
from tests.cli.conftest import Cli
from tests.service import REPOSITORY
from workers.log import backup, manifest
from workers.log.archive import Archive, table
from workers.log.decoding import decoded
from workers.log.depot import Folder

NEWER = "of a newer release"
ENTRY = Entry("u", "i", "upvote", 1, 2)


def test_the_page_has_the_numbers_of_the_code():
    page = (REPOSITORY / "docs" / "upgrading.md").read_text()
    rows = re.findall(r"^\| ([a-z ]+?) \| (\d+) \|", page, re.M)

    assert {what: int(number) for what, number in rows} == {
        "keys in the store": STORE_FORMAT,
        "archive": manifest.ARCHIVE_FORMAT,
        "backup": backup.BACKUP_FORMAT,
        "snapshot": FORMAT_VERSION,
    }


def test_a_start_notes_the_format_and_a_store_of_a_newer_one_is_left_alone(cli: Cli):
    settings = from_environment({}, redis_url=cli.env["RECSVC_REDIS_URL"], data_dir=str(cli.folder))
    asyncio.run(check_store(settings))
    assert cli.redis.get(keys.FORMAT) == str(STORE_FORMAT)

    cli.redis.flushall()
    cli.redis.set(keys.FORMAT, STORE_FORMAT + 1)

    with pytest.raises(NewerError, match=NEWER):
        asyncio.run(check_store(settings))
    paper = cli.file("papers.jsonl", '{"id": "a", "title": "Words"}\n')
    for command in (
        ["snapshots", "list"],
        ["import", paper],
        ["keys", "create", "secret"],
        ["train"],
    ):
        done = cli.run(*command)
        assert done.exit_code == 2
        assert NEWER in done.stderr
    assert cli.redis.keys() == [keys.FORMAT]


def test_an_archive_of_a_newer_format_is_left_alone(tmp_path: Path):
    archive = Archive(tmp_path)
    archive.write(table([(0, Logged("1-0", {}), ENTRY)]), {0: "1-0"}, 1)
    newer = {"format": manifest.ARCHIVE_FORMAT + 1, "files": "elsewhere"}
    (tmp_path / manifest.NAME).write_bytes(raw := msgspec.json.encode(newer))
    there = set(tmp_path.rglob("*.parquet"))

    for touch in (
        archive.read,
        archive.tend,
        lambda: archive.write(table([(0, Logged("2-0", {}), ENTRY)]), {0: "2-0"}, 2),
        lambda: archive.erase({"u": "9-0"}),
    ):
        with pytest.raises(NewerError, match=NEWER):
            touch()

    assert (tmp_path / manifest.NAME).read_bytes() == raw
    assert set(tmp_path.rglob("*.parquet")) == there


def test_a_backup_of_a_newer_format_is_not_restored(tmp_path: Path):
    made, to = tmp_path / "backup", tmp_path / "data"
    made.mkdir()
    (made / backup.NAME).write_bytes(msgspec.json.encode({"format": backup.BACKUP_FORMAT + 1}))

    with pytest.raises(NewerError, match=NEWER):
        backup.restore(Folder(made), to)

    assert not to.exists()


def test_entries_and_files_with_fields_of_a_newer_release_are_read_without_them(tmp_path: Path):
    packed = msgspec.msgpack.encode(msgspec.to_builtins(ENTRY) | {"mood": "fine"})
    assert decoded(Logged("1-0", {b"e": packed})) == ENTRY

    archive = Archive(tmp_path)
    events = table([(0, Logged("1-0", {}), ENTRY)])
    file = archive.write(events, {0: "1-0"}, 1)
    archive.rewrite(file, events.with_columns(pl.lit("fine").alias("mood")))
    assert Archive(tmp_path).read().equals(events)
