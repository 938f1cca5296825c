"""Items: what the catalogue knows of each thing that can be recommended."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recsvc.clock import from_us, to_us
from recsvc.core.ids import Id
from recsvc.core.items.address import WHERE_THEY_LIVE, Addresses, discussion
from recsvc.core.text.display import readable, shows
from recsvc.errors import InvalidError

MAX_ITEMS_PER_CALL = 1_000
MAX_ALIASES = 20

Instant = Annotated[datetime, Meta(tz=True)]
Title = Annotated[str, Meta(min_length=1, max_length=1_000)]
Text = Annotated[str, Meta(max_length=100_000)]
Url = Annotated[str, Meta(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f]+$(?!\n)")]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Topics = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=100)
]
Precision = Annotated[
    Literal["day", "month", "year", "about"],
    Meta(
        description="What is known of `published_at`: its day, month or year, of which it is the "
        "first instant, or that it was about then. The instant itself if absent."
    ),
]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who an item comes from."""

    slug: Name
    name: Name


# When an imported item was listed of which nobody knows: before every list that anybody looks at.
UNDATED = from_us(0)

# What is called nothing that anybody can see: a link must have something to click on.
UNTITLED = "Untitled"

# What people read of an item: who has read it wants to know when it is another.
_READ = ("title", "text", "url", "authors")

# Deeper than anything meant, and far from where encoders and stacks give up.
MAX_EXTRA_DEPTH = 32


class ItemFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """An item as a site describes it; everything but the title is optional."""

    title: Title
    text: Text = ""
    url: Url | None = None
    authors: Annotated[tuple[Name, ...], Meta(max_length=10_000)] = ()
    n_authors: Count | None = None
    organisation: Organisation | None = None
    topics: Topics = ()
    published_at: Instant | None = None
    published_precision: Precision | None = None
    listed_at: Annotated[
        Instant | None,
        Meta(
            description="When the site listed it; the time of arrival if absent. "
            "An item that is to be listed later waits until then."
        ),
    ] = None
    expires_at: Annotated[
        Instant | None, Meta(description="From when on it is listed no more; never if absent.")
    ] = None
    upvotes: Annotated[Count, Meta(description="Upvotes known from elsewhere.")] = 0
    comments: Count = 0
    hidden: Annotated[bool, Meta(description="Hidden items stay known but are never listed.")] = (
        False
    )
    aliases: Annotated[
        tuple[Id, ...],
        Meta(
            max_length=MAX_ALIASES,
            description="Other ids it goes by, e.g. an arXiv id or a DOI. An item that had one of "
            "them becomes part of this one, events and votes included.",
        ),
    ] = ()
    owners: Annotated[
        tuple[Id, ...],
        Meta(
            max_length=10_000,
            description="Readers who submitted or wrote it: their own votes on it do not count.",
        ),
    ] = ()
    extra: Annotated[dict[str, Any], Meta(description="Anything else the site keeps with it.")] = (
        msgspec.field(default_factory=dict)
    )

    def __post_init__(self) -> None:
        """Raise ValueError, which decoders turn into theirs, when `extra` is nested too deeply."""
        _check_depth(self.extra)


class NewItem(ItemFields, kw_only=True):
    """An item with its id, as bulk calls send it."""

    id: Id


class StoredItem(ItemFields, kw_only=True, forbid_unknown_fields=False, gc=False):
    """An item as the store keeps it; fields from newer versions are ignored.

    A process may hold many thousands. They have no cycles, and the garbage collector, which would stop
    all requests to look for some, does not track them.

    Attributes:
        created_us: when it arrived.
        origin: who brought it, e.g. `demo` or `seed-pages`; empty for the API.
        keywords: topics extracted from the text, where the source names none; kept by the worker.
        corrected_us: when what people read of it last became another; 0 if it never did.
    """

    id: Id
    created_us: int
    corrected_us: int = 0
    origin: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def shown_topics(self) -> tuple[str, ...]:
        """The source's topics or, where it names none, those extracted from the text."""
        return self.topics or self.keywords

    @property
    def submitted_by(self) -> dict[str, Any]:
        """Who submitted it to the list: `submitter` as importers call it, or `submitted_by`."""
        named = (self.extra.get(name) for name in ("submitted_by", "submitter"))
        return next((person for person in named if isinstance(person, dict)), {})

    @property
    def known_listing(self) -> datetime | None:
        """When it was listed; None where nobody knows."""
        return None if self.listed_at == UNDATED else self.listed_at

    @property
    def submitter(self) -> str | None:
        """The handle of who submitted it to the list, as its source keeps it."""
        person = self.submitted_by
        handle = person.get("name") or person.get("user")
        return handle if isinstance(handle, str) else None


class ItemPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A JSON merge patch of an item (RFC 7396): absent leaves, null clears."""

    title: Title | UnsetType = UNSET
    text: Text | None | UnsetType = UNSET
    url: Url | None | UnsetType = UNSET
    authors: tuple[Name, ...] | None | UnsetType = UNSET
    n_authors: Count | None | UnsetType = UNSET
    organisation: Organisation | None | UnsetType = UNSET
    topics: Topics | None | UnsetType = UNSET
    published_at: Instant | None | UnsetType = UNSET
    published_precision: Precision | None | UnsetType = UNSET
    listed_at: Instant | None | UnsetType = UNSET
    expires_at: Instant | None | UnsetType = UNSET
    upvotes: Count | None | UnsetType = UNSET
    comments: Count | None | UnsetType = UNSET
    hidden: bool | None | UnsetType = UNSET
    aliases: tuple[Id, ...] | None | UnsetType = UNSET
    owners: tuple[Id, ...] | None | UnsetType = UNSET
    extra: dict[str, Any] | None | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise ValueError, which decoders turn into theirs, when `extra` is nested too deeply."""
        if self.extra:
            _check_depth(self.extra)


def _check_depth(extra: dict[str, Any]) -> None:
    level: list[Any] = [extra] if extra else []
    for _ in range(MAX_EXTRA_DEPTH):
        inner = (x.values() if isinstance(x, dict) else x for x in level)
        level = [y for values in inner for y in values if isinstance(y, dict | list)]
        if not level:
            return
    raise ValueError(f"`extra` is nested more than {MAX_EXTRA_DEPTH} deep")


class Readable(msgspec.Struct, frozen=True):
    r"""What an item says, for places that show characters alone: `$\alpha^2$` is `α^2`."""

    title: str
    text: str


class ItemView(msgspec.Struct, kw_only=True):
    """An item as lists show it.

    Attributes:
        address: where to read it: as the host's site says, else its own `url`; None where there is
            neither, and its page here is all there is.
        discussion: where its comments are; None where nobody said.
        topics_extracted: whether the topics are keywords of the text, for want of the source's own.
        readable: title and text without TeX and markup; left out where they have none.
    """

    title: str
    text: str
    readable: Readable | UnsetType = UNSET
    url: str | None
    address: str | None
    discussion: str | None
    n_authors: int | None
    authors: tuple[str, ...]
    organisation: Organisation | None
    topics: tuple[str, ...]
    topics_extracted: bool
    published_at: datetime | None
    published_precision: Precision | None
    listed_at: datetime | None
    upvotes: int
    comments: int
    extra: dict[str, Any]


def completed(
    item: NewItem,
    old: StoredItem | None,
    now_us: int,
    origin: str = "",
    *,
    is_imported: bool = False,
) -> StoredItem:
    """Return an item as it is to be stored: what replaces `old`, if there was one.

    The time of arrival survives a replacement, and so does `listed_at` where the new item names
    none: an item does not move to another day because its text was mended. Aliases survive too:
    whoever sends an item again need not know by which names others call it.

    Args:
        is_imported: it comes from a file, which may be old: its arrival is no listing.
    """
    fields = {name: getattr(item, name) for name in ItemFields.__struct_fields__}
    fields["aliases"] = united(item.id, item.aliases, () if old is None else old.aliases)
    fields["title"] = _title(item.title)
    if item.listed_at is None:
        is_open = old is None or (is_imported and old.listed_at == UNDATED)
        arrival = _first_listed(item, now_us) if is_imported else from_us(now_us)
        fields["listed_at"] = arrival if is_open or old is None else old.listed_at
    if item.n_authors is None and item.authors:
        fields["n_authors"] = len(item.authors)
    created_us = now_us if old is None else old.created_us
    keywords: tuple[str, ...] = () if old is None else old.keywords
    made = StoredItem(id=item.id, created_us=created_us, origin=origin, keywords=keywords, **fields)
    return made if old is None else _corrected(made, old, now_us)


