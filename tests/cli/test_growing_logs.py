"""Files of events that grow: only what is new in them counts, however long ago they were imported."""

import json
from pathlib import Path

import pytest
from redis import Redis

from recsvc.store.bundled import socket_url
from tests.service import Service, wait_until

ROWS = [
    {"user": f"u{n % 7}", "item": f"i{n % 5}", "kind": "click", "at": f"2026-11-02T10:{n:02}:00Z"}
    for n in range(40)
]
ROWS += ROWS[:3]  # the same three again, which are three more
NEW = [{"user": "late", "item": "i1", "kind": "upvote", "at": "2026-11-03T10:00:00Z"}]


def as_lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: list[dict]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n"


FORMS = {"lines": as_lines, "list": json.dumps, "csv": as_csv}


@pytest.fixture(scope="module")
def archiving(tmp_path_factory: pytest.TempPathFactory):
    running = Service(tmp_path_factory.mktemp("growing") / "data", archive_every_s=0.2).start()
    yield running
    running.stop()
    running.http.close()


def imported(service: Service, path: Path) -> tuple[int, int]:
    done = service.run("import", "--json", str(path))
    summary = json.loads(done.stdout)
    assert summary["problems"] == []
    return summary["events"], summary["events_known"]


def forget_ids(service: Service) -> None:
    """What happens by itself after some days: everything is archived, and the store knows no id."""
    store = Redis.from_url(socket_url(Path(service.folder)), protocol=3)
    wait_until(
        lambda: not any(store.xlen(key) for key in store.scan_iter("rs:*:events")),
        "everything is archived",
        60,
    )
    for key in store.scan_iter("rs:*:ids:*"):
        store.delete(key)
    store.close()


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_grew_counts_only_what_is_new(archiving: Service, tmp_path: Path, form: str):
    rows, new = ([row | {"user": f"{form}-{row['user']}"} for row in some] for some in (ROWS, NEW))
    path = tmp_path / "log"
    path.write_text(FORMS[form](rows))
    first = imported(archiving, path)
    path.write_text(FORMS[form](rows + new))
    forget_ids(archiving)

    grown = imported(archiving, path)
    path.write_text(FORMS[form](rows[10:] + new))  # its beginning was cut off
    forget_ids(archiving)
    rotated = imported(archiving, path)

    assert (first, grown) == ((43, 0), (1, 43))
    assert rotated == (0, 34)


def test_events_that_came_over_http_are_known_in_a_file_too(archiving: Service, tmp_path: Path):
    rows = [row | {"user": "both", "event_id": str(n)} for n, row in enumerate(ROWS)]
    archiving.send(*rows[:40])
    forget_ids(archiving)
    path = tmp_path / "log"
    path.write_text(as_lines(rows))

    assert imported(archiving, path) == (3, 40)
    assert imported(archiving, path) == (0, 43)


def test_events_about_unknown_items_are_counted_and_kept(archiving: Service, tmp_path: Path):
    archiving.put("known-item")
    rows = [{"user": "odd", "item": item, "kind": "upvote"} for item in ("known-item", "x", "y")]
    path = tmp_path / "log"
    path.write_text(as_lines(rows))

    done = archiving.run("import", str(path))

    assert done.returncode == 0
    assert "2 of the events are about items that are not in the catalogue" in done.stderr
    assert len(archiving.get("/v1/users/odd")["interactions"]) == 3
