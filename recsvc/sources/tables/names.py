"""How tables of others call the fields that we use.

A column is found by its letters and digits alone, whatever its case: `User ID`, `userId` and `user_id`
are one name. Where several columns of a table could be the same field, the one named first here is.
"""

from collections.abc import Collection

# As exports of shops, forums, libraries and public data sets have them.
_OBJECTS = (
    "item", "paper", "article", "product", "post", "story", "movie", "book", "song", "track", "video",
    "content", "document", "doc",
)  # fmt: skip
_USUAL: dict[str, tuple[str, ...]] = {
    "user": (
        "userid", "uid", "reader", "readerid", "visitorid", "visitor", "customerid", "memberid",
        "accountid", "reviewerid",
    ),
    "item": (*(f"{one}id" for one in _OBJECTS), *_OBJECTS[1:], "parentasin", "asin", "isbn"),
    "kind": (
        "eventtype", "eventname", "event", "type", "actiontype", "action", "interactiontype",
        "interaction", "behaviortype", "behavior", "behaviourtype", "behaviour", "feedbacktype",
    ),
    "rating": ("stars", "overall"),
    "at": (
        "timestamp", "ts", "eventtime", "occurredat", "createdat", "created", "datetime", "time",
        "date", "unixreviewtime",
    ),
    "id": (*(f"{one}id" for one in _OBJECTS), "parentasin", "asin", "isbn", "slug"),
    "title": ("name", "headline"),
    "text": ("abstract", "description", "summary", "body", "content"),
    "url": ("link", "href", "permalink", "uri"),
    "authors": ("author", "creators", "creator"),
    "topics": ("tags", "categories", "category", "keywords", "genres", "genre", "labels"),
    "published_at": (
        "published", "publishedon", "publicationdate", "pubdate", "publishdate", "dateadded",
        "createdat", "created", "releasedate", "date", "timestamp", "year",
    ),
    "expires_at": ("expires", "expiry", "validuntil"),
    "comments": ("commentcount", "ncomments", "numcomments"),
}  # fmt: skip


def columns_of(
    fields: Collection[str], columns: Collection[str], said: dict[str, str]
) -> dict[str, str]:
    """Return by field which column of a table holds it; nothing of fields that none does.

    Args:
        fields: ours.
        columns: the table's.
        said: field -> column, as whoever imports it says. Goes before everything else.
    """
    found = {field: said.get(field, field) for field in fields if said.get(field, field) in columns}
    taken = set(found.values()) | set(said.values())
    by_letters: dict[str, str] = {}
    for column in columns:
        if column not in taken and column.isprintable():
            by_letters.setdefault(_letters(column), column)
    for field in fields:
        if field in found or field in said:
            continue
        names = (_letters(field), *_USUAL.get(field, ()))
        name = next((name for name in names if name in by_letters), None)
        if name is not None:
            found[field] = by_letters.pop(name)
    return found


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
