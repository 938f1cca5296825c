"""Every format that files are recognised as, and in which order they are asked."""

import re
from pathlib import Path

from recsvc.errors import UnknownFormatError
from recsvc.sources.libraries import bibtex, csl_json, ris, zotero
from recsvc.sources.papers import (
    arxiv_atom,
    arxiv_kaggle,
    arxiv_oai,
    arxiv_rss,
    hf_daily,
    openreview,
    saved_pages,
    semantic_scholar,
)
from recsvc.sources.reading.cassettes import opened
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.other_files import wide
from recsvc.sources.records import Options, Source
from recsvc.sources.tables import events as table_events
from recsvc.sources.tables import gorse, rows
from recsvc.sources.tables import items as table_items

# Formats that know their own come first; tables, which take any column names, last.
SOURCES: list[Source] = [
    saved_pages,
    arxiv_rss,
    arxiv_atom,
    arxiv_oai,
    hf_daily,
    arxiv_kaggle,
    semantic_scholar,
    openreview,
    zotero,
    csl_json,
    gorse,
    ris,
    table_events,
    table_items,
    bibtex,
]

# Of these, records are what a reader keeps, not what a site lists.
LIBRARIES: list[Source] = [zotero, csl_json, ris, bibtex]


def recognised(
    path: Path, options: Options, encoding: str = "", name: str = ""
) -> list[tuple[Source, Content]]:
    """Return what a file holds, and as what; a recording may hold several answers.

    Args:
        name: of the file, for people, if not its path.

    Raises:
        UnknownFormatError: when no source recognises it.
    """
    file = Content(name or str(path), path=path, encoding=encoding)
    return [(source_of(content, options), content) for content in opened(file)]


def source_of(content: Content, options: Options) -> Source:
    """Return the format of a content.

    Raises:
        UnknownFormatError: when no source recognises it.
    """
    if not content.head.strip():
        raise UnknownFormatError(f"{content.file}: the file is empty")
    for source in SOURCES:
        if source.recognises(content, options):
            return source
    raise UnknownFormatError(f"{content.file}: {_unknown(content, options)}")


def _unknown(content: Content, options: Options) -> str:
    """Return what is known of a file that no source recognises."""
    if re.fullmatch(r"\s*\[\s*\]\s*", content.head):
        return "the list in it is empty"
    found = wide(content.head)
    if found is not None:
        return found
    names = ", ".join(source.NAME for source in SOURCES)
    columns = ", ".join(sorted(rows.columns(content, options) or ()))
    hint = (
        f"; as a table it has {columns[:300]}: --column FIELD=COLUMN says which of them are an "
        "item's id and title, or an event's user, item and kind"
    )
    return f"none of the known formats ({names}){hint if columns else ''}"
