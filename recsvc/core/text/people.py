"""Names of people in the ways they are written: given names first or last, in full or as initials."""

import re

from recsvc.core.text.terms import searchable

_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`´](?=\w)")
_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 6


def name_words(name: str) -> list[str]:
    """Return the words of a name, lower-case, accents and apostrophes gone: `O'Brien` to `obrien`."""
    return _WORD.findall(searchable(_APOSTROPHES.sub("", name)))


def forms(author: str) -> list[str]:
    """Return the ways in which an author's name may be written, given names first.

    Of `Robert C. Smith`: `robert c smith`, `r c smith`, `rc smith`, `robert smith` and `r smith`.
    """
    family, comma, given = author.partition(",")
    words = name_words(f"{given} {family}" if comma else author)
    if not 1 < len(words) <= _MAX_WORDS:
        return [" ".join(words)]
    found = [words]
    for i in range(1, len(words)):
        initials = [word[0] for word in words[:i]]
        firsts = ([words[0]], words[0][:1], initials, ["".join(initials)])
        found += [[*first, *words[i:]] for first in firsts]
    if len(words) > 2:
        found.append([words[0] + words[1], *words[2:]])
    return list(dict.fromkeys(" ".join(form) for form in found))


def orders(query: str) -> list[list[str]]:
    """Return the orders in which the words of a query may be a name; none if it cannot be one.

    `Smith J` may be `j smith`; one word may be a family's name in two.
    """
    words = name_words(query)
    is_name = 0 < len(words) <= _MAX_WORDS and max(map(len, words)) > 1
    if not is_name:
        return []
    found = [words[i:] + words[:i] for i in range(len(words))]
    return [*found, ["".join(words)]] if len(words) == 2 else found
