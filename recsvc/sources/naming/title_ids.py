"""Ids of papers that bring none: made from their normalized titles."""

import hashlib
import re
import unicodedata

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_MAX_CHARS = 200


def normalized(title: str) -> str:
    """Return what makes two titles the same: NFKC, casefolded, only letters and digits.

    Nothing fuzzier: "Music Transformer" and "Anticipatory Music Transformer" are different papers.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return _NOT_ALPHANUMERIC.sub(" ", folded).strip()


def id_of_title(title: str) -> str:
    """Return the id of a paper known by its title alone; long titles end in a digest."""
    slug = normalized(title).replace(" ", "-")
    if not slug:
        slug = "untitled-" + hashlib.sha256(title.encode()).hexdigest()[:16]
    if len(slug) <= _MAX_CHARS:
        return slug
    return f"{slug[:_MAX_CHARS]}-{hashlib.sha256(slug.encode()).hexdigest()[:16]}"
