r"""Terms written in several ways: `GPT-4o`, `gpt 4o`, `gpt4o`; `MoS$_2$`, `MoS2`; `C++`, `C#`, `.NET`.

Words are cut where no letter or digit stands. What belonged together is kept beside them as one word.
"""

import itertools
import re
from collections.abc import Iterator

from recsvc.core.text.terms import searchable

_HYPHENED = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)+")
_HYPHEN = re.compile(r"[-\u2010\u2011]")
_NUMBER = re.compile(r" (\d[^\W_]*)")
_MARKED = re.compile(r"(?<![^\W_])([^\W_]+)([+#*]+)(?![^\W_])")
_DOTTED = re.compile(r"(?<![\w.])\.([^\W\d_][^\W_]+)")
# Numbers below or above letters in TeX, with what it takes: `H_2O`, `Bi$_{2}$Se$_3$`, `$^{87}$Rb`.
_RAISED = r"[{}$]{0,3}[_^]\{?\d{1,3}[{}$]{0,3}"
_WITH_NUMBERS = re.compile(
    rf"(?<![^\W_])(?:{_RAISED})?[^\W\d_]+(?:{_RAISED}[^\W_]*)+|(?<![\w}}])(?:{_RAISED})[^\W\d_]+"
)
_TEX_SIGNS = re.compile(r"[{}$_^]")
_INITIALS = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}")
_SPELLED = str.maketrans({"+": "plus", "#": "sharp", "*": "star"})


def joined(text: str) -> Iterator[str]:
    """Yield as one word each what hyphens tie, what a number follows or belongs to, and initials."""
    plain = searchable(text)
    return _joined(plain, _odd(plain))


def marked(text: str) -> Iterator[str]:
    """Yield words with the signs that are part of them, spelled: `C++` to `cplusplus`."""
    return _marked(_odd(searchable(text)))


def all_in(plain: str) -> set[str]:
    """Return both, of a searchable text."""
    odd = _odd(plain)
    return {*_joined(plain, odd), *_marked(odd)}


def _joined(plain: str, odd: str) -> Iterator[str]:
    for found in _HYPHENED.findall(odd):
        parts = _HYPHEN.split(found)
        yield "".join(parts)
        if len(parts) > 2:
            yield from map("".join, itertools.pairwise(parts))
    for number in _NUMBER.finditer(plain):
        word = _word_before(plain, number.start())
        if word:
            yield word + number[1]
    if "_" in odd or "^" in odd:
        yield from (_TEX_SIGNS.sub("", found) for found in _WITH_NUMBERS.findall(odd))
    yield from (found.replace(".", "") for found in _INITIALS.findall(odd))


def _marked(odd: str) -> Iterator[str]:
    for word, signs in _MARKED.findall(odd):
        yield word + signs.translate(_SPELLED)
    for word in _DOTTED.findall(odd):
        yield f"dot{word}"


def _odd(plain: str) -> str:
    """Return what holds more than letters and digits: a small part of most texts, soon looked through.

    What is looked for there never goes over a space.
    """
    return " ".join(part for part in plain.split() if not part.isalnum())


def _word_before(plain: str, end: int) -> str:
    """Return the word without digits that ends there; empty where there is none."""
    start = end
    while start and plain[start - 1].isalnum():
        start -= 1
    word = plain[start:end]
    return "" if any(map(str.isdecimal, word)) else word
