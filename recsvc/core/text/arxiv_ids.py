"""arXiv identifiers, in all the ways they are written.

`YYMM.NNNN` from April 2007, `YYMM.NNNNN` from January 2015; before, an archive and seven digits
(`quant-ph/0201082`, with a subject class `math.GT/0309136`). A version `vN` may follow: all versions are
one paper. https://info.arxiv.org/help/arxiv_identifier.html
"""

import re
from urllib.parse import quote

_NEW = r"\d{4}\.\d{4,5}"
_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[A-Za-z-]+)?/\d{7}"
_ID = rf"({_NEW}|{_OLD})(?:v\d+)?"
_WRITTEN = re.compile(
    rf"""(?:arxiv:\s*
        |oai:arxiv\.org:
        |(?:https?://)?(?:dx\.)?doi\.org/10\.48550/arxiv\.
        |10\.48550/arxiv\.
        |(?:https?://)?(?:[a-z0-9-]+\.)*arxiv\.org/(?:abs|pdf|html|format|e-print|list)/
        |(?:https?://)?huggingface\.co/papers/
        |(?:https?://)?hf\.co/papers/
    )(?-i:{_ID})(?:\.pdf)?(?:[/?\#].*)?\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_BARE = re.compile(rf"{_ID}\Z")
_VERSION = re.compile(r"(?<=\d)v\d+\Z")
_MENTIONED = re.compile(
    rf"(?:arxiv[:.]\s*|arxiv\.org/(?:abs|pdf|html)/)(?-i:{_ID})(?![\d.]*\d)", re.IGNORECASE
)


def found_in(text: str) -> str | None:
    """Return the id that a text is: bare, with a prefix, as an address or a DOI; None if it is none."""
    text = text.strip()
    match = _BARE.match(text) or _WRITTEN.match(text)
    return None if match is None else match[1]


def mentioned_in(text: str) -> str | None:
    """Return the first id that stands in a text behind `arXiv:` or in an address."""
    match = _MENTIONED.search(text)
    return None if match is None else match[1]


def of_record(text: str) -> str:
    """Return the id of a record that comes from arXiv: without prefix and version.

    One that is not well-formed stays as it is: arXiv's own records hold some (`0811.36489`).
    """
    text = text.strip()
    found = found_in(text)
    if found is not None:
        return found
    for prefix in ("oai:arXiv.org:", "arXiv:", "http://arxiv.org/abs/", "https://arxiv.org/abs/"):
        text = text.removeprefix(prefix)
    return _VERSION.sub("", text)


def url(arxiv_id: str) -> str:
    """Return the address of a paper's page; arXiv asks to link there and not to the PDF."""
    return f"https://arxiv.org/abs/{quote(arxiv_id)}"
