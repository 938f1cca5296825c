"""Clocks of devices are wrong: no vote is lost for it, and none wins for ever."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.clock import SECOND_US, from_us, to_us
from recsvc.core.readers.events import accept, event_of
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import profile_of
from tests.doors.seen import Seen
from tests.service import Service

START_US = to_us(datetime(2026, 11, 1, tzinfo=UTC))
AHEAD = timedelta(minutes=10)
seconds = st.integers(0, 3_600)


@given(
    ahead=st.integers(-(10**6), 10**6),
    votes=st.lists(
        st.tuples(st.integers(1, 60), st.sampled_from(["upvote", "unvote"])), min_size=1
    ),
    waits=st.lists(seconds, min_size=20, max_size=20),
)
def test_whatever_a_clock_says_the_last_vote_stands_at_its_time(ahead, votes, waits):
    """Votes of one device, each sent a while after it was given."""
    entries, at_us = [], START_US
    for (pause, kind), wait in zip(votes, waits * len(votes), strict=False):
        at_us += pause * SECOND_US
        said, sent = (at_us + s * SECOND_US for s in (ahead, ahead + wait))
        event = event_of({"item": "a", "kind": kind, "at": from_us(said), "sent_at": from_us(sent)})
        entries.append(accept(event, "u", KINDS, at_us + wait * SECOND_US))

    states = profile_of(entries, KINDS).interactions[0].states
    off_by_us = abs(abs(states["upvote"]) - at_us)
    assert (states["upvote"] > 0) == (votes[-1][1] == "upvote")
    assert off_by_us <= 5 * SECOND_US, "what a slow network may explain is left alone"


@given(ahead_us=st.integers(0, 300 * SECOND_US), later_us=st.integers(1, 300 * SECOND_US))
def test_a_time_a_little_ahead_does_not_win_over_later_votes(ahead_us: int, later_us: int):
    vote = event_of({"item": "a", "kind": "upvote", "at": from_us(START_US + ahead_us)})
    back = event_of({"item": "a", "kind": "unvote"})

    entries = [
        accept(vote, "u", KINDS, START_US),
        accept(back, "u", KINDS, START_US + later_us),
    ]

    assert profile_of(entries, KINDS).interactions[0].states["upvote"] < 0


def said(moment: datetime) -> str:
    return moment.isoformat()


@pytest.mark.parametrize("where", ["event", "batch"])
@pytest.mark.parametrize("ahead", [AHEAD, -AHEAD, timedelta(days=400)])
def test_over_http(house: Service, seen: Seen, where: str, ahead: timedelta):
    user = f"clock-{where}-{ahead.total_seconds():.0f}"
    now = datetime.now(UTC)
    at, sent_at = said(now + ahead - timedelta(seconds=30)), said(now + ahead)
    event = {"user": user, "item": "a", "kind": "upvote", "at": at, "event_id": "1"}
    body = {
        "event": [event | {"sent_at": sent_at}],
        "batch": {"events": [event], "sent_at": sent_at},
    }[where]

    answer = house.http.post("/v1/events", content=json.dumps(body)).json()

    assert (answer["accepted"], answer["rejected"]) == (1, [])
    (entry,) = seen.entries(user)
    happened = from_us(entry["at_us"])
    assert abs(happened - (now - timedelta(seconds=30))) < timedelta(seconds=15)
    house.act(user, "unvote", "a")
    assert house.http.get(f"/v1/users/{user}").json()["interactions"] == []


def test_a_clock_that_is_far_ahead_and_does_not_say_so_is_refused(house: Service):
    at = said(datetime.now(UTC) + AHEAD)

    answer = house.act("clock-silent", "upvote", "a", at=at)

    assert [r["field"] for r in answer["rejected"]] == ["at"]


def test_what_changes_nothing_says_so_and_counts_once(house: Service, seen: Seen):
    then, later = "2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z"
    house.act("clock-late", "unvote", "a", at=later)

    late = house.act("clock-late", "upvote", "a", at=then, event_id="late")
    again = house.act("clock-late", "upvote", "a", at=then, event_id="late")
    back = house.act("clock-late", "unsave", "a")
    fine = house.act("clock-late", "save", "a")

    assert late == {"accepted": 1, "duplicates": 0, "rejected": [], "unchanged": 1}
    assert again == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert back["unchanged"] == 1
    assert "unchanged" not in fine
    assert len(seen.entries("clock-late")) == 4


def test_a_repeated_event_without_an_id_is_known_by_what_it_said(house: Service, seen: Seen):
    now = datetime.now(UTC)
    event = {"user": "clock-twice", "item": "a", "kind": "click", "at": said(now + AHEAD)}

    for wait in (1, 2, 3):
        house.send(event | {"sent_at": said(now + AHEAD + timedelta(seconds=wait))})

    assert len(seen.entries("clock-twice")) == 1
