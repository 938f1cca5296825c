"""What a query asks for: words, `"phrases"` that must stand there, `-words` that must not."""

import re

import msgspec

_PIECE = re.compile(r'(?:^|(?<=\s))-(?:"([^"]+)"|(\w[^\s"]*))|["“”]([^"“”]+)["“”]|([^\s"“”]+)')


class Asked(msgspec.Struct, frozen=True):
    """What a query asks for.

    Attributes:
        words: any of these; the more the better.
        phrases: all of these, word for word.
        without: none of these words or phrases.
    """

    words: str
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything that is asked for."""
        return " ".join([self.words, *self.phrases])


def asked(query: str) -> Asked:
    """Read a query: words, `"phrases"` that must stand there, and `-words` that must not."""
    words, phrases, without = [], [], []
    for piece in _PIECE.finditer(query):
        not_phrase, not_word, phrase, word = piece.groups()
        if not_phrase or not_word:
            without.append(not_phrase or not_word)
        elif phrase:
            phrases.append(phrase)
        else:
            words.append(word)
    return Asked(" ".join(words), tuple(phrases), tuple(without))
