"""Tallies: votes as the store keeps them, and which of them count, wait or never will."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from recsvc.core.access.trust import Trust, trust_of
from recsvc.core.items.trending import BoardRow, TrendingParams

ANONYMOUS_VOTES = "anonymous_upvote"  # a counter of its own, beside `upvote`

# By who vouches for them: how many votes there are, and what each counts.
Classes = dict[str, tuple[int, float]]


class StoredVote(msgspec.Struct, frozen=True):
    """A vote as `board.lua` writes it: `instant`, maybe `:counts from`, `:who vouches`, `:network`.

    Attributes:
        counts_us: the instant from which it counts; 0 for at once.
        network: of one that nobody vouches for; empty where it is not known.
    """

    user: str
    since_us: int
    counts_us: int
    trust: Trust
    network: str


class Weigh(msgspec.Struct, frozen=True):
    """What votes count.

    Attributes:
        is_keyed: whether a key exists; until then all count in full.
    """

    params: TrendingParams
    is_keyed: bool

    def of(self, trust: Trust) -> float:
        """Return what a vote counts by who vouches for it."""
        return self.params.weight_of(trust, is_keyed=self.is_keyed)


class Tally(msgspec.Struct, frozen=True):
    """The votes of one item.

    Attributes:
        counted: votes on the boards.
        held: votes that will count later, the next of them at `next_us`.
        own: votes of its owners, which never count.
        anonymous: standing votes of sessions that nobody vouches for, which never count.
        crowded: votes that would count, had others of their network not been first.
        scores: log2 of the decayed votes, one per window; -inf without votes.
        classes: by who vouches for them, how many votes there are, and what each counts.
    """

    counted: int
    held: int
    own: int
    anonymous: int
    crowded: int
    next_us: int | None
    scores: tuple[float, ...]
    classes: Classes


def stored_vote(user: str, value: str) -> StoredVote:
    """Return a reader's vote as it is stored."""
    since, counts, trust, network, *_ = (*value.split(":"), "", "", "")
    return StoredVote(user, int(since), int(counts or 0), trust_of(user, trust or None), network)


def stored_votes(raw: Mapping[bytes, bytes]) -> list[StoredVote]:
    """Return the votes of an item as they are stored."""
    return [stored_vote(user.decode(), value.decode()) for user, value in raw.items()]


def tallied(
    votes: list[StoredVote], row: BoardRow, owners: frozenset[str], weigh: Weigh, now_us: int
) -> Tally:
    """Return what becomes of each vote; the reference for what the server-side function counts."""
    others = [vote for vote in votes if vote.user not in owners and weigh.of(vote.trust)]
    held = [vote.counts_us for vote in others if vote.counts_us > now_us]
    due = [vote for vote in others if vote.counts_us <= now_us]
    n_crowded = _crowded(due, weigh.params.per_network) if weigh.is_keyed else 0
    return Tally(
        counted=len(due) - n_crowded,
        held=len(held),
        own=sum(vote.user in owners for vote in votes),
        anonymous=row.counts.get(ANONYMOUS_VOTES, 0),
        crowded=n_crowded,
        next_us=min(held, default=None),
        scores=row.scores,
        classes=classes_of(votes, row, weigh),
    )


def classes_of(votes: Iterable[StoredVote], row: BoardRow, weigh: Weigh) -> Classes:
    """Return the votes by who vouches for them, those that are only counted beside included."""
    n_by = Counter(vote.trust for vote in votes)
    weight = {trust: weigh.of(trust) for trust in n_by}
    if n_apart := row.counts.get(ANONYMOUS_VOTES, 0):
        n_by[Trust.SESSION] += n_apart
        weight[Trust.SESSION] = weigh.params.weight_of(Trust.SESSION, is_keyed=True)
    return {trust.value: (n, weight[trust]) for trust, n in sorted(n_by.items())}


def _crowded(votes: list[StoredVote], per_network: int) -> int:
    """Return how many votes are beyond what their network may."""
    n_of: defaultdict[str, int] = defaultdict(int)
    for vote in votes:
        if vote.network and not vote.trust.is_vouched:
            n_of[vote.network] += 1
    return sum(max(0, n - per_network) for n in n_of.values())
