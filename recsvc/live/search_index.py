"""The search index: in memory, one per process, fed by whoever follows the catalogue.

One typed door to tantivy (BM25, Snowball stems, Levenshtein automata). A process that serves owns its
index and shares it with nobody, so that nothing can lock or corrupt it; 100,000 abstracts take about
130 MB and five seconds at the start. Texts are not stored in it, only what finds them.

Not one folder shared by all: tantivy allows one writer per folder, which would need an election, a
way to notice that the elected one died, and readers that lag behind. In memory an item is committed
before it is listed, so that "listed" implies "found". With far more than a million items searching
would move to processes of its own.

    title, text   stems with positions, for BM25 and phrases
    names         stems of authors, organisation and topics
    people        authors in the ways names are written, with positions
    title_words, words   words as they are written, for typos and beginnings of words
    compounds     what hyphens tie or signs mark, each as one word
    named         ids, aliases and the whole title
    row           what is found
    topic, organisation, listed   what is filtered by
"""

import itertools

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Filter, Occur, Query, TextAnalyzerBuilder, Tokenizer

from recsvc.clock import to_us
from recsvc.core.items.catalogue import Filters
from recsvc.core.items.item import StoredItem
from recsvc.core.text import compounds, names, people
from recsvc.core.text.highlight import Finding, is_near
from recsvc.core.text.query import Asked
from recsvc.core.text.stop_words import STOP_WORDS
from recsvc.core.text.terms import searchable

Rows = NDArray[np.int64]

_HEAP_BYTES = 32_000_000
_MAX_WORDS = 40
_KNOWN_FORMS = 50_000
# Rows kept of words that readers mute or follow, 8 bytes each; a word itself weighs about 20.
_MAX_WITH_ROWS, _ROWS_OF_A_WORD = 4_000_000, 20
_LONGEST_WORD = 60
# In a catalogue of many items, a word that more than this share of them say tells nothing.
_COMMON, _MANY = 0.5, 1_000
_TITLE_BOOST = 2.5
_NAMES_BOOST = 1.5
_TIE_BREAK = 0.2
# A word that stands nowhere is taken for a typo; its likes score as a fairly rare word would.
_TYPO_SCORE = 4.0
_TYPO_CHARS = 4
_PREFIX_SCORE = 2.0
# An author's whole name, and a term in another way of writing, tell more than the words they consist of.
_PERSON_SCORE = 25.0
_COMPOUND_SCORE = 6.0
_MARKED_SCORE = 25.0
_PREFIX_CHARS, _TEXT_PREFIX_CHARS = 3, 5


class _Committed:
    """What one commit made findable.

    A search takes it once and keeps to it: another thread may commit meanwhile, and the address of a
    document means another one, or none, to the next searcher.
    """

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher
        self.rows_with: dict[str, Rows] = {}
        self._n_kept = 0

    def best(self, query: Query, k: int) -> tuple[Rows, NDArray[np.float64]]:
        """Return the rows and scores of the k best."""
        hits = self.searcher.search(query, k, count=False).hits
        rows = self.searcher.fast_field_values("row", [address for _, address in hits])
        return np.array(rows, np.int64), np.array([score for score, _ in hits], np.float64)

    def keep(self, words: str, rows: Rows) -> None:
        """Remember which rows hold words, within bounds."""
        self._n_kept += len(rows) + _ROWS_OF_A_WORD
        if self._n_kept > _MAX_WITH_ROWS:
            self.rows_with, self._n_kept = {}, 0
        self.rows_with[words] = rows


