"""What importers yield: items, entries of a reader's library, events - and what was not understood."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from recsvc.core.access.trust import Trust
from recsvc.core.fitting import UNREADABLE
from recsvc.core.items.item import NewItem
from recsvc.core.readers.events import Event
from recsvc.core.readers.gorse_feedback import types_with
from recsvc.core.readers.kinds import KINDS
from recsvc.errors import InvalidError
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place, Problem, problem

T = TypeVar("T")

TOO_DEEP = "nested too deeply"


class Note(msgspec.Struct, frozen=True):
    """Something the person who imports should know."""

    file: str
    detail: str


class Paper(NewItem, kw_only=True):
    """An item as an importer made it.

    Attributes:
        left_out: fields that are not as they came, for they did not fit: cut, or without what did not.
    """

    left_out: tuple[str, ...] = ()


class LibraryEntry(msgspec.Struct, frozen=True):
    """A paper in a reader's library.

    Attributes:
        item: the paper; its title is empty where the library names none.
        added_at: when the reader added it; None where the library does not say.
    """

    place: Place
    item: NewItem
    added_at: datetime | None


class Happened(msgspec.Struct, frozen=True):
    """An event, and where it was read.

    Attributes:
        trust: who vouched for it where it comes from; None: whoever imports it.
    """

    place: Place
    event: Event
    trust: Trust | None = None


Record = NewItem | LibraryEntry | Happened | Problem | Note


class Options(msgspec.Struct, frozen=True):
    """What the person who imports says about the files.

    Attributes:
        year: of dates that do not name one.
        page_date: of the page, ISO, where it names none or no year.
        zone: IANA zone in which its days begin.
        columns: our field -> their column, for tables.
        constants: our field -> its value in every row, for tables.
        kinds: their kind of event -> ours.
        feedback: type of Gorse's feedback -> our kind.
        names: what the columns of a table without a header hold, in their order.
    """

    year: int | None = None
    page_date: str | None = None
    zone: str = "UTC"
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    constants: dict[str, str] = msgspec.field(default_factory=dict)
    kinds: dict[str, str] = msgspec.field(default_factory=dict)
    feedback: dict[str, str] = msgspec.field(default_factory=lambda: types_with({}, KINDS))
    names: tuple[str, ...] = ()


class Source(Protocol):
    """A format: a module with these.

    Attributes:
        NAME: as the documentation calls it, and as `origin` of the items it brings.
        TITLES_IDENTIFY: whether a record may be an item that is known by its title only. Not where
            ids are the site's own: two of its items may well share a title.
    """

    NAME: str
    TITLES_IDENTIFY: bool

    def recognises(self, content: Content, options: Options) -> bool:
        """Return whether a file with this content is of this format."""

    def read(self, content: Content, options: Options) -> Iterator[Record]:
        """Yield what the file holds, in its order."""


def convert_each(
    found: Iterable[tuple[Place, T] | Problem], convert: Callable[[Place, T], Record | None]
) -> Iterator[Record]:
    """Yield what records become; one that cannot be converted becomes a problem with its place.

    Args:
        convert: returns None for a record that is to be left out; raises InvalidError or a
            validation error for one that is wrong.
    """
    for one in found:
        if isinstance(one, Problem):
            yield one
            continue
        place, raw = one
        try:
            record = convert(place, raw)
        except RecursionError:
            yield problem(place, TOO_DEEP)
        except (InvalidError, *UNREADABLE) as exc:
            yield problem(place, str(exc))
        else:
            if record is not None:
                yield record
