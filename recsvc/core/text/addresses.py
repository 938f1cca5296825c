"""Addresses in prose: abstracts name their code and data by writing where they are."""

import re
from collections.abc import Iterator

# Only of the web, and so long that no browser refuses them.
_ADDRESS = re.compile(r"(?<![\w/])https?://[^\s<>\"'`{}|\\^\x00-\x1f]{3,2000}")
_ENDS = ".,;:!?*_…"
_CLOSING = {")": "(", "]": "["}


def addresses_in(prose: str) -> Iterator[tuple[str, bool]]:
    """Yield prose in pieces, in order, and whether each is an address."""
    end = 0
    for found in _ADDRESS.finditer(prose):
        address = _without_end(found[0])
        yield prose[end : found.start()], False
        yield address, True
        end = found.start() + len(address)
    yield prose[end:], False


def _without_end(text: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    while text:
        last = text[-1]
        opening = _CLOSING.get(last)
        is_alone = opening is not None and text.count(last) > text.count(opening)
        if last not in _ENDS and not is_alone:
            break
        text = text[:-1]
    return text
