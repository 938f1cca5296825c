r"""Terms written in several ways: `GPT-4o`, `gpt 4o`, `gpt4o`; `MoS$_2$`, `MoS2`; `C++`, `C#`, `.NET`.

Words are cut where no letter or digit stands. What belonged together is kept beside them as one word.
"""

import itertools
import re
from collections.abc import Iterator

from recsvc.core.text.terms import searchable

_HYPHENED = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)+")
_HYPHEN = re.compile(r"[-\u2010\u2011]")
_NUMBERED = re.compile(r"(?<![^\W_])([^\W\d_]+) (?=(\d[^\W_]*))")
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
    for found in _HYPHENED.findall(plain):
        parts = _HYPHEN.split(found)
        yield "".join(parts)
        if len(parts) > 2:
            yield from map("".join, itertools.pairwise(parts))
    for word, number in _NUMBERED.findall(plain):
        yield word + number
    if "_" in plain or "^" in plain:
        yield from (_TEX_SIGNS.sub("", found) for found in _WITH_NUMBERS.findall(plain))
    yield from (found.replace(".", "") for found in _INITIALS.findall(plain))


def marked(text: str) -> Iterator[str]:
    """Yield words with the signs that are part of them, spelled: `C++` to `cplusplus`."""
    plain = searchable(text)
    for word, signs in _MARKED.findall(plain):
        yield word + signs.translate(_SPELLED)
    for word in _DOTTED.findall(plain):
        yield f"dot{word}"
