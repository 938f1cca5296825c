"""DOIs, in all the ways they are written; upper and lower case are the same (ISO 26324)."""

import re
from urllib.parse import quote

_WRITTEN = re.compile(
    r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE
)


def found_in(text: str) -> str | None:
    """Return the first DOI of a text, lower-case; None if it does not begin with one.

    arXiv's records list several, apart by spaces: the first is the article's.
    """
    match = _WRITTEN.match(text.strip())
    return None if match is None else match[1].rstrip(".,;").lower()


def url(doi: str) -> str:
    """Return the address that leads to what a DOI names."""
    return f"https://doi.org/{quote(doi)}"