def _title(given: str) -> str:
    return given if shows(given) else UNTITLED


def _corrected(item: StoredItem, old: StoredItem, now_us: int) -> StoredItem:
    """Return an item that takes the place of another, and when it was last corrected."""
    is_same = all(getattr(item, name) == getattr(old, name) for name in _READ)
    item.corrected_us = old.corrected_us if is_same else now_us
    return item


def _first_listed(item: NewItem, now_us: int) -> datetime:
    """Return when an imported item that no list names counts as listed: when it was published."""
    at = item.published_at
    return UNDATED if at is None or to_us(at) > now_us else at


def united(item: str, *names: Iterable[str]) -> tuple[str, ...]:
    """Return the aliases of an item: each once, in their order, its own id not among them.

    Raises:
        InvalidError: when there are too many.
    """
    found = tuple(sorted({name for group in names for name in group} - {item}))
    if len(found) > MAX_ALIASES:
        raise InvalidError(f"item {item!r} has more than {MAX_ALIASES} aliases", "aliases")
    return found


def patched(old: StoredItem, patch: ItemPatch, now_us: int) -> StoredItem:
    """Return an item with a merge patch applied; null puts a field back to its default."""
    defaults = StoredItem(id=old.id, title=old.title, created_us=old.created_us)
    changes = {
        name: getattr(defaults, name) if value is None else value
        for name in ItemPatch.__struct_fields__
        if (value := getattr(patch, name)) is not UNSET
    }
    if "title" in changes:
        changes["title"] = _title(changes["title"])
    if changes.get("listed_at", old) is None:
        changes["listed_at"] = from_us(old.created_us)
    if "published_at" in changes:
        changes.setdefault("published_precision", None)
    if "aliases" in changes:
        changes["aliases"] = united(old.id, changes["aliases"])
    return _corrected(msgspec.structs.replace(old, **changes), old, now_us)


def shown(item: StoredItem, public_extra: frozenset[str] | None) -> StoredItem | None:
    """Return an item as everybody may see it; None for a hidden one.

    Args:
        public_extra: the names in `extra` that are everybody's; None: all.
    """
    if item.hidden:
        return None
    if public_extra is None or public_extra.issuperset(item.extra):
        return item
    extra = {name: value for name, value in item.extra.items() if name in public_extra}
    return msgspec.structs.replace(item, extra=extra)


def names_in(text: str) -> frozenset[str] | None:
    """Return the names in a text, between spaces; None for `*`, which stands for all."""
    return None if text.strip() == "*" else frozenset(text.split())


def view(
    item: StoredItem, counted_upvotes: int, addresses: Addresses = WHERE_THEY_LIVE
) -> ItemView:
    """Return an item as lists show it, its votes from elsewhere and from here added up."""
    return ItemView(
        title=item.title,
        text=item.text,
        readable=_readable(item.title, item.text),
        url=item.url,
        address=addresses.of(item.id, item.url),
        discussion=discussion(item.extra),
        n_authors=item.n_authors,
        authors=item.authors,
        organisation=item.organisation,
        topics=item.shown_topics,
        topics_extracted=bool(item.keywords) and not item.topics,
        published_at=item.published_at,
        published_precision=item.published_precision,
        listed_at=item.known_listing,
        upvotes=item.upvotes + counted_upvotes,
        comments=item.comments,
        extra=item.extra,
    )


@lru_cache(maxsize=4_096)
def _readable(title: str, text: str) -> Readable | UnsetType:
    """Return both in characters; remembered, for a text with formulae takes long to read."""
    said = Readable(readable(title), readable(text))
    return UNSET if (said.title, said.text) == (title, text) else said
