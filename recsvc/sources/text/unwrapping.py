"""Prose as sources wrap it, unwrapped: titles on one line, abstracts in paragraphs."""

import re

from recsvc.core.text.display import cleaned

_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# arXiv begins a paragraph by indenting its first line; others leave a line empty.
_PARAGRAPH = re.compile(r"\n\s*\n\s*|\n[ \t]{2,}")
_EMPTY_LINE = re.compile(r"\n\s*\n")
_AFFILIATION = re.compile(r"\([^()]*\)")
_BETWEEN_NAMES = re.compile(r"\s*(?:,(?:\s*and\b)?|;|\band\b|&)\s*")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?\Z")


def one_line(text: str | None) -> str:
    """Return a text on one line, without control characters."""
    return _SPACE.sub(" ", _CONTROL.sub("", text or "")).strip()


def paragraphs(text: str | None) -> str:
    """Return a hard-wrapped text with its paragraphs apart by an empty line."""
    parts = (one_line(part) for part in _PARAGRAPH.split((text or "").strip()))
    return "\n\n".join(part for part in parts if part)


def joined(text: str | None) -> str:
    """Return a text whose lines are indented at the pleasure of a program: empty lines divide it."""
    parts = (one_line(part) for part in _EMPTY_LINE.split(text or ""))
    return "\n\n".join(part for part in parts if part)


def names(text: str | None) -> list[str]:
    """Return the names of an author line: TeX accents resolved, without what stands in parentheses."""
    line = one_line(cleaned(one_line(text)))
    while (shorter := _AFFILIATION.sub(" ", line)) != line:
        line = shorter
    found: list[str] = []
    for name in _BETWEEN_NAMES.split(line):
        clean = one_line(name).strip(" ,;()")
        if found and _SUFFIX.match(clean):
            found[-1] += f", {clean}"
        elif clean:
            found.append(clean)
    return found
