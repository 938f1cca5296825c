"""What a query asks for: words, `"phrases"` that must stand there, `-words` that must not."""

import re

import msgspec

from recsvc.core.text import names

# A pasted abstract is searched for by its first words.
MAX_CHARS = 20_000

_PIECE = re.compile(r'(?:^|(?<=\s))-(?:"([^"]+)"|(\w[^\s"]*))|["“”]([^"“”]+)["“”]|([^\s"“”]+)')


class Asked(msgspec.Struct, frozen=True):
    """What a query asks for.

    Attributes:
        words: any of these; the more the better.
        phrases: all of these, word for word.
        without: none of these words or phrases.
        names: ids, or a whole title, that the query may be.
        is_identifier: whether it is an arXiv id or a DOI, whose digits by themselves mean nothing.
    """

    words: str
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    is_identifier: bool = False

    @property
    def text(self) -> str:
        """Everything that is asked for."""
        return " ".join([self.words, *self.phrases])


def asked(query: str) -> Asked:
    """Read a query: words, `"phrases"` that must stand there, and `-words` that must not."""
    meant, named = names.identifier(query[:MAX_CHARS]), names.asked_for(query)
    if meant is not None:
        return Asked(meant, names=named, is_identifier=True)
    words, phrases, without = [], [], []
    for piece in _PIECE.finditer(query):
        not_phrase, not_word, phrase, word = piece.groups()
        if not_phrase or not_word:
            without.append(not_phrase or not_word)
        elif phrase:
            phrases.append(phrase)
        else:
            words.append(word)
    return Asked(" ".join(words), tuple(phrases), tuple(without), named)
