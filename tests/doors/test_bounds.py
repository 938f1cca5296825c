"""Events are bounded, whoever makes them: what is too large or wrong is refused, nothing stored."""

import ast
import json
from pathlib import Path

import httpx
import pytest

from recsvc.core.readers.events import Event
from recsvc.errors import InvalidError
from tests.doors.seen import Seen
from tests.service import REPOSITORY, Service

MAKER = Path("recsvc/core/readers/events.py")
# What it reads back are entries that were taken long ago.
READS_BACK = {Path("workers/log/reading.py"), Path("workers/log/rebuilding.py")}

BAD = {
    "item": ["", "x" * 257, "a\nb", "a\n", "\x7f", "y" * 60_000],
    "kind": ["", "unheard-of", "z" * 60_000],
    "feed_id": ["f" * 257, "f\x00", "f" * 60_000],
    "position": [-1, 100_001, "first", 1.5],
    "event_id": ["e" * 257, "e\x1b", "e" * 60_000],
    "value": [-1, 1e7, "much"],
    "at": ["yesterday", "1969-01-01T00:00:00Z", "9999-01-01T00:00:00Z"],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]
GOOD = {"item": "bounds", "kind": "upvote"}


def cases(*fields: str) -> list[tuple[str, object]]:
    return [(name, value) for name, value in CASES if name in fields]


def stored_of(seen: Seen, *users: str) -> int:
    return sum(len(seen.entries(user)) for user in users)


@pytest.mark.parametrize("sent", ["one", "batch", "lines"])
@pytest.mark.parametrize(("field", "value"), CASES)
def test_over_http(house: Service, seen: Seen, field: str, value: object, sent: str):
    bad = json.dumps({"user": "bound-http", **GOOD, field: value})
    body = {"one": bad, "batch": f"[{bad}]", "lines": f"{bad}\n{bad}"}[sent]

    answer = house.http.post("/v1/events", content=body)

    if sent == "one":
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == field
    else:
        assert {(r["field"], r["index"]) for r in answer.json()["rejected"]} >= {(field, 0)}
    assert stored_of(seen, "bound-http") == 0


@pytest.mark.parametrize("path", ["/vote", "/click"])
@pytest.mark.parametrize(("field", "value"), cases("item", "kind", "feed_id", "position"))
def test_by_the_buttons_of_our_pages(
    house: Service, seen: Seen, path: str, field: str, value: object
):
    good = GOOD | {"kind": "click" if path == "/click" else "upvote", "feed_id": "f", "position": 1}
    with httpx.Client(base_url=house.http.base_url) as browser:
        browser.post("/vote", data=GOOD | {"item": "bounds-first"})
        before = all_entries(seen)

        answer = browser.post(path, data=good | {field: value})

    assert answer.status_code == 400, answer.text
    assert all_entries(seen) == before


@pytest.mark.parametrize(("field", "value"), [*cases("item", "feed_id", "position"), ("n", 201)])
def test_by_what_our_pages_showed(house: Service, seen: Seen, field: str, value: object):
    one = {"item": "bounds", "position": 1, "feed_id": "f", "n": 1} | {field: value}
    places = [[one["item"], one["position"]]] * int(one["n"])
    with httpx.Client(base_url=house.http.base_url) as browser:
        browser.post("/vote", data=GOOD | {"item": "bounds-first"})
        before = all_entries(seen)

        form = {"feed_id": one["feed_id"], "places": json.dumps(places)}
        answer = browser.post("/seen", data=form)

    assert answer.status_code == 400, answer.text
    assert all_entries(seen) == before


@pytest.mark.parametrize("path", ["/vote", "/click", "/seen", "/reader", "/follow", "/erase-me"])
def test_a_form_is_no_larger_than_what_is_read_of_a_stranger(house: Service, seen: Seen, path: str):
    before = all_entries(seen)

    answer = house.http.post(path, data=GOOD | {"feed_id": "f" * 4_000_000})

    assert answer.status_code in (404, 413), answer.text
    assert all_entries(seen) == before


@pytest.mark.parametrize(("field", "value"), cases("item", "kind"))
def test_by_gorses_api(house: Service, seen: Seen, field: str, value: object):
    names = {"item": "ItemId", "kind": "FeedbackType"}
    row = {"FeedbackType": "like", "UserId": "bound-gorse", "ItemId": "bounds"}

    answer = house.http.post("/gorse/api/feedback", json=[row | {names[field]: value}])

    if value == "unheard-of":  # other types are clicks
        assert answer.status_code == 200
        return
    assert answer.status_code == 400, answer.text
    assert not [e for e in seen.entries("bound-gorse") if e["kind"] != "click"]


@pytest.mark.parametrize("form", ["lines", "list", "table"])
def test_from_files(house: Service, seen: Seen, tmp_path: Path, form: str):
    """Every bad event in one file, and a good one at the end."""
    user = f"bound-{form}"
    rows = [
        {"user": user, **GOOD, name: value}
        for name, value in CASES
        if not (form == "table" and isinstance(value, str) and (not value or "\n" in value))
    ]
    rows.append({"user": user, **GOOD})
    names = list(Event.__struct_fields__)
    text = {
        "lines": "".join(json.dumps(row) + "\n" for row in rows),
        "list": json.dumps(rows),
        "table": "\n".join(
            [",".join(names), *(",".join(str(row.get(n, "")) for n in names) for row in rows)]
        ),
    }[form]
    path = tmp_path / "bad.txt"
    path.write_text(text)

    done = house.run("import", "--json", str(path))

    summary = json.loads(done.stdout)
    assert (summary["events"], summary["n_problems"]) == (1, len(rows) - 1), summary["problems"]
    assert len(seen.entries(user)) == 1


def test_one_place_makes_events():
    """Nobody else calls a constructor that checks nothing."""
    found = set()
    for path in [*REPOSITORY.glob("recsvc/**/*.py"), *REPOSITORY.glob("workers/**/*.py")]:
        where = path.relative_to(REPOSITORY)
        tree = ast.parse(path.read_text())
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "recsvc.core.readers.events"
            for alias in node.names
            if alias.name in ("Event", "Entry")
        }
        calls = {n.func.id for n in ast.walk(tree)
                 if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}  # fmt: skip
        if names & calls:
            found.add(where)

    assert found == READS_BACK
    assert (REPOSITORY / MAKER).exists()


@pytest.mark.parametrize(("field", "value"), cases("item", "feed_id", "event_id", "position"))
def test_made_by_hand(field: str, value: object):
    from recsvc.core.readers.events import event_of

    with pytest.raises(InvalidError) as refused:
        event_of(GOOD | {field: value})
    assert refused.value.field == field


def all_entries(seen: Seen) -> int:
    return sum(seen.redis.xlen(key) for key in seen.redis.scan_iter("rs:*:events"))
