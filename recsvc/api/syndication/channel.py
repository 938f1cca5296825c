"""A channel: a list on its way to a feed reader, before it takes on a format."""

from datetime import UTC, datetime

import msgspec

from recsvc.clock import from_us
from recsvc.core.items.address import Addresses
from recsvc.core.items.item import StoredItem
from recsvc.core.text.display import printable, readable

GENERATOR = "recsvc"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(msgspec.Struct, frozen=True):
    """An item of a list.

    Attributes:
        id: the item's own; the same for ever, whatever becomes of title and text.
        updated_at: when what it says last became another; when it was listed, if it never did.
    """

    id: str
    title: str
    text: str
    url: str
    authors: list[str]
    topics: list[str]
    listed_at: datetime
    updated_at: datetime


class Channel(msgspec.Struct, frozen=True):
    """A list.

    Attributes:
        catalogue: id of the catalogue, which makes ids unique in the world.
        home_url: where people read it.
        self_url: where programs read it, in this format.
        hub_url: which hub tells them of news; empty for none.
    """

    title: str
    description: str
    catalogue: str
    home_url: str
    self_url: str
    entries: list[Entry]
    hub_url: str = ""

    @property
    def updated(self) -> datetime:
        """When the latest entry was listed or corrected; 1970 without entries."""
        return max((entry.updated_at for entry in self.entries), default=NEVER)


def entry(item: StoredItem, addresses: Addresses, home_url: str) -> Entry:
    """Return an item as feed readers see it: characters only, and none that XML cannot hold.

    Args:
        home_url: where an item leads that can be read nowhere.
    """
    listed_at = item.known_listing or item.published_at or NEVER
    return Entry(
        id=item.id,
        title=printable(readable(item.title)),
        text=printable(readable(item.text)),
        url=addresses.of(item.id, item.url) or home_url,
        authors=[printable(readable(name)) for name in item.authors],
        topics=[printable(topic) for topic in item.shown_topics],
        listed_at=listed_at,
        updated_at=max(listed_at, from_us(item.corrected_us)),
    )
