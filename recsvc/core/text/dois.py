"""DOIs, in all the ways they are written; upper and lower case are the same (ISO 26324)."""

import html
import re
from urllib.parse import quote, unquote

_DOI = r"10\.\d{4,9}/[^\s\"{}|\\^`]+"
_WRITTEN = re.compile(
    rf"(?:(?:https?://)?(?:www\.|dx\.)?doi\.org/|doi(?:\.org)?[:\s]\s*)?({_DOI})", re.IGNORECASE
)
_MENTIONED = re.compile(rf"(?:doi\.org/|\bdoi\b[:\s]*)\s*({_DOI})", re.IGNORECASE)
_ADDRESS = re.compile(r"doi\.org/|%2f", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([_%&#$~{}\-])|\\(?:textunderscore|url)\b\s*|[{}]")


def found_in(text: str) -> str | None:
    """Return the DOI that a text begins with, lower-case, TeX and entities resolved; None if none.

    arXiv's records list several, apart by spaces: the first is the article's.
    """
    match = _WRITTEN.match(_unescaped(text))
    return None if match is None else _clean(match[1])


def mentioned_in(text: str) -> str | None:
    """Return the first DOI that stands in a text as an address or behind `doi`."""
    match = _MENTIONED.search(_unescaped(text))
    return None if match is None else _clean(match[1])


def url(doi: str) -> str:
    """Return the address that leads to what a DOI names."""
    return f"https://doi.org/{quote(doi)}"


def _unescaped(text: str) -> str:
    if "\\" in text or "{" in text or "&" in text:
        text = html.unescape(_ESCAPE.sub(lambda found: found[1] or "", text))
    if "%" in text and _ADDRESS.search(text):
        text = unquote(text)
    return text.strip().lstrip("<(\"'[")


def _clean(doi: str) -> str:
    """Return a DOI without what a sentence or an address puts behind it."""
    doi = doi.rstrip(".,;:'\"").lower()
    for opening, closing in ("()", "[]", "<>"):
        while doi.endswith(closing) and doi.count(closing) > doi.count(opening):
            doi = doi[:-1].rstrip(".,;")
    return doi
