"""The search index: in memory, one per process, fed by whoever follows the catalogue.

One typed door to tantivy (BM25, Snowball stems, Levenshtein automata). A process that serves owns its
index and shares it with nobody, so that nothing can lock or corrupt it; 100,000 abstracts take about
130 MB and eight seconds at the start.

Not one folder shared by all: tantivy allows one writer per folder, which would need an election, a
way to notice that the elected one died, and readers that lag behind. In memory an item is committed
before it is listed, so that "listed" implies "found". With far more than a million items searching
would move to processes of its own.
"""

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Query

from recsvc.core.items.catalogue import Filters
from recsvc.core.items.item import StoredItem
from recsvc.core.text.highlight import Finding, is_near
from recsvc.core.text.query import Asked
from recsvc.live.search.fields import document, schema, written
from recsvc.live.search.filters import Clause, conditions
from recsvc.live.search.queries import Queries
from recsvc.live.search.words import MAX_WORDS, Analysis, Words

Rows = NDArray[np.int64]

_HEAP_BYTES = 32_000_000
# Rows kept of words that readers mute or follow, 8 bytes each; a word itself weighs about 20.
_MAX_WITH_ROWS, _ROWS_OF_A_WORD = 4_000_000, 20


class _Committed:
    """What one commit made findable.

    A search takes it once and keeps to it: another thread may commit meanwhile, and the address of a
    document means another one, or none, to the next searcher.
    """

    def __init__(self, index: tantivy.Index, analysis: Analysis) -> None:
        self.searcher = index.searcher()
        self.words = Words(analysis, self.searcher)
        self.queries = Queries(index.schema, self.words)
        self.rows_with: dict[str, Rows] = {}
        self._n_kept = 0

    def best(self, query: Query, k: int) -> tuple[Rows, NDArray[np.float64]]:
        """Return the rows and scores of the k best."""
        hits = self.searcher.search(query, k, count=False).hits
        rows = self.searcher.fast_field_values("row", [address for _, address in hits])
        return np.array(rows, np.int64), np.array([score for score, _ in hits], np.float64)

    def all(self, query: Query) -> Rows:
        """Return the rows of everything that a query finds, in their order."""
        n = self.searcher.num_docs
        return np.sort(self.best(query, n)[0]) if n else np.empty(0, np.int64)

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
        self._analysis = Analysis()
        self._schema = schema()
        self.clear()
        self.commit()

    def clear(self) -> None:
        """Start anew; what was found so far is found until the next commit."""
        self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer("stems", self._analysis.stemming)
        self._index.register_tokenizer("words", self._analysis.splitting)
        self._writer = self._index.writer(_HEAP_BYTES, 1)

    def put(self, row: int, item: StoredItem) -> None:
        """Take an item in, or what became of it; hidden ones cannot be found."""
        self.remove(row)
        if not item.hidden:
            self._writer.add_document(document(row, item))

    def remove(self, row: int) -> None:
        """Stop finding an item."""
        self._writer.delete_documents_by_term("row", row)

    def commit(self) -> None:
        """Make what was put and removed show."""
        self._writer.commit()
        self._index.reload()
        self._committed = _Committed(self._index, self._analysis)

    @property
    def n(self) -> int:
        """How many items can be found."""
        return self._committed.searcher.num_docs

    def search(self, asked: Asked, filters: Filters, k: int, *, prefix: bool = False) -> Rows:
        """Return the k best rows by BM25, equal scores in row order.

        Args:
            prefix: whether the last word may be only the beginning of one.
        """
        committed = self._committed
        clauses = committed.queries.best(asked, prefix=prefix)
        if not clauses:
            return np.empty(0, np.int64)
        k += len(filters.exclude)
        rows, scores = committed.best(self._narrowed(clauses, filters), k)
        return rows[np.lexsort((rows, -scores))]

    def named(self, asked: Asked, filters: Filters) -> Rows:
        """Return the rows whose id, alias or whole title is what is asked for."""
        committed = self._committed
        clauses = [(Occur.Must, committed.queries.by_name(asked))]
        return committed.all(self._narrowed(clauses, filters))

    def holding(
        self, asked: Asked, filters: Filters, k: int | None = None, *, prefix: bool = False
    ) -> Rows:
        """Return the rows that hold every word that tells something, or go by what is asked for.

        A word that stands nowhere is held by those that hold one like it.

        Args:
            k: at most so many, the best of them; None for all.
        """
        committed = self._committed
        query = self._narrowed(committed.queries.all(asked, prefix=prefix), filters)
        return committed.all(query) if k is None else np.sort(committed.best(query, k)[0])

    def ignored(self, asked: Asked) -> list[str]:
        """Return the words of a query that are not looked for, as others tell more."""
        return [] if asked.is_identifier else self._committed.words.ignored(asked.words)

    def beyond(self, asked: Asked) -> int:
        """Return how many words of a query stand behind those that are looked for."""
        return max(0, self._analysis.n_written(asked.words) - MAX_WORDS)

    def nowhere(self, asked: Asked, k: int, *, prefix: bool = False) -> dict[str, Rows]:
        """Return the words of a query that stand nowhere, each with the k best rows that hold its like.

        That is another spelling, or the same written apart; there are no rows where nothing is like it.

        Args:
            prefix: whether the last word is still being typed: nobody can tell of that one.
        """
        committed = self._committed
        if asked.is_identifier:
            return {}
        written = self._analysis.written(asked.words)
        typed = written[-1:] if prefix else []
        return {
            word: committed.best(committed.queries.one(word, stem, written), k)[0]
            for stem, word in committed.words.telling(asked.words).items()
            if word not in typed and not committed.words.stands(word)
        }

    def words_of(self, item: StoredItem) -> list[str]:
        """Return the words by which an item is found, as they are written."""
        return self._analysis.splitting.analyze(written(item))

    def _narrowed(self, clauses: list[Clause], filters: Filters) -> Query:
        return Query.boolean_query(clauses + conditions(self._schema, filters))

    def rows_with(self, words: str) -> Rows:
        """Return the rows whose title or text has a word, or several in a row; kept until a commit."""
        committed = self._committed
        found = committed.rows_with.get(words)
        if found is None:
            stems = self._analysis.stems(words)
            query = committed.queries.in_a_row(stems) if stems else Query.empty_query()
            found = committed.all(query)
            committed.keep(words, found)
        return found

    def finding(self, asked: Asked, *, prefix: bool = False) -> Finding:
        """Return a function that tells which words of a text are what the query asked for."""
        analysis, words = self._analysis, self._committed.words
        stems = set(words.telling(asked.text))
        typos = [word for word in analysis.written(asked.words) if words.is_typo(word)]
        begun = analysis.begun(asked) if prefix else None
        known: set[str] = set()
        meant: set[str] = set()

        def found(said: set[str]) -> set[str]:
            unknown = said - known
            known.update(unknown)
            forms = analysis.forms(unknown)
            asked_for = stems
            if typos:
                written = {form for word in unknown for form in forms[word]}
                asked_for = stems | {w for w in written if any(is_near(w, t) for t in typos)}
            meant.update(word for word in unknown if not asked_for.isdisjoint(forms[word]))
            if begun is not None:
                meant.update(word for word in unknown if forms[word][0].startswith(begun))
            return said & meant

        return found
