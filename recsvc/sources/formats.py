"""Every format that files are recognised as, and in which order they are asked."""

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
from recsvc.sources.records import Options, Source
from recsvc.sources.tables import events as table_events
from recsvc.sources.tables import gorse
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


def recognised(path: Path, options: Options, encoding: str = "") -> list[tuple[Source, Content]]:
    """Return what a file holds, and as what; a recording may hold several answers.

    Raises:
        UnknownFormatError: when no source recognises it.
    """
    file = Content(str(path), path=path, encoding=encoding)
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
    names = ", ".join(source.NAME for source in SOURCES)
    raise UnknownFormatError(f"{content.file}: none of the known formats ({names})")
