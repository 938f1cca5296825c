"""Every list that a process answers, side by side: none of the use cases knows another."""

from zoneinfo import ZoneInfo

import msgspec

from recsvc.lists.audience import Audiences
from recsvc.lists.boards import PublicBoards
from recsvc.lists.candidates import Candidates
from recsvc.lists.feed import Feeds
from recsvc.lists.kit import Kit
from recsvc.lists.periods import Periods
from recsvc.lists.search import Search
from recsvc.lists.similar import Similar
from recsvc.live.search_index import SearchIndex


class Lists(msgspec.Struct, frozen=True):
    """The use cases, and who may ask for them."""

    audiences: Audiences
    feeds: Feeds
    candidates: Candidates
    boards: PublicBoards
    similar: Similar
    search: Search
    periods: Periods


def assembled(kit: Kit, index: SearchIndex, zone: ZoneInfo) -> Lists:
    """Return every list.

    Args:
        index: what is searched in.
        zone: in which days begin.
    """
    return Lists(
        kit.audiences,
        Feeds(kit),
        Candidates(kit),
        PublicBoards(kit),
        Similar(kit),
        Search(kit, index, zone),
        Periods(kit, zone),
    )
