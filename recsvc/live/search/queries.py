"""Queries: what is asked for, as conditions and scores of the index."""

import itertools

import tantivy
from tantivy import Occur, Query

from recsvc.core.text import compounds, people
from recsvc.core.text.query import Asked
from recsvc.live.search.filters import Clause
from recsvc.live.search.words import TYPO_CHARS, Words

_TITLE_BOOST = 2.5
_NAMES_BOOST = 1.5
_TIE_BREAK = 0.2
# A word that stands nowhere is taken for a typo; its likes score as a fairly rare word would.
_TYPO_SCORE = 4.0
_PREFIX_SCORE = 2.0
# An author's whole name, and a term in another way of writing, tell more than the words they consist of.
_PERSON_SCORE = 25.0
_COMPOUND_SCORE = 6.0
_MARKED_SCORE = 25.0
_TEXT_PREFIX_CHARS = 5


class Queries:
    """Makes queries of what is asked for, knowing the words of one commit."""

    def __init__(self, schema: tantivy.Schema, words: Words) -> None:
        self._schema = schema
        self._words = words
        self._analysis = words.analysis

    def best(self, asked: Asked, *, prefix: bool) -> list[Clause]:
        """Return the clauses of which any may hold, the more the better; none if nothing is asked for.

        Args:
            prefix: whether the last word may be only the beginning of one.
        """
        clauses = self._phrases(asked)
        clauses += [(Occur.Should, query) for query in self._each(asked, prefix)]
        stems = self._analysis.stems(asked.words)
        if len(stems) > 1 and not asked.is_identifier:
            whole = Query.boost_query(self._phrase("title", stems), 2 * _TITLE_BOOST)
            clauses += [(Occur.Should, whole)]
        if stems:
            clauses += [(Occur.Should, self._by_person(asked))]
        return clauses + self._without(asked) if clauses else []

    def all(self, asked: Asked, *, prefix: bool) -> list[Clause]:
        """Return the clauses of what holds all words that tell something, or goes by that name."""
        ways = [(Occur.Should, self.by_name(asked)), (Occur.Should, self._by_person(asked))]
        words = [(Occur.Must, query) for query in self._each(asked, prefix)]
        must = self._phrases(asked)
        if words:
            ways.append((Occur.Should, Query.boolean_query(words)))
        if words or not must:
            must.append((Occur.Must, Query.boolean_query(ways)))
        return must + self._without(asked)

    def by_name(self, asked: Asked) -> Query:
        """Return a query for what has an id, an alias or a whole title that is asked for."""
        return Query.term_set_query(self._schema, "named", list(asked.names))

    def in_a_row(self, stems: list[str]) -> Query:
        """Return a query for stems side by side in a title or a text."""
        in_either = [(Occur.Should, self._phrase(field, stems)) for field in ("title", "text")]
        return Query.boolean_query(in_either)

    def _phrases(self, asked: Asked) -> list[Clause]:
        found = map(self._analysis.stems, asked.phrases)
        return [(Occur.Must, self._anywhere(stems)) for stems in found if stems]

    def _without(self, asked: Asked) -> list[Clause]:
        found = map(self._analysis.stems, asked.without)
        return [(Occur.MustNot, self._anywhere(stems)) for stems in found if stems]

    def _each(self, asked: Asked, prefix: bool) -> list[Query]:
        """Return a query for each word that tells something: it, its other forms, what is like it."""
        if asked.is_identifier:
            stems = self._analysis.stems(asked.words)
            return [self._anywhere(stems)] if stems else []
        written = self._analysis.written(asked.words)
        begun = self._analysis.begun(asked) if prefix else None
        telling = self._words.telling(asked.words)
        found = [self.one(word, stem, written) for stem, word in telling.items()]
        if begun is not None and written[-1] in telling.values():
            last = list(telling.values()).index(written[-1])
            begins = self._like(begun, 0, _PREFIX_SCORE, prefix=True)
            found[last] = _either([found[last], begins])
        marked = compounds.marked(asked.words)
        return found + [self._compound(word, _MARKED_SCORE) for word in marked]

    def one(self, word: str, stem: str, written: list[str]) -> Query:
        """Return a query for a word, written in whatever way.

        Args:
            written: all words that are asked for, the neighbours of this one among them.
        """
        ways = [self._anywhere([stem])]
        pairs = [a + b for a, b in itertools.pairwise(written) if word in (a, b)]
        ways += [self._compound(whole) for whole in dict.fromkeys([word, *pairs])]
        if self._words.is_typo(word):
            ways.append(self._like(word, _edits(word), _TYPO_SCORE))
        return _either(ways)

    def _compound(self, word: str, score: float = _COMPOUND_SCORE) -> Query:
        """Return a query for a term that is written with hyphens, signs or a space, or as one word."""
        found = Query.term_query(self._schema, "compounds", word, "basic")
        as_one = Query.term_query(self._schema, "words", word, "basic")
        return Query.const_score_query(_either([found, as_one]), score)

    def _by_person(self, asked: Asked) -> Query:
        """Return a query for authors whose whole name is asked for, in any order."""
        split = self._analysis.splitting.analyze
        orders = [split(" ".join(order)) for order in people.orders(asked.words)]
        ways = [self._phrase("people", words) for words in orders if words]
        return Query.const_score_query(_either(ways), _PERSON_SCORE)

    def _anywhere(self, stems: list[str]) -> Query:
        fields = {"title": _TITLE_BOOST, "text": 1.0}
        if len(stems) == 1:
            fields["names"] = _NAMES_BOOST
        parts = [Query.boost_query(self._phrase(f, stems), boost) for f, boost in fields.items()]
        return Query.disjunction_max_query(parts, _TIE_BREAK)

    def _like(self, word: str, edits: int, score: float, *, prefix: bool = False) -> Query:
        """Return a query for words some edits away, or for words that begin so.

        A short beginning is looked for in titles only: in texts too many words begin like it.
        """
        fields = {"title_words": _TITLE_BOOST, "words": 1.0}
        if prefix and len(word) < _TEXT_PREFIX_CHARS:
            del fields["words"]
        parts = []
        for field, boost in fields.items():
            near = Query.fuzzy_term_query(self._schema, field, word, edits, prefix=prefix)
            parts.append(Query.const_score_query(near, boost * score))
        return Query.disjunction_max_query(parts)

    def _phrase(self, field: str, stems: list[str]) -> Query:
        if len(stems) == 1:
            return Query.term_query(self._schema, field, stems[0], "freq")
        return Query.phrase_query(self._schema, field, list(stems))


def _either(queries: list[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, _TIE_BREAK)


def _edits(word: str) -> int:
    return 1 if len(word) < 2 * TYPO_CHARS else 2
