"""Rebuilding: counters, votes and profiles, made anew from the event log alone.

The archive and what the streams hold besides are folded with the rules of profiles; counters, votes
and profiles follow. Whoever rebuilds works alone: no worker, no events arriving.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

import msgspec

from recsvc.clock import DAY_S, HOUR_S, HOUR_US, SECOND_US
from recsvc.core.access.caller import is_anonymous
from recsvc.core.access.trust import implied, mark_of, trust_of
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import UPVOTE, Kind, Role
from recsvc.core.readers.profile import Profile, bounded, latest, profile_of
from recsvc.store.items.boards import Batch, Boards, Counts, Heat, Vote
from recsvc.store.items.tally import ANONYMOUS_VOTES
from recsvc.store.log.writing import EventLogParams
from recsvc.store.readers.profiles import Profiles
from workers.counting import by_state, crowd_of, kind_of
from workers.log.reading import Log
from workers.log.schema import SCHEMA


async def rebuild_boards(
    log: Log, boards: Boards, kinds: dict[str, Kind], params: EventLogParams, now_us: int
) -> int:
    """Make counters, votes and trending scores anew; return of how many items."""
    hold_us = int(params.vote_hold_hours * HOUR_US)
    whole = counted(log, boards, kinds, hold_us)
    if params.budget.unknown_items == "take":
        whole = msgspec.structs.replace(whole, strangers=frozenset())
    await boards.replace(whole, log.until, now_us)
    return len(whole.counts)


def counted(log: Log, boards: Boards, kinds: dict[str, Kind], hold_us: int) -> Batch:
    """Return what a log comes to, of every item that it speaks of.

    Args:
        hold_us: how long a new reader's votes are held.
    """
    worth = by_state(boards.worth, kinds)
    counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    votes: defaultdict[str, list[Vote]] = defaultdict(list)
    heat: defaultdict[str, list[Heat]] = defaultdict(list)
    vouched: set[str] = set()
    for user, entries, profile in folded(log, kinds):
        vouched |= {e.item for e in entries if trust_of(user, e.trust).is_vouched}
        for entry in entries:
            kind = kind_of(entry, kinds)
            if kind.role in (Role.SIGNAL, Role.EXPOSURE):
                counts[entry.item][kind.state] += 1
        for item, added in _warmth(entries, profile, kinds, worth):
            heat[item].append(added)
        cast = _cast(entries, kinds)
        counts_us = (_first_seen_us(entries, kinds) or 0) + hold_us
        for interaction in profile.interactions:
            said = cast.get(interaction.item)
            trust = implied(user) if said is None else trust_of(user, said.trust)
            is_apart = boards.keeps_apart(user, trust)
            for state, at_us in interaction.states.items():
                counter = ANONYMOUS_VOTES if state == UPVOTE and is_apart else state
                counts[interaction.item][counter] += at_us > 0
            since_us = interaction.states.get(UPVOTE, 0)
            if since_us > 0 and not is_apart:
                assert said is not None, "a vote stands by an event"
                is_held = hold_us > 0 and counts_us > said.received_us
                due_us = counts_us if is_held else 0
                mark, network = mark_of(user, trust), crowd_of(said, trust)
                vote = Vote(user, since_us, due_us, trust=mark, network=network)
                votes[interaction.item].append(vote)
    plain: Counts = {item: dict(counters) for item, counters in counts.items()}
    strangers = frozenset(plain) - vouched
    return Batch(0, "", "", "", plain, dict(votes), dict(heat), strangers)


async def rebuild_profiles(
    log: Log, profiles: Profiles, kinds: dict[str, Kind], params: EventLogParams, now_us: int
) -> int:
    """Make profiles and impressions anew; return of how many readers."""
    n = 0
    for user, entries, profile in folded(log, kinds):
        silent_s = (now_us - max(entry.received_us for entry in entries)) // SECOND_US
        known_s = params.profile_ttl_days * DAY_S
        ttl_s = params.anonymous_ttl_hours * HOUR_S if is_anonymous(user) else known_s
        first_us = _first_seen_us(entries, kinds)
        await profiles.replace(
            user,
            _kept(user, profile, params),
            first_us,
            int(ttl_s) - silent_s,
        )
        n += 1
    return n


def _kept(user: str, profile: Profile, params: EventLogParams) -> Profile:
    if not is_anonymous(user):
        return bounded(profile, params.profile_items, params.shown_items)
    most = params.budget.items
    kept = latest(profile, min(most, params.profile_items))
    return bounded(kept, params.profile_items, min(most, params.shown_items))


def folded(log: Log, kinds: dict[str, Kind]) -> Iterator[tuple[str, list[Entry], Profile]]:
    """Yield each reader with their events in the order of the log, and what these come to."""
    columns = [name for name in SCHEMA if name in Entry.__struct_fields__]
    ordered = log.events.sort("user", "shard", "entry_ms", "entry_seq").select(columns)
    rows = (Entry(**row) for row in ordered.iter_rows(named=True))
    for user, found in groupby(rows, key=lambda entry: entry.user):
        entries = list(found)
        known = kinds | {entry.kind: kind_of(entry, kinds) for entry in entries}
        yield user, entries, profile_of(entries, known)


def _cast(entries: list[Entry], kinds: dict[str, Kind]) -> dict[str, Entry]:
    """Return, by item, the event by which a vote stands: the latest, the first logged of equal ones.

    An older one that arrived later changed nothing, whoever vouches for it and wherever it came from.
    """
    found: dict[str, Entry] = {}
    for entry in entries:
        kind = kind_of(entry, kinds)
        if kind.state == UPVOTE and kind.role is Role.STATE:
            known = found.get(entry.item)
            if known is None or entry.at_us > known.at_us:
                found[entry.item] = entry
    return found


def _warmth(
    entries: list[Entry], profile: Profile, kinds: dict[str, Kind], worth: dict[str, float]
) -> Iterator[tuple[str, Heat]]:
    """Yield what a reader adds to trending beside votes: their first of a signal, states that stand."""
    said: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        kind = kind_of(entry, kinds)
        if kind.role is Role.SIGNAL:
            said.setdefault((entry.item, kind.state), entry)
        else:
            said[entry.item, kind.state] = entry
    for interaction in profile.interactions:
        on = {state: at_us for state, at_us in interaction.states.items() if at_us > 0}
        for name in worth.keys() & (on.keys() | interaction.signals.keys()):
            entry = said[interaction.item, name]
            mark = mark_of(entry.user, trust_of(entry.user, entry.trust))
            yield interaction.item, Heat(on.get(name, entry.at_us), worth[name], entry.user, mark)


def _first_seen_us(entries: list[Entry], kinds: dict[str, Kind]) -> int | None:
    """Return when a reader first did anything; what was shown to them does not count."""
    acts = [e.received_us for e in entries if kind_of(e, kinds).role is not Role.EXPOSURE]
    return min(acts, default=None)