class SearchIndex:
    """Finds rows of the catalogue by words.

    What is put or removed shows after the next `commit`, which takes milliseconds and may run in
    another thread.
    """

    def __init__(self) -> None:
        self._stems = _analyzer(stemmed=True)
        self._words = _analyzer(stemmed=False)
        self._schema = _schema()
        self._known_forms: dict[str, tuple[str, ...]] = {}
        self.clear()
        self.commit()

    def clear(self) -> None:
        """Start anew; what was found so far is found until the next commit."""
        self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer("stems", self._stems)
        self._index.register_tokenizer("words", self._words)
        self._writer = self._index.writer(_HEAP_BYTES, 1)

    def put(self, row: int, item: StoredItem) -> None:
        """Take an item in, or what became of it; hidden ones cannot be found."""
        self.remove(row)
        if item.hidden:
            return
        title, text = searchable(item.title), searchable(item.text)
        organisation = item.organisation
        whose = [] if organisation is None else [organisation.slug, organisation.name]
        said = searchable("\n".join([*item.authors, *whose, *item.shown_topics]))
        document = tantivy.Document()
        document.add_integer("row", row)
        document.add_text("title", title)
        document.add_text("text", text)
        document.add_text("names", said)
        for author in item.authors:
            for form in people.forms(author):
                document.add_text("people", form)
        links = (item.extra.get("arxiv_id"), item.extra.get("doi"), item.url)
        for name in set(names.of((item.id, *item.aliases), links, item.title)):
            document.add_text("named", name)
        written = f"{item.title}\n{item.text}"
        together = {*compounds.joined(written), *compounds.marked(written)}
        document.add_text("compounds", " ".join(together))
        document.add_text("title_words", title)
        document.add_text("words", f"{title}\n{text}\n{said}")
        for topic in item.shown_topics:
            document.add_text("topic", topic)
        if organisation is not None:
            document.add_text("organisation", organisation.slug)
        listed = item.listed_at
        document.add_integer("listed", item.created_us if listed is None else to_us(listed))
        self._writer.add_document(document)

    def remove(self, row: int) -> None:
        """Stop finding an item."""
        self._writer.delete_documents_by_term("row", row)

    def commit(self) -> None:
        """Make what was put and removed show."""
        self._writer.commit()
        self._index.reload()
        self._committed = _Committed(self._index.searcher())

    @property
    def n(self) -> int:
        """How many items can be found."""
        return self._committed.searcher.num_docs

    def search(self, asked: Asked, filters: Filters, k: int, *, prefix: bool = False) -> Rows:
        """Return the k best rows by BM25, equal scores in row order.

        Args:
            prefix: whether the last word may be only the beginning of one.
        """
        clauses = self._clauses(asked, prefix)
        if not clauses:
            return np.empty(0, np.int64)
        query = Query.boolean_query(clauses + self._filters(filters))
        k += len(filters.exclude)
        rows, scores = self._committed.best(query, k)
        return rows[np.lexsort((rows, -scores))]

    def named(self, asked: Asked, filters: Filters) -> Rows:
        """Return the rows whose id, alias or whole title is what is asked for."""
        return self._all([(Occur.Must, self._by_name(asked))], filters)

    def holding(self, asked: Asked, filters: Filters, *, prefix: bool = False) -> Rows:
        """Return all rows that hold every word that tells something, or go by what is asked for.

        A word that stands nowhere is held by those that hold one like it.
        """
        ways = [(Occur.Should, self._by_name(asked)), (Occur.Should, self._by_person(asked))]
        words = [(Occur.Must, query) for query in self._each(asked, prefix)]
        must = self._phrases(asked)
        if words:
            ways.append((Occur.Should, Query.boolean_query(words)))
        if words or not must:
            must.append((Occur.Must, Query.boolean_query(ways)))
        return self._all(must + self._without(asked), filters)

    def _all(self, clauses: list[tuple[Occur, Query]], filters: Filters) -> Rows:
        committed = self._committed
        n = committed.searcher.num_docs
        if not n:
            return np.empty(0, np.int64)
        query = Query.boolean_query(clauses + self._filters(filters))
        return np.sort(committed.best(query, n)[0])

    def rows_with(self, words: str) -> Rows:
        """Return the rows whose title or text has a word, or several in a row; kept until a commit."""
        committed = self._committed
        found = committed.rows_with.get(words)
        if found is None:
            stems = self._analyze(words)
            found = np.empty(0, np.int64)
            if stems and committed.searcher.num_docs:
                in_either = [(Occur.Should, self._phrase(f, stems)) for f in ("title", "text")]
                query = Query.boolean_query(in_either)
                found = np.sort(committed.best(query, committed.searcher.num_docs)[0])
            committed.keep(words, found)
        return found

    def finding(self, asked: Asked, *, prefix: bool = False) -> Finding:
        """Return a function that tells which words of a text are what the query asked for."""
        stems = set(self._telling(asked.text))
        typos = [word for word in self._written(asked) if self._is_typo(word)]
        begun = self._begun(asked) if prefix else None
        known: set[str] = set()
        meant: set[str] = set()

        def found(words: set[str]) -> set[str]:
            unknown = words - known
            known.update(unknown)
            forms = self._forms(unknown)
            asked_for = stems
            if typos:
                written = {form for word in unknown for form in forms[word]}
                asked_for = stems | {w for w in written if any(is_near(w, t) for t in typos)}
            meant.update(word for word in unknown if not asked_for.isdisjoint(forms[word]))
            if begun is not None:
                meant.update(word for word in unknown if forms[word][0].startswith(begun))
            return words & meant

        return found

    def _clauses(self, asked: Asked, prefix: bool) -> list[tuple[Occur, Query]]:
        clauses = self._phrases(asked)
        clauses += [(Occur.Should, query) for query in self._each(asked, prefix)]
        stems = self._analyze(asked.words)
        if len(stems) > 1 and not asked.is_identifier:
            whole = Query.boost_query(self._phrase("title", stems), 2 * _TITLE_BOOST)
            clauses += [(Occur.Should, whole)]
        if stems:
            clauses += [(Occur.Should, self._by_person(asked))]
        return clauses + self._without(asked) if clauses else []

    def _phrases(self, asked: Asked) -> list[tuple[Occur, Query]]:
        found = map(self._analyze, asked.phrases)
        return [(Occur.Must, self._anywhere(stems)) for stems in found if stems]

    def _without(self, asked: Asked) -> list[tuple[Occur, Query]]:
        found = map(self._analyze, asked.without)
        return [(Occur.MustNot, self._anywhere(stems)) for stems in found if stems]

    def _each(self, asked: Asked, prefix: bool) -> list[Query]:
        """Return a query for each word that tells something: it, its other forms, what is like it."""
        if asked.is_identifier:
            stems = self._analyze(asked.words)
            return [self._anywhere(stems)] if stems else []
        written = self._written(asked)
        begun = self._begun(asked) if prefix else None
        telling = self._telling_words(asked.words)
        found = [self._one(word, stem, written) for stem, word in telling.items()]
        if begun is not None and written[-1] in telling.values():
            last = list(telling.values()).index(written[-1])
            begins = self._like(begun, 0, _PREFIX_SCORE, prefix=True)
            found[last] = _either([found[last], begins])
        return found + [
            self._compound(word, _MARKED_SCORE) for word in compounds.marked(asked.words)
        ]

    def _one(self, word: str, stem: str, written: list[str]) -> Query:
        ways = [self._anywhere([stem])]
        pairs = [a + b for a, b in itertools.pairwise(written) if word in (a, b)]
        ways += [self._compound(whole) for whole in dict.fromkeys([word, *pairs])]
        if self._is_typo(word):
            ways.append(self._like(word, _edits(word), _TYPO_SCORE))
        return _either(ways)

    def _compound(self, word: str, score: float = _COMPOUND_SCORE) -> Query:
        """Return a query for a term that is written with hyphens, signs or a space, or as one word."""
        found = Query.term_query(self._schema, "compounds", word, "basic")
        as_one = Query.term_query(self._schema, "words", word, "basic")
        return Query.const_score_query(_either([found, as_one]), score)

    def _by_name(self, asked: Asked) -> Query:
        return Query.term_set_query(self._schema, "named", list(asked.names))

    def _by_person(self, asked: Asked) -> Query:
        """Return a query for authors whose whole name is asked for, in any order."""
        orders = [self._words.analyze(" ".join(order)) for order in people.orders(asked.words)]
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

    def _filters(self, filters: Filters) -> list[tuple[Occur, Query]]:
        schema = self._schema
        found: list[tuple[Occur, Query]] = []

        def require(query: Query) -> None:
            found.append((Occur.Must, Query.const_score_query(query, 0.0)))

        if filters.topic:
            require(Query.term_set_query(schema, "topic", list(filters.topic)))
        for topic in filters.topic_all:
            require(Query.term_query(schema, "topic", topic))
        if filters.topic_not:
            wanted = list(filters.topic_not)
            found.append((Occur.MustNot, Query.term_set_query(schema, "topic", wanted)))
        if filters.organisation:
            slugs = list(filters.organisation)
            require(Query.term_set_query(schema, "organisation", slugs))
        if filters.since_us is not None or filters.until_us is not None:
            require(
                Query.range_query(
                    schema,
                    "listed",
                    tantivy.FieldType.Integer,
                    filters.since_us,
                    filters.until_us,
                    include_upper=False,
                )
            )
        return found

    def _analyze(self, text: str) -> list[str]:
        return self._stems.analyze(searchable(text))[:_MAX_WORDS]

    def _telling(self, text: str) -> list[str]:
        return list(self._telling_words(text))

    def _telling_words(self, text: str) -> dict[str, str]:
        """Return the words of a text by their stems without stop words, unless it has no others.

        In any language, a word that most items say is one of these.
        """
        words = self._words.analyze(searchable(text))[:_MAX_WORDS]
        by_stem: dict[str, str] = {}
        for word, stem in zip(words, self._analyze(text), strict=True):
            by_stem.setdefault(stem, word)
        telling = {
            stem: word
            for stem, word in by_stem.items()
            if word not in STOP_WORDS and not self._is_common(stem)
        }
        return telling or by_stem

    def _is_common(self, stem: str) -> bool:
        if self.n < _MANY:
            return False
        return int(self._committed.searcher.doc_freq("text", stem)) > _COMMON * self.n

    def _forms(self, words: set[str]) -> dict[str, tuple[str, ...]]:
        """Return words as they are searched for and their stems; the words of all texts recur."""
        if len(self._known_forms) > _KNOWN_FORMS:
            self._known_forms = {}
        known = self._known_forms
        for word in words:
            if word not in known:
                bare = searchable(word).strip()
                known[word] = (bare, *self._stems.analyze(bare))
        return known

    def _written(self, asked: Asked) -> list[str]:
        return self._words.analyze(searchable(asked.words))[:_MAX_WORDS]

    def _begun(self, asked: Asked) -> str | None:
        """Return the last word, if enough of it is there to find others that begin so."""
        last = self._written(asked)[-1:]
        return last[0] if last and len(last[0]) >= _PREFIX_CHARS else None

    def _is_typo(self, word: str) -> bool:
        if len(word) < _TYPO_CHARS or word.isdigit():
            return False
        return not any(
            self._committed.searcher.doc_freq(field, stem)
            for stem in self._analyze(word)
            for field in ("title", "text", "names")
        ) and not self._committed.searcher.doc_freq("compounds", word)


def _either(queries: list[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, _TIE_BREAK)


def _edits(word: str) -> int:
    return 1 if len(word) < 2 * _TYPO_CHARS else 2


def _analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST_WORD))
    builder = builder.filter(Filter.ascii_fold())
    return builder.filter(Filter.stemmer("english")).build() if stemmed else builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Not unsigned: deleting by a term of an unsigned field deletes nothing (tantivy-py 0.27).
    builder.add_integer_field("row", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="stems", index_option="position")
    builder.add_text_field("text", tokenizer_name="stems", index_option="position")
    builder.add_text_field("names", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("people", tokenizer_name="words", index_option="position")
    builder.add_text_field("compounds", tokenizer_name="words", index_option="basic")
    builder.add_text_field("named", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title_words", tokenizer_name="words", index_option="basic")
    builder.add_text_field("words", tokenizer_name="words", index_option="basic")
    builder.add_text_field("topic", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("organisation", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("listed", fast=True)
    return builder.build()
