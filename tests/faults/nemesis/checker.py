"""The comparison: the log with what was acknowledged, and boards and profiles with the log."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from recsvc.clock import from_us, to_us
from recsvc.core.items.trending import TrendingParams
from recsvc.core.readers.profile import Profile
from recsvc.store.bundled import socket_url
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles
from tests.faults.nemesis.history import Event, History
from workers.log.archive import Archive
from workers.log.reading import read_log

_SIGNALS = ("click", "impression")
_STATES = {"upvote": "upvote", "unvote": "upvote", "save": "save", "hide": "hide", "unhide": "hide"}
_CLEARING = ("unvote", "unhide")


class Found(msgspec.Struct):
    """What a site holds."""

    log: pl.DataFrame
    boards: dict[str, Any]
    profiles: dict[str, Profile]


def differences(folder: Path, history: History) -> Iterator[str]:
    """Yield what is not as it was acknowledged; nothing may be under way."""
    found = asyncio.run(_found(folder))
    yield from _log_differences(found.log["event_id"].to_list(), history)
    events = list(
        found.log.select("event_id", "user", "item", "kind", "at_us").iter_rows(named=True)
    )
    yield from _content_differences(events, history)
    states = _latest(events)
    yield from _board_differences(events, states, found.boards)
    yield from _profile_differences(states, found.profiles)


def _log_differences(ids: list[str], history: History) -> Iterator[str]:
    counts = Counter(ids)
    for event_id, n in counts.items():
        if n > 1:
            yield f"{event_id} is in the log {n} times"
        if event_id not in history.acknowledged:
            yield f"{event_id} is in the log and was never acknowledged"
    for event_id in history.acknowledged.keys() - counts.keys() - history.lost_by_right:
        yield f"{event_id} is lost: {history.acknowledged[event_id]}"


def _content_differences(events: list[Event], history: History) -> Iterator[str]:
    for e in events:
        sent = history.acknowledged.get(e["event_id"])
        if sent is not None and _content(sent) != (e["user"], e["item"], e["kind"], e["at_us"]):
            yield f"{e['event_id']} was {sent} and is {e}"


def _content(sent: Event) -> tuple[str, str, str, int]:
    return sent["user"], sent["item"], sent["kind"], to_us(datetime.fromisoformat(sent["at"]))


def _latest(events: list[Event]) -> dict[tuple[str, str, str], tuple[int, bool]]:
    """By reader, item and state: when it was last set, and whether to off; off wins at equal times."""
    states: dict[tuple[str, str, str], tuple[int, bool]] = {}
    for e in events:
        if e["kind"] in _STATES:
            key = e["user"], e["item"], _STATES[e["kind"]]
            new = e["at_us"], e["kind"] in _CLEARING
            states[key] = max(states.get(key, (0, False)), new)
    return states


def _board_differences(
    events: list[Event],
    states: dict[tuple[str, str, str], tuple[int, bool]],
    boards: dict[str, Any],
) -> Iterator[str]:
    expected = Counter((e["item"], e["kind"]) for e in events if e["kind"] in _SIGNALS)
    expected += Counter((item, state) for (_, item, state), (_, off) in states.items() if not off)
    for item in {e["item"] for e in events}:
        row = boards.get(item)
        has = {} if row is None else row.counts | {"upvote": row.votes}
        for counter in (*_SIGNALS, "upvote", "save", "hide"):
            if has.get(counter, 0) != expected[item, counter]:
                yield f"{item}: {counter} is {has.get(counter, 0)}, not {expected[item, counter]}"


def _profile_differences(
    states: dict[tuple[str, str, str], tuple[int, bool]], profiles: dict[str, Profile]
) -> Iterator[str]:
    known = {
        (user, one.item, state): (abs(at_us), at_us < 0)
        for user, profile in profiles.items()
        for one in profile.interactions
        for state, at_us in one.states.items()
    }
    for key in known.keys() | states.keys():
        if known.get(key) != states.get(key):
            yield f"{key} is {_said(known.get(key))}, not {_said(states.get(key))}"


def _said(state: tuple[int, bool] | None) -> str:
    return (
        "unknown" if state is None else f"{'off' if state[1] else 'on'} since {from_us(state[0])}"
    )


async def _found(folder: Path) -> Found:
    redis = connect(socket_url(folder))
    try:
        log = (await read_log(Archive(folder / "archive"), Streams(redis, "checker"))).events
        log = log.filter(pl.col("event_id").is_not_null() & (pl.col("event_id") != ""))
        profiles = Profiles(Pipe(redis))
        users = log["user"].unique().to_list()
        return Found(
            log,
            await Boards(Pipe(redis), TrendingParams()).all(),
            {user: (await profiles.read(user))[0] for user in users},
        )
    finally:
        await redis.aclose()
