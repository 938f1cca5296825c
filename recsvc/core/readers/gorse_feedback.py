"""What event a row of Gorse's feedback is, whether it comes through Gorse's API or in a bulk file.

Gorse lets sites name their types freely and tell it apart which of them are positive, negative or
"read", which there means shown. A type that is called like one of our kinds is that kind.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from recsvc.clock import from_us
from recsvc.core.readers.events import MAX_VALUE
from recsvc.core.readers.kinds import Kind
from recsvc.errors import SettingsError

ALL_OTHERS = "*"

TYPES = {
    "read": "impression",
    "star": "upvote",
    "like": "upvote",
    "favorite": "save",
    "favourite": "save",
    "bookmark": "save",
    "dislike": "hide",
    ALL_OTHERS: "click",
}


def types_with(own: Mapping[str, str], kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Return the kind of each type, `*` standing for all that are not named.

    Args:
        own: what a site says of its types.

    Raises:
        SettingsError: for a kind that does not exist.
    """
    for type_, kind in own.items():
        if kind not in kinds:
            raise SettingsError(f"feedback type {type_!r} cannot be the unknown kind {kind!r}")
    return {**{name: name for name in kinds}, **TYPES, **own}


def kind_of(type_: str, types: Mapping[str, str]) -> str:
    """Return the kind of a type; one that is not named as it is written may be in small letters."""
    return types.get(type_) or types.get(type_.lower()) or types[ALL_OTHERS]


def event_fields(
    type_: str, user: str, item: str, at_us: int | None, value: float, kind: str, now_us: int
) -> dict[str, Any]:
    """Return the fields of the event that a row of feedback is.

    Its id is made of the row, so that it counts once by whichever way and however often it comes. What
    is dated ahead happened now, as far as taste goes; a value that no event can have says nothing.

    Args:
        at_us: None where the row has no time: it happened now, and nothing tells it from another.
    """
    fields: dict[str, Any] = {"user": user, "item": item, "kind": kind}
    if 0 < value <= MAX_VALUE:
        fields["value"] = value
    if at_us is not None:
        identity = f"{type_}\n{item}\n{at_us}".encode()
        digest = hashlib.blake2b(identity, digest_size=12).hexdigest()
        fields |= {"event_id": f"gorse:{digest}", "at": from_us(min(at_us, now_us))}
    return fields
