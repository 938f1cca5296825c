"""Items in a table of the site's own: JSON or CSV with an id and a title."""

from collections.abc import Iterator

from recsvc.core.fitting import fitted
from recsvc.core.items.item import ItemFields, NewItem
from recsvc.errors import InvalidError
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.records import Options, Record, convert_each
from recsvc.sources.tables import rows as tables
from recsvc.sources.tables.rows import Row
from recsvc.sources.text.dates import moment
from recsvc.sources.text.publishing import published

NAME = "items"
TITLES_IDENTIFY = False

_LISTS = ("authors", "topics", "aliases", "owners")
_DATES = {"listed_at", "expires_at"}
_COUNTS = ("n_authors", "upvotes", "comments")
_FIELDS = ("id", *ItemFields.__struct_fields__)
_BOOLEANS = dict.fromkeys(("true", "yes", "y", "t", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "n", "f", "off", "0"), False
)


def recognises(content: Content, options: Options) -> bool:
    """Return whether rows have an id and a title."""
    return tables.holds(content, options, {"id", "title"})


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the items of a table."""
    yield from convert_each(tables.read(content, options, _FIELDS), _convert)
    yield from tables.notes(content, options, _FIELDS)


def _convert(_: Place, row: Row) -> NewItem:
    fields = dict(row)
    fields["id"] = tables.identity(row.get("id"), "id")
    for name in _LISTS:
        if name in row:
            fields[name] = tables.listed(row[name])
    for name in _DATES & row.keys():
        fields[name] = moment(row[name])
    if "published_at" in row:
        fields |= _published(row["published_at"])
    for name in _COUNTS:
        if isinstance(row.get(name), str | float):
            fields[name] = _count(str(row[name]), name)
    if isinstance(row.get("hidden"), str | int):
        fields["hidden"] = _boolean(str(row["hidden"]))
    for name in ("organisation", "extra"):
        if name in row:
            fields[name] = tables.nested(row[name])
    if isinstance(fields.get("organisation"), str):
        fields["organisation"] = {"slug": row["organisation"], "name": row["organisation"]}
    return fitted(fields, NewItem)


def _published(value: object) -> dict[str, object]:
    """Return when an item was published, as finely as a cell says it.

    Raises:
        InvalidError: when it names not even a year.
    """
    try:
        return {"published_at": moment(value)}
    except InvalidError:
        found = published(str(value))
        if found is None:
            raise
        return {"published_at": found.at, "published_precision": found.precision}


def _count(text: str, field: str) -> int:
    """Return a whole number, also where a table of numbers made it 3.0."""
    whole, _, rest = text.strip().partition(".")
    if not whole.isdecimal() or rest.strip("0"):
        raise InvalidError(f"{field}: not a whole number: {text!r}", field)
    return int(whole)


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise InvalidError(f"hidden: neither true nor false: {text!r}", "hidden") from None
