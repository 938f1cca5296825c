"""Words of a mail: text from outside made safe for one line, and clipped."""

import textwrap
import unicodedata

# Scripts and emoji need these two of the invisible characters; the others can only deceive.
_JOINERS = "\u200c\u200d"


def one_line(text: str) -> str:
    """Return text on one line: no breaks, no control or direction characters, single spaces."""
    if not text.isprintable():  # most are: looking at every character costs a hundred times more
        text = "".join(c if _is_harmless(c) else " " if c.isspace() else "" for c in text)
    return " ".join(text.split())


def clipped(text: str, length: int) -> str:
    """Return text of at most `length` characters, cut between words and then marked with `…`."""
    line = one_line(text[: 8 * length])  # enough for any text that is not mostly white space
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    between = cut.rpartition(" ")[0]
    return f"{between if len(between) > length // 2 else cut}…".replace(",…", "…")


def wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """Return text in lines of at most 72 characters, long addresses left whole.

    Args:
        hang: further indent of the lines after the first.
    """
    margin = " " * indent
    return textwrap.fill(
        text,
        72,
        initial_indent=margin,
        subsequent_indent=margin + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _is_harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in (
        "Cc", "Cf", "Cs", "Zl", "Zp",
    )  # fmt: skip
