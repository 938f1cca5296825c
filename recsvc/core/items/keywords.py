"""Keywords: topics for items whose source names none, taken from what titles keep saying.

A keyword is a phrase of up to four words that several titles of the catalogue have in common. An item
may get those of its title, and those its text repeats: a phrase twice, a single word thrice. The five
weightiest stay:

    weight = (3 · times in the title + ln(1 + times in the text)) · ln(1 + N / titles with it) · words

Where that yields fewer than two, as in a small catalogue, phrases of the title that the text repeats
make up for it.

Phrases end at stop words and punctuation; singular and plural count as one and are written as most
titles write them. Nothing is invented: every keyword stands in the item's title or text.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from recsvc.core.text.stop_words import STOP_WORDS
from recsvc.core.text.terms import singular, without_tex

N_KEYWORDS = 5
_MAX_WORDS = 4
_MIN_TITLES = 3
# A phrase in more than this share of all titles tells nothing apart.
_MAX_SHARE = 0.2
_TITLE_WEIGHT = 3.0
_TIMES_A_WORD, _TIMES_A_PHRASE = 3, 2
_FEWEST = 2
_TIMES_BESIDES = 1
# A phrase that nearly always stands in a longer one is only a piece of it: "deep neural" networks.
_PIECE_SHARE = 0.75

_BREAK = re.compile(r"[^\w\s'’/+-]+|\s[-–—]+\s")
_WORD = re.compile(r"[^\W_](?:[\w+-]*[^\W_])?")
# Words of every paper on anything: part of a phrase perhaps, never one by themselves nor at its start.
_OF_ANYTHING = """
ability accurate achieve across adaptive advance analysis analyzing application approach aware
based behavior behaviour benchmark benchmarking best better beyond build building capability
case challenge combining compare comparing comparison complex comprehensive data dataset
demonstrate design developing different difficult dynamic effect effective effectively
efficient efficiently empirical enabling end enhance enhanced enhancing evaluating evaluation
evidence experiment explore exploring extensive fast feature field flexible framework free
fully general generalized good guided hidden high higher human idea improve improved improving
information insight introduce introducing investigate investigating issue iterative key know
large large-scale lead learn learned learning level leveraging like long low make making
matter mechanism method methodology mitigating model modeling modelling monitoring multi
multiple need new non novel number open outperform output paper performance perspective
possible practical present principled prior problem process promoting propose proposed provide
quality question rapid real recent reduce reducing reliable research result rethinking revisit
revisiting robust role scalable scale second selective show significant simple single small
solution solving specific state state-of-the-art step strategy strong structure study survey
system task technique theory think time toward towards train training type understanding
unified unifying universal use used useful using value via way well without work world zero
"""
_EMPTY_WORDS = STOP_WORDS.union(_OF_ANYTHING.split())


class Vocabulary(msgspec.Struct, frozen=True):
    """The phrases that may become keywords.

    Attributes:
        titles: phrase -> how many titles have it.
        labels: phrase -> how it is written.
        n_titles: how many titles there are.
    """

    titles: dict[str, int]
    labels: dict[str, str]
    n_titles: int


def vocabulary(titles: Iterable[str]) -> Vocabulary:
    """Return the phrases that several titles have in common, and not too many."""
    counts: Counter[str] = Counter()
    written: defaultdict[str, Counter[str]] = defaultdict(Counter)
    n = 0
    for title in titles:
        n += 1
        found = dict(_phrases(title))
        counts.update(found.keys())
        for phrase, label in found.items():
            written[phrase][label] += 1
    most = max(_MAX_SHARE * n, _MIN_TITLES)
    kept = _without_pieces({p: c for p, c in counts.items() if _MIN_TITLES <= c <= most})
    labels = {p: min(written[p], key=lambda label: (-written[p][label], label)) for p in kept}
    return Vocabulary(kept, labels, n)


def keywords(title: str, text: str, known: Vocabulary, k: int = N_KEYWORDS) -> list[str]:
    """Return an item's keywords, the weightiest first, equal ones by name; none inside another."""
    written = dict(_phrases(title))
    in_title = Counter(phrase for phrase, _ in _phrases(title))
    in_text = Counter(
        phrase for phrase, _ in _phrases(text) if phrase in known.titles or phrase in in_title
    )
    shared: dict[str, float] = {}
    own: dict[str, float] = {}
    for phrase in in_title.keys() | in_text.keys():
        n_titles = known.titles.get(phrase)
        n_words = len(phrase.split())
        times = _TIMES_A_WORD if n_words == 1 else _TIMES_A_PHRASE
        if n_titles is not None and (phrase in in_title or in_text[phrase] >= times):
            said = _TITLE_WEIGHT * in_title[phrase] + math.log1p(in_text[phrase])
            shared[phrase] = said * math.log(1 + known.n_titles / n_titles) * n_words
        elif n_titles is None and phrase in in_title and in_text[phrase] >= _TIMES_BESIDES:
            own[phrase] = math.log1p(in_text[phrase]) * n_words
    chosen = _best(shared, k, [])
    chosen = _best(own, _FEWEST, chosen)
    return [known.labels.get(phrase) or written[phrase] for phrase in chosen]


def _best(weights: dict[str, float], k: int, chosen: list[str]) -> list[str]:
    """Return what was chosen and the weightiest besides, k in all, none inside another."""
    chosen = list(chosen)
    for phrase in sorted(weights, key=lambda p: (-weights[p], p)):
        if len(chosen) >= k:
            break
        if not any(_inside(phrase, other) or _inside(other, phrase) for other in chosen):
            chosen.append(phrase)
    return chosen


def _without_pieces(counts: dict[str, int]) -> dict[str, int]:
    pieces = set()
    for phrase, count in counts.items():
        words = phrase.split()
        for piece in (" ".join(words[:-1]), " ".join(words[1:])):
            if " " in piece and count >= _PIECE_SHARE * counts.get(piece, math.inf):
                pieces.add(piece)
    return {phrase: count for phrase, count in counts.items() if phrase not in pieces}


def _phrases(text: str) -> Iterator[tuple[str, str]]:
    """Yield the phrases of a text: how it counts, and how it is written here."""
    for stretch in _BREAK.split(without_tex(text)):
        run: list[tuple[str, str]] = []
        for word in _WORD.findall(stretch):
            low = word.lower()
            if low in STOP_WORDS:
                yield from _of_run(run)
                run = []
            else:
                run.append((singular(low), low))
        yield from _of_run(run)


def _of_run(run: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for start in range(len(run)):
        if not _tells(run[start][0]):
            continue
        for end in range(start + 1, min(start + _MAX_WORDS, len(run)) + 1):
            # Only the last word may be an empty one, and only behind another: "language model".
            if end - start > 1 or _tells(run[end - 1][0]):
                words = run[start:end]
                yield " ".join(word for word, _ in words), " ".join(label for _, label in words)


def _tells(word: str) -> bool:
    return len(word) > 2 and not word[0].isdigit() and word not in _EMPTY_WORDS


def _inside(phrase: str, other: str) -> bool:
    return f" {phrase} " in f" {other} "
