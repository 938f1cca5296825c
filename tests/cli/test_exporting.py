"""What is taken out of one service and brought into another is the same there."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.doors.recording import recording
from tests.doors.seen import Seen
from tests.service import Service

ITEMS: list[dict[str, Any]] = [
    {"id": "p1", "title": "Paper, one; \"quoted\" | and so on", "text": "Two\nlines, and é\n\nmore",
     "url": "https://example.org/p1", "authors": ["A; B", "C|D"], "topics": ["a;b", "c"],
     "organisation": {"slug": "org", "name": "The Org"}, "published_at": "2026-10-01T00:00:00Z",
     "listed_at": "2026-10-02T03:04:05.678901Z", "upvotes": 7, "comments": 2, "owners": ["bob"],
     "aliases": ["arxiv:1", "doi/10.1/x"], "extra": {"deep": {"list": [1, "two", None]}}},
    {"id": "p2", "title": "[in brackets]", "hidden": False, "listed_at": "2026-10-03T00:00:00Z"},
    {"id": "p3", "title": "{in braces}", "hidden": True, "listed_at": "2026-10-04T00:00:00Z",
     "n_authors": 12},
    {"id": "p4", "title": "x" * 1000, "text": "y" * 5000, "listed_at": "2026-10-05T00:00:00Z",
     "expires_at": "2099-01-01T00:00:00Z"},
    {"id": "=HYPERLINK(\"https://evil.com\")", "title": "@SUM(1+1)*cmd|' /C calc'!A0", "text": "'-1",
     "authors": ["+a", "-b"], "listed_at": "2026-10-06T00:00:00Z"},
]  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with all kinds of events, of which some are archived and some are not."""
    service = Service(tmp_path_factory.mktemp("full") / "data", archive_every_s=0.5).start()
    service.put_all(ITEMS)
    events = recording()
    service.send(*events[:15])
    service.settled()
    formula = {"user": "-2+3", "kind": "click", "item": "=1+1", "event_id": "@x"}
    service.send(*events[15:], {"user": "anon:1", "kind": "click", "item": "p2"}, formula)
    service.settled()
    yield service
    service.stop()
    service.http.close()


@pytest.fixture
def empty(new_service: Any) -> Service:
    started: Service = new_service().start()
    return started


def moved(full: Service, empty: Service, form: str, folder: Path) -> None:
    for what in ("items", "events"):
        path = folder / f"{what}.{form}"
        done = full.run("export", what, "--format", form, "--to", str(path))
        assert done.returncode == 0, done.stderr
        brought = empty.run("import", str(path))
        assert brought.returncode == 0, brought.stdout + brought.stderr
    empty.settled()


def items(service: Service) -> list[dict[str, Any]]:
    return service.get("/v1/items", hidden="show", limit=1_000)["items"]


def states(seen: Seen, user: str) -> dict[str, dict[str, int]]:
    """What stands of a reader, and since when."""
    return {
        item: standing
        for item, done in seen.profile(user).items()
        if (standing := {n: at for n, at in done.items() if isinstance(at, int) and at > 0})
    }


def instants(votes: dict[str, bytes]) -> dict[str, bytes]:
    """Since when who votes, whoever vouches for it."""
    return {user: vote.rpartition(b":")[0] for user, vote in votes.items()}


@pytest.mark.parametrize("form", ["jsonl", "csv", "gorse"])
def test_items_profiles_and_boards_are_the_same_there(
    full: Service, empty: Service, tmp_path: Path, form: str
):
    moved(full, empty, form, tmp_path)

    assert items(empty) == items(full)
    here, there = Seen(full), Seen(empty)
    for user in ("ann", "bob"):
        if form == "gorse":  # what stands, and no more
            assert states(there, user) == states(here, user)
        else:
            assert there.profile(user) == here.profile(user)
            assert there.shown(user) == here.shown(user)
    for item in ("p1", "p2", "p3", "p4"):
        if form == "gorse":  # whose feedback has no field for who vouches: there it is who imports
            assert instants(there.votes(item)) == instants(here.votes(item))
        else:
            assert there.votes(item) == here.votes(item)
            assert there.board(item) == here.board(item)
    here.close()
    there.close()


def test_parquet_says_what_the_lines_say(full: Service, tmp_path: Path):
    n_events = len({(e["user"], e["event_id"]) for e in recording()}) + 2
    for what, n in (("items", 5), ("users", 3), ("events", n_events)):
        path = tmp_path / f"{what}.parquet"
        done = full.run("export", what, "--format", "parquet", "--to", str(path))
        assert done.returncode == 0, done.stderr
        printed = full.run("export", what)
        lines = [json.loads(line) for line in printed.stdout.splitlines()]
        table = pl.read_parquet(path)

        assert table.height == len(lines) == n
        key = {"items": "id", "users": "id", "events": "event_id"}[what]
        assert table[key].to_list() == [line.get(key) for line in lines]
        moments = {"items": "listed_at", "users": "last_at", "events": "at"}[what]
        assert table.schema[moments] == pl.Datetime("us", "UTC")
        assert f"{n} {what} exported" in printed.stderr
        assert list(tmp_path.glob(f"{what}*")) == [path], "nothing else is left there"


def test_gorses_users_are_those_who_did_something(full: Service):
    done = full.run("export", "users", "--format", "gorse")

    assert [json.loads(line)["UserId"] for line in done.stdout.splitlines()] == [
        "-2+3", "ann", "bob",
    ]  # fmt: skip


def test_no_cell_of_a_table_is_a_formula(full: Service):
    for what in ("items", "users", "events"):
        done = full.run("export", what, "--format", "csv")
        rows = list(csv.reader(done.stdout.splitlines()))

        cells = [cell for row in rows for cell in row if cell]
        assert not [cell for cell in cells if cell[0] in "=+-@\t\r"]
        assert any(cell.startswith(("'=", "'-", "'@")) for cell in cells)


def test_parquet_is_not_printed(full: Service):
    done = full.run("export", "items", "--format", "parquet")

    assert done.returncode == 2
    assert "--to FILE" in done.stderr
