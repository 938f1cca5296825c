"""The formats by their endings, and the links by which feed readers find them from a page."""

from collections.abc import Callable

import msgspec

from recsvc.api.syndication import atom, json_feed, rss
from recsvc.api.syndication.channel import Channel
from recsvc.errors import NotFoundError


class Format(msgspec.Struct, frozen=True):
    """A format.

    Attributes:
        render: turns a channel into a document.
    """

    media_type: str
    render: Callable[[Channel], bytes]


FORMATS = {
    "rss": Format(rss.MEDIA_TYPE, rss.render),
    "atom": Format(atom.MEDIA_TYPE, atom.render),
    "json": Format(json_feed.MEDIA_TYPE, json_feed.render),
}


class Alternate(msgspec.Struct, frozen=True):
    """What `<link rel="alternate">` of a page needs."""

    type: str
    title: str
    href: str


def alternates(path: str, title: str, query: str = "") -> list[Alternate]:
    """Return the links to a list in every format.

    Args:
        path: without its ending, e.g. `/feeds/trending`.
        query: the list's parameters, e.g. `window=day`.
    """
    tail = f"?{query}" if query else ""
    return [
        Alternate(known.media_type, f"{title} ({ending})", f"{path}.{ending}{tail}")
        for ending, known in FORMATS.items()
    ]


def split(file: str) -> tuple[str, Format]:
    """Split a file's name from the format its ending names.

    Raises:
        NotFoundError: when there is no such format.
    """
    name, _, ending = file.rpartition(".")
    if not name or ending not in FORMATS:
        raise NotFoundError(f"there is no feed {file!r}; feeds end in .rss, .atom or .json")
    return name, FORMATS[ending]
