"""What kind of event each type of feedback is that a client of Gorse's API sends.

Gorse lets sites name their types freely and tell it apart which of them are positive, negative or
"read", which there means shown. A type that is called like one of our kinds is that kind.
"""

from collections.abc import Mapping

from recsvc.core.readers.kinds import Kind
from recsvc.errors import SettingsError

ALL_OTHERS = "*"

TYPES = {
    "read": "impression",
    "star": "upvote",
    "like": "upvote",
    "favorite": "save",
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
    """Return the kind of a type."""
    return types.get(type_) or types[ALL_OTHERS]
