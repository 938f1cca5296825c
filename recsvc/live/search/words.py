"""Words of queries and texts: their stems, which of them tell something, and which look like typos."""

import tantivy

from recsvc.core.text.query import Asked
from recsvc.core.text.stop_words import STOP_WORDS
from recsvc.core.text.terms import searchable
from recsvc.live.search.fields import analyzer

MAX_WORDS = 40
TYPO_CHARS = 4
_KNOWN_FORMS = 50_000
_PREFIX_CHARS = 3
# In a catalogue of many items, a word that more than this share of them say tells nothing.
_COMMON, _MANY = 0.5, 1_000


class Analysis:
    """Takes texts apart, the same way for what is found and for what is asked."""

    def __init__(self) -> None:
        self.stemming = analyzer(stemmed=True)
        self.splitting = analyzer(stemmed=False)
        self._known_forms: dict[str, tuple[str, ...]] = {}

    def stems(self, text: str) -> list[str]:
        """Return the stems of a text's first words."""
        return self.stemming.analyze(searchable(text))[:MAX_WORDS]

    def written(self, text: str) -> list[str]:
        """Return a text's first words as they are written."""
        return self.splitting.analyze(searchable(text))[:MAX_WORDS]

    def n_written(self, text: str) -> int:
        """Return how many words a text has, those behind its first ones too."""
        return len(self.splitting.analyze(searchable(text)))

    def begun(self, asked: Asked) -> str | None:
        """Return the last word, if enough of it is there to find others that begin so."""
        last = self.written(asked.words)[-1:]
        return last[0] if last and len(last[0]) >= _PREFIX_CHARS else None

    def forms(self, words: set[str]) -> dict[str, tuple[str, ...]]:
        """Return words as they are searched for and their stems; the words of all texts recur."""
        if len(self._known_forms) > _KNOWN_FORMS:
            self._known_forms = {}
        known = self._known_forms
        for word in words:
            if word not in known:
                bare = searchable(word).strip()
                known[word] = (bare, *self.stemming.analyze(bare))
        return known


class Words:
    """Knows how common words are among what one commit made findable."""

    def __init__(self, analysis: Analysis, searcher: tantivy.Searcher) -> None:
        self.analysis = analysis
        self._searcher = searcher

    def telling(self, text: str) -> dict[str, str]:
        """Return the words of a text by their stems without stop words, unless it has no others.

        In any language, a word that most items say is one of these.
        """
        words, stems = self.analysis.written(text), self.analysis.stems(text)
        by_stem: dict[str, str] = {}
        for word, stem in zip(words, stems, strict=True):
            by_stem.setdefault(stem, word)
        telling = {
            stem: word
            for stem, word in by_stem.items()
            if word not in STOP_WORDS and not self._is_common(stem)
        }
        return telling or by_stem

    def is_typo(self, word: str) -> bool:
        """Return whether a word stands nowhere, and is long enough to be meant otherwise."""
        return len(word) >= TYPO_CHARS and not word.isdigit() and not self.stands(word)

    def stands(self, word: str) -> bool:
        """Return whether a word stands anywhere."""
        return any(
            self._searcher.doc_freq(field, stem)
            for stem in self.analysis.stems(word)
            for field in ("title", "text", "names")
        ) or bool(self._searcher.doc_freq("compounds", word))

    def ignored(self, text: str) -> list[str]:
        """Return the words of a text that are not looked for, in their order, each once."""
        words, stems = self.analysis.written(text), self.analysis.stems(text)
        telling = self.telling(text)
        pairs = zip(words, stems, strict=True)
        return list(dict.fromkeys(word for word, stem in pairs if stem not in telling))

    def _is_common(self, stem: str) -> bool:
        n = self._searcher.num_docs
        return n >= _MANY and int(self._searcher.doc_freq("text", stem)) > _COMMON * n
