"""What a search says of itself in sentences, for people."""

from collections.abc import Iterable, Iterator

from recsvc.lists.searched import QueryReport


def counted(report: QueryReport, noun: str) -> str:
    """Return how much was found, and how much more is related.

    Args:
        noun: what items are called.
    """
    found, related = _number(report.found, noun), _number(report.related, noun)
    if report.at_least:
        return f"More than {found} hold all the words, and {related} some of them."
    if not report.found:
        return (
            f"No {noun} holds all the words; {related} hold{_s(report.related)} some of them."
            if (report.related)
            else "Nothing was found."
        )
    if not report.related:
        return f"{found} found."
    return f"{found} found; {report.related:,} more hold{_s(report.related)} some of the words."


def of_words(report: QueryReport, noun: str) -> Iterator[str]:
    """Yield what became of words that were not looked for as they are."""
    for one in report.instead:
        yield f"No {noun} has “{one.word}”: searched for {_quoted(one.searched)} instead."
    if report.unknown:
        yield f"No {noun} has {_quoted(report.unknown)}."
    if report.ignored:
        yield f"Not looked for, as other words tell more: {_quoted(report.ignored)}."
    if report.beyond:
        yield f"Not looked for either: the last {_number(report.beyond, 'word')}."


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _s(n: int) -> str:
    return "s" if n == 1 else ""


def _quoted(words: Iterable[str]) -> str:
    *others, last = [f"“{word}”" for word in words]
    return f"{', '.join(others)} or {last}" if others else last
