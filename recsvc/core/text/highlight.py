"""Highlights: which parts of a text a query found, as pieces of text and never as markup."""

import re
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

import msgspec
from rapidfuzz.distance import OSA

# Which of some words a query found.
Finding = Callable[[set[str]], set[str]]

_WORD = re.compile(r"([^\W_]+)")
_ASCII_WORD = re.compile(r"([0-9A-Za-z]+)")  # the same where all is ASCII, in half the time
# The same with TeX accents inside it.
_TEX_WORD = re.compile(r"((?:[^\W_]|\\['`^\"~=.]\s*\{?\\?[A-Za-z]\}?)+)")
_MORE = "…"


class Part(msgspec.Struct, frozen=True):
    """A piece of a text.

    Attributes:
        match: whether the query found it.
    """

    text: str
    match: bool


def highlighted(text: str, found: Finding) -> list[Part]:
    """Return a text in pieces; joined they are the text."""
    return _parts(text, 0, len(text), _spans(text, found))


def snippet(text: str, found: Finding, width: int) -> list[Part]:
    """Return the stretch of a text that has most of what the query found, in pieces.

    Args:
        width: about how many characters; whole words, with an ellipsis where text is left out.
    """
    spans = _spans(text, found)
    start = _best_start(text, spans, width)
    end = min(len(text), start + width)
    if end < len(text):
        last_space = text.rfind(" ", start, end)
        end = last_space if last_space > start else end
    parts = _parts(text, start, end, spans)
    if start > 0:
        parts.insert(0, Part(_MORE, False))
    if end < len(text):
        parts.append(Part(_MORE, False))
    return parts


def is_near(word: str, other: str) -> bool:
    """Return whether two words differ by a typo: one edit, or two when they are long.

    Edits are insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    """
    allowed = 1 if len(other) < 8 else 2
    return OSA.distance(word, other, score_cutoff=allowed) <= allowed


def _spans(text: str, found: Finding) -> list[tuple[int, int]]:
    pattern = _ASCII_WORD if text.isascii() else _WORD
    pieces = (_TEX_WORD if "\\" in text else pattern).split(text)  # every other one is a word
    wanted = found(set(pieces[1::2]))
    if not wanted:
        return []
    ends = list(accumulate(map(len, pieces)))
    return [(ends[i - 1], ends[i]) for i in range(1, len(pieces), 2) if pieces[i] in wanted]


def _best_start(text: str, spans: list[tuple[int, int]], width: int) -> int:
    """Return where the window with the most different finds begins, a little before the first."""
    if len(text) <= width or not spans:
        return 0
    room = width * 3 // 4
    words = [text[a:b].casefold() for a, b in spans]
    n_different = len(set(words))
    inside: Counter[str] = Counter()
    best, start, first = 0, 0, 0
    for last, word in enumerate(words):
        inside[word] += 1
        while first < last and spans[first][0] < spans[last][1] - room:
            gone = words[first]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) > best:
            best, start = len(inside), spans[first][0]
            if best == n_different:
                break
    start = max(0, min(start - width // 4, len(text) - width))
    space = text.find(" ", start)
    return 0 if start == 0 or space < 0 else space + 1


def _parts(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> list[Part]:
    parts, at = [], start
    for a, b in spans:
        if a < start or b > end:
            continue
        if a > at:
            parts.append(Part(text[at:a], False))
        parts.append(Part(text[a:b], True))
        at = b
    if at < end:
        parts.append(Part(text[at:end], False))
    return parts
