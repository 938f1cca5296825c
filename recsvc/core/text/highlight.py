"""Highlights: which parts of a text a query found, as pieces of text and never as markup."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec
from rapidfuzz.distance import OSA

from recsvc.core.text.formulae import Spelled

# Which of some words a query found.
Finding = Callable[[set[str]], set[str]]

_WORD = re.compile(r"([^\W_]+)")
_ASCII_WORD = re.compile(r"([0-9A-Za-z]+)")  # the same where all is ASCII, in half the time
# The same with TeX accents inside it.
_TEX_WORD = re.compile(r"((?:[^\W_]|\\['`^\"~=.]\s*\{?\\?[A-Za-z]\}?)+)")
_MORE = "…"


class _Place(NamedTuple):
    """A stretch of a text that is a piece of its own."""

    start: int
    end: int
    match: bool
    tex: str | msgspec.UnsetType = msgspec.UNSET


class Part(msgspec.Struct, frozen=True):
    """A piece of a text.

    Attributes:
        match: whether the query found it.
        tex: the formula that its characters spell, for those who can draw it.
    """

    text: str
    match: bool
    tex: str | msgspec.UnsetType = msgspec.UNSET


def highlighted(text: str, found: Finding, formulae: Sequence[Spelled] = ()) -> list[Part]:
    """Return a text in pieces, each formula one of them; joined they are the text."""
    return _parts(text, 0, len(text), _with_formulae(_spans(text, found), formulae))


def snippet(text: str, found: Finding, width: int, formulae: Sequence[Spelled] = ()) -> list[Part]:
    """Return the stretch of a text that has most of what the query found, in pieces.

    Args:
        width: about how many characters; whole words and formulae, with an ellipsis where text is
            left out.
    """
    spans = _spans(text, found)
    start = _best_start(text, spans, width)
    end = min(len(text), start + width)
    if end < len(text):
        last_space = text.rfind(" ", start, end)
        end = last_space if last_space > start else end
    for one in formulae:
        if one.start < start < one.end < end:
            start = one.end
        if start < one.start < end < one.end:
            end = one.start
    parts = _parts(text, start, end, _with_formulae(spans, formulae))
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


def words_like(word: str, words: Iterable[str]) -> set[str]:
    """Return those of some words that a typo may have been meant to be."""
    return {other for other in set(words) if is_near(other, word)}


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


def _with_formulae(spans: list[tuple[int, int]], formulae: Sequence[Spelled]) -> list[_Place]:
    """Return what was found and what are formulae, in order; of a formula all is found or nothing."""
    places: list[_Place] = []
    left = deque(spans)
    for one in formulae:
        match = False
        while left and left[0][0] < one.end:
            a, b = left.popleft()
            if a < one.start:
                places.append(_Place(a, min(b, one.start), True))
            match = match or b > one.start
            if b > one.end:
                left.appendleft((one.end, b))
        places.append(_Place(one.start, one.end, match, one.tex))
    return places + [_Place(a, b, True) for a, b in left]


def _parts(text: str, start: int, end: int, places: list[_Place]) -> list[Part]:
    parts, at = [], start
    for place in places:
        if place.start < start or place.end > end:
            continue
        if place.start > at:
            parts.append(Part(text[at : place.start], False))
        parts.append(Part(text[place.start : place.end], place.match, place.tex))
        at = place.end
    if at < end:
        parts.append(Part(text[at:end], False))
    return parts
