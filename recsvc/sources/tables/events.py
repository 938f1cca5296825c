"""Events in a table of the site's own: JSON or CSV with a user, an item and a kind, or a rating.

A rating of 4 or more is an upvote; of a lower one it is only known that the item was seen. `--kind
3=click` says otherwise of a rating, and `--set kind=click` of all.
"""

from collections.abc import Iterator

from recsvc.core.access.trust import Trust
from recsvc.core.readers.events import event_of
from recsvc.errors import InvalidError
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Happened, Options, Record, convert_each
from recsvc.sources.tables import rows as tables
from recsvc.sources.tables.rows import Row
from recsvc.sources.text.dates import moment

NAME = "events"
TITLES_IDENTIFY = False

_IDS = {"user", "item", "event_id", "feed_id"}
_NUMBERS = {"position", "value"}
_LIKED = 4.0
_FIELDS = (
    "user",
    "item",
    "kind",
    "rating",
    "at",
    "event_id",
    "feed_id",
    "position",
    "value",
    "trust",
)


def recognises(content: Content, options: Options) -> bool:
    """Return whether rows have a user, an item and a kind or a rating.

    Posts have who wrote them, a title and a type, which is no kind of event.
    """
    if tables.holds(content, options, {"user", "item", "rating"}):
        return True
    is_post = not tables.calls(content, options, "kind") and tables.holds(
        content, options, {"title"}
    )
    return tables.holds(content, options, {"user", "item", "kind"}) and not is_post


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the events of a table, in its order."""

    def convert(place: Place, row: Row) -> Happened:
        fields = dict(row)
        for name in _IDS & row.keys():
            fields[name] = tables.identity(row[name], name)
        for name in _NUMBERS & row.keys():
            fields[name] = _number(row[name], name)
        rating = fields.pop("rating", None)
        kind = str(row.get("kind", ""))
        if not kind and rating is not None:
            kind = _rated(str(rating).strip(), options)
        fields |= {"kind": options.kinds.get(kind, kind), "at": moment(row.get("at"))}
        trust = _trust(fields.pop("trust", None))
        return Happened(place, event_of(fields), trust)

    yield from convert_each(tables.read(content, options, _FIELDS), convert)
    yield from tables.notes(content, options, _FIELDS)


def _rated(rating: str, options: Options) -> str:
    if rating in options.kinds:
        return options.kinds[rating]
    return "upvote" if _number(rating, "rating") >= _LIKED else "impression"


def _trust(value: object) -> Trust | None:
    """Return who vouched, as `recsvc export` says it."""
    try:
        return Trust(str(value)) if value else None
    except ValueError:
        raise InvalidError(f"trust: nobody vouches as {value!r}", "trust") from None


def _number(value: object, field: str) -> float:
    try:
        number = float(str(value))
        return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        raise InvalidError(f"{field}: not a number: {value!r}", field) from None
