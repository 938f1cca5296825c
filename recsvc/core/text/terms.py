"""Text to term counts: any language, LaTeX and code tolerated, no vocabulary to keep.

Terms are hashed to columns (Weinberger et al.: "Feature Hashing for Large Scale Multitask Learning",
ICML 2009) so that a new paper's new words need no retraining to be counted. With 2^24 columns, one in
a hundred of 200,000 terms shares its column with another.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

import mmh3
import numpy as np
import scipy.sparse as sp

from recsvc.core.text.stop_words import STOP_WORDS

N_COLUMNS = 2**24

# \'e, \"{o}, \^{\i}: a TeX accent belongs to the letter behind it.
_TEX_ACCENT = re.compile(r"\\['`^\"~=.]\s*\{?\\?([A-Za-z])\}?")
_TEX_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[^\W_]+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Chinese and Japanese divide no words by spaces, as Korean does: where one stands, as in names, it
# tells nothing.
_GAP = re.compile(
    r"(?<=[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]) +(?=[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")


def terms(text: str) -> Iterator[str]:
    """Yield the terms of a text, lower-case, without accents, stop words and TeX commands.

    Runs of Chinese, Japanese or Korean characters, which no space divides, become pairs.
    """
    for word in _WORD.findall(_closed(plain(text))):
        if _CJK.match(word):
            yield from _pairs(word)
        elif len(word) > 1 and word not in STOP_WORDS:
            yield singular(word)


def plain(text: str) -> str:
    """Return a text lower-case, without accents and TeX commands; nothing else is changed."""
    bare = without_tex(text)
    return bare.casefold() if bare.isascii() else _without_accents(bare)


def without_tex(text: str) -> str:
    """Return a text whose TeX accents are plain letters and whose TeX commands are gone."""
    if "\\" not in text:
        return text
    return _TEX_COMMAND.sub(" ", _TEX_ACCENT.sub(r"\1", text))


def searchable(text: str) -> str:
    """Return a plain text whose runs of CJK characters are divided into pairs by spaces."""
    bare = plain(text)
    if bare.isascii():
        return bare
    return _CJK.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", _closed(bare))


def _closed(text: str) -> str:
    return text if text.isascii() else _GAP.sub("", text)


def _pairs(run: str) -> Iterator[str]:
    return (run[i : i + 2] for i in range(max(1, len(run) - 1)))


def _without_accents(text: str) -> str:
    """Return a text casefolded, compatibility forms and accents gone (é to e, ﬁ to fi).

    What nobody sees is gone, too: soft hyphens and joiners, which copies of pages and PDFs leave in
    words.
    """
    decomposed = unicodedata.normalize("NFKD", _UNSEEN.sub("", text)).casefold()
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept)


def singular(word: str) -> str:
    """Return an English plural's likely singular; other words as they are."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def term_counts(texts: Iterable[str]) -> sp.csr_matrix:
    """Return the (n_texts, N_COLUMNS) float32 counts of hashed terms."""
    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for text in texts:
        found = Counter(abs(mmh3.hash(term)) % N_COLUMNS for term in terms(text))
        for column, count in sorted(found.items()):
            columns.append(column)
            counts.append(count)
        ends.append(len(columns))
    entries = np.array(counts, np.float32), np.array(columns, np.int32), np.array(ends)
    return sp.csr_matrix(entries, shape=(len(ends) - 1, N_COLUMNS))


def item_text(title: str, text: str, topics: Iterable[str] = ()) -> str:
    """Return what an item is about, its title counted twice."""
    return "\n".join([title, title, text, *topics])
