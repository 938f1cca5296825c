"""One recording through every door leaves the same profiles, boards and counters."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from recsvc.core.readers.events import accept, event_of
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import Profile, profile_of
from tests.doors.recording import DOORS, Door, Recorded
from tests.doors.seen import Seen
from tests.service import Service

NOW_US = 1_900_000_000_000_000
ITEMS = ("p1", "p2", "p3", "p4")
REFERENCE = next(door for door in DOORS if door.name == "in a batch")

_sent: dict[str, str] = {}


def through(door: Door, house: Service, folder: Path) -> str:
    """Send the recording through a door, once; return what its readers and items are called by."""
    if door.name not in _sent:
        prefix = f"door{len(_sent)}"
        house.put_all([{"id": f"{prefix}-{item}", "title": f"Paper {item}"} for item in ITEMS])
        door.send(house, door.restricted(prefix), folder)
        _sent[door.name] = prefix
    return _sent[door.name]


def expected(events: Recorded, user: str) -> Profile:
    """What the recording makes of a reader, by the reference in Python."""
    mine = {e.get("event_id", n): e for n, e in enumerate(events) if e["user"] == user}
    if any("event_id" not in e and "at" in e for e in mine.values()):
        mine = {
            (e["kind"], e["item"], e["at"]): e for e in mine.values()
        }  # the same row is the same
    entries = [
        accept(event_of({**e, "at": None, "event_id": None}), None, KINDS, NOW_US + n)
        if "at" not in e
        else accept(_typed(e), None, KINDS, NOW_US)
        for n, e in enumerate(mine.values())
    ]
    return profile_of(entries, KINDS)


def _typed(event: dict[str, Any]) -> Any:
    return event_of({**event, "at": datetime.fromisoformat(event["at"])})


def stored_form(profile: Profile) -> dict[str, dict[str, Any]]:
    return {
        i.item: {**i.states, **{name: list(s) for name, s in i.signals.items()}}
        for i in profile.interactions
    }


def without_times(profile: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Which states are on and how often what was done, not when."""
    return {
        item: {
            name: value[:2] if isinstance(value, list) else value > 0
            for name, value in done.items()
        }
        for item, done in profile.items()
    }


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_profiles_are_what_the_recording_says(
    house: Service, seen: Seen, tmp_path: Path, door: Door
):
    prefix = through(door, house, tmp_path)

    events = door.restricted(prefix)
    for reader in door.readers:
        named = f"{prefix}-{reader}"
        user = named if door.is_timed else seen.reader_of(f"{prefix}-p1")
        wanted, found = expected(events, named), seen.profile(user)
        if door.is_timed:
            assert found == stored_form(wanted)
            assert seen.shown(user) == wanted.shown
        else:
            assert without_times(found) == without_times(stored_form(wanted))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_boards_and_counters_are_those_of_any_other_door(
    house: Service, seen: Seen, tmp_path: Path, door: Door
):
    mine, theirs = through(door, house, tmp_path), through(REFERENCE, house, tmp_path)

    if door.is_timed:
        for item in ITEMS:
            assert seen.board(f"{mine}-{item}") == seen.board(f"{theirs}-{item}"), item
            # What is written of a vote besides its instant is who vouches for it, which is the door's.
            assert {
                u.removeprefix(mine): at.partition(b":")[0]
                for u, at in seen.votes(f"{mine}-{item}").items()
            } == {
                u.removeprefix(theirs): at.partition(b":")[0]
                for u, at in seen.votes(f"{theirs}-{item}").items()
            }
    else:
        user = seen.reader_of(f"{mine}-p1")
        wanted = expected(door.restricted(mine), f"{mine}-ann")
        voted = {i.item for i in wanted.interactions if i.states.get("upvote", 0) > 0}
        assert {f"{mine}-{i}" for i in ITEMS if user in seen.votes(f"{mine}-{i}")} == voted


@pytest.mark.parametrize("door", [d for d in DOORS if d.is_timed], ids=lambda door: door.name)
def test_a_recording_that_comes_by_the_same_door_again_changes_nothing(
    house: Service, seen: Seen, tmp_path: Path, door: Door
):
    prefix = through(door, house, tmp_path)
    users = [f"{prefix}-{reader}" for reader in door.readers]
    before = [(seen.profile(user), len(seen.entries(user))) for user in users]

    door.send(house, door.restricted(prefix), tmp_path)

    assert [(seen.profile(user), len(seen.entries(user))) for user in users] == before
