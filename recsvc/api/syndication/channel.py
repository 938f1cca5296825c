"""A channel: a list on its way to a feed reader, before it takes on a format."""

import re
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from recsvc.core.items.item import StoredItem
from recsvc.core.text.display import readable

GENERATOR = "recsvc"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

# What XML 1.0 (section 2.2) can hold; JSON could hold more, but readers show one and the same.
_NOT_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(msgspec.Struct, frozen=True):
    """An item of a list.

    Attributes:
        id: the item's own; the same for ever, whatever becomes of title and text.
        listed_at: also when it was last updated, for all that a reader needs to know.
    """

    id: str
    title: str
    text: str
    url: str
    authors: list[str]
    topics: list[str]
    listed_at: datetime


class Channel(msgspec.Struct, frozen=True):
    """A list.

    Attributes:
        catalogue: id of the catalogue, which makes ids unique in the world.
        home_url: where people read it.
        self_url: where programs read it, in this format.
    """

    title: str
    description: str
    catalogue: str
    home_url: str
    self_url: str
    entries: list[Entry]

    @property
    def updated(self) -> datetime:
        """When the latest entry was listed; 1970 without entries."""
        return max((entry.listed_at for entry in self.entries), default=NEVER)


def entry(item: StoredItem, base_url: str) -> Entry:
    """Return an item as feed readers see it: characters only, and none that XML cannot hold."""
    return Entry(
        id=item.id,
        title=plain(readable(item.title)),
        text=plain(readable(item.text)),
        url=item.url or f"{base_url}/papers/{quote(item.id, safe='')}",
        authors=[plain(readable(name)) for name in item.authors],
        topics=[plain(topic) for topic in item.shown_topics],
        listed_at=item.known_listing or item.published_at or NEVER,
    )


def plain(text: str) -> str:
    """Return a text without control characters and whatever else XML 1.0 cannot hold."""
    return _NOT_TEXT.sub("", text)
