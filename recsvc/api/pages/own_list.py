"""The reader's own list on pages: it stays while they act on it, until they ask for the new one.

A vote changes the next feed at once, and a list that is sorted anew under the hand has the second of two
clicks vote for a paper that nobody chose. So the buttons of the list lead back to the list as it was, by
a cursor to its own beginning, and what is new is offered beside it.
"""

import asyncio
from urllib.parse import urlencode

import msgspec

from recsvc.api.services import Services
from recsvc.errors import ExpiredError, InvalidError
from recsvc.lists.shapes import Feed, FeedOptions, Page

HELD = "held"


class OwnList(msgspec.Struct, frozen=True):
    """A page of the reader's list.

    Attributes:
        back: the address that shows it again as it is.
        n_better: how many papers of the list as it would be now are not on this page; None where this
            is the list as it would be now.
    """

    feed: Feed
    back: str
    n_better: int | None = None


async def own_list(
    services: Services, user: str | None, page: Page, held: str | None, path: str
) -> OwnList:
    """Return the reader's list, or the one they were looking at.

    Args:
        held: the cursor of that one; when it is gone, the list comes as it would be now.
        path: of the page that shows it.
    """
    feeds = services.lists.feeds
    if held is not None:
        now = msgspec.structs.replace(page, cursor=None, goes_on=False)
        try:
            shown, fresh = await asyncio.gather(
                feeds.held(user, msgspec.structs.replace(page, cursor=held)),
                feeds.feed(user, now, FeedOptions(is_look=True)),
            )
        except (ExpiredError, InvalidError):
            page = msgspec.structs.replace(page, cursor=None)
        else:
            before = {one.id for one in shown.items}
            n_better = sum(one.id not in before for one in fresh.items)
            return OwnList(shown, address_of(path, held), n_better)
    feed = await feeds.feed(user, page)
    return OwnList(feed, address_of(path, feeds.here(feed)))


def address_of(path: str, held: str) -> str:
    """Return where a page shows a list again as it was."""
    return f"{path}?{urlencode({HELD: held})}"
