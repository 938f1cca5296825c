"""One table of Gorse's feedback types, whichever door their rows come by."""

import json
from pathlib import Path

import pytest

from recsvc.core.readers.gorse_feedback import ALL_OTHERS, TYPES
from recsvc.core.readers.kinds import KINDS
from tests.doors.conftest import FEEDBACK
from tests.doors.seen import Seen
from tests.service import Service

THEN = "2026-11-02T10:00:00Z"
OF_ITS_OWN = ("view", "Whatever", "LIKE", "Star", "favourite")
NAMES = sorted({*TYPES, *KINDS, *json.loads(FEEDBACK), *OF_ITS_OWN} - {ALL_OTHERS})


def rows(user: str) -> list[dict]:
    return [
        {"FeedbackType": name, "UserId": f"{user}-{name}", "ItemId": f"types/{name}",
         "Value": 30.5, "Timestamp": THEN}
        for name in NAMES
    ]  # fmt: skip


@pytest.fixture(scope="module")
def imported(house: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bulk") / "feedback.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows("file")))
    done = house.run("import", str(path))
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def sent(house: Service) -> None:
    done = house.http.post("/gorse/api/feedback", json=rows("api"))
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("name", NAMES)
def test_every_type_means_the_same_by_the_api_and_in_a_bulk_file(
    seen: Seen, imported: Path, sent: None, name: str
):
    by_api, by_file = seen.entries(f"api-{name}"), seen.entries(f"file-{name}")

    assert len(by_api) == 1
    what = ("item", "kind", "at_us", "event_id", "value_milli")
    assert [e.get(w) for e in by_file for w in what] == [e.get(w) for e in by_api for w in what]
    assert seen.profile(f"file-{name}") == seen.profile(f"api-{name}")
    assert seen.shown(f"file-{name}") == seen.shown(f"api-{name}")


def test_a_row_that_came_by_both_doors_counts_once(
    house: Service, seen: Seen, tmp_path: Path, sent: None
):
    path = tmp_path / "again.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows("api")))

    done = house.run("import", str(path))

    assert done.stdout == f"{len(NAMES)} events: 0 recorded, {len(NAMES)} known before\n"
    assert len(seen.entries("api-view")) == 1


def test_what_is_said_of_a_type_on_the_command_line_goes_before_the_table(
    house: Service, seen: Seen, tmp_path: Path
):
    path = tmp_path / "own.jsonl"
    row = {"FeedbackType": "like", "UserId": "own-word", "ItemId": "types/own", "Timestamp": THEN}
    path.write_text(json.dumps(row) + "\n")

    house.run("import", "--kind", "like=share", str(path))

    assert [entry["kind"] for entry in seen.entries("own-word")] == ["share"]
