"""BibTeX: bibtexparser's typed door, one entry of a library per reference.

The day an entry was added stands in `date-added` (BibDesk), `creationdate` or `timestamp` (JabRef); the
`timestamp` of an entry copied from DBLP is DBLP's own.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime

from bibtexparser import middlewares
from bibtexparser.entrypoint import parse_string
from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry

from recsvc.errors import InvalidError
from recsvc.sources.libraries.entry import entry, natural, whole_date
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place, Problem
from recsvc.sources.records import LibraryEntry, Note, Options, Record, convert_each
from recsvc.sources.text.dates import instant
from recsvc.sources.text.latex import plain

NAME = "bibtex"
TITLES_IDENTIFY = True

_ENTRY = re.compile(r"^\s*@\s*(\w+)\s*[{(]", re.MULTILINE)
_NOT_ENTRIES = {"comment", "string", "preamble"}
_AND = re.compile(r"\s+and\s+")
_KEYWORDS = re.compile(r"\s*[,;]\s*")

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # we report what it reports


def recognises(content: Content, options: Options) -> bool:
    """Return whether an entry begins a line, and nothing says it is something else."""
    head = content.head
    return not head.lstrip().startswith(("<", "{", "[")) and any(
        match[1].lower() not in _NOT_ENTRIES for match in _ENTRY.finditer(head)
    )


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the entries of a bibliography in its order."""
    library = parse_string(
        content.text(),
        parse_stack=[
            middlewares.ResolveStringReferencesMiddleware(allow_inplace_modification=True),
            middlewares.RemoveEnclosingMiddleware(allow_inplace_modification=True),
            middlewares.NormalizeFieldKeys(),
        ],
    )
    found: list[tuple[Place, Entry] | Problem] = []
    notes: list[Note] = []
    for number, block in enumerate([*library.entries, *library.failed_blocks], 1):
        place = Place(content.file, (block.start_line or 0) + 1, number)
        if isinstance(block, Entry):
            found.append((place, block))
        elif isinstance(block, DuplicateFieldKeyBlock) and isinstance(
            block.ignore_error_block, Entry
        ):
            found.append((place, block.ignore_error_block))
            notes.append(Note(content.file, f"line {place.line}: a field stands twice"))
        elif isinstance(block, DuplicateBlockKeyBlock) and isinstance(
            block.ignore_error_block, Entry
        ):
            found.append((place, block.ignore_error_block))
        else:
            detail = "this entry does not end, or is not BibTeX; what is whole was read"
            found.append(Problem(content.file, place.line, detail))
    yield from convert_each(sorted(found, key=_line), _convert)
    yield from notes


def _line(found: tuple[Place, Entry] | Problem) -> int:
    return found.line if isinstance(found, Problem) else found[0].line


def _convert(place: Place, block: Entry) -> LibraryEntry:
    fields = {name: str(field.value) for name, field in block.fields_dict.items()}

    def get(name: str) -> str | None:
        return plain(fields[name]) if name in fields else None

    if not fields:
        raise InvalidError("the entry is empty")
    eprint = fields.get("eprint")
    if eprint and fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower() != "arxiv":
        eprint = None
    return entry(
        place,
        title=get("title"),
        doi=fields.get("doi"),
        hints=[
            eprint,
            fields.get("volume", "").removeprefix("abs/"),  # so DBLP has it
            *(fields.get(name) for name in ("journal", "note", "howpublished")),
        ],
        url=fields.get("url"),
        text=get("abstract"),
        authors=[natural(plain(name)) for name in _AND.split(fields.get("author", "")) if name],
        topics=_KEYWORDS.split(get("keywords") or ""),
        date=fields.get("date"),
        added_at=_added_at(fields),
        extra={"venue": get("journal") or get("booktitle"), "year": get("year")},
    )


def _added_at(fields: dict[str, str]) -> datetime | None:
    is_dblp = "dblp" in fields.get("biburl", "") + fields.get("bibsource", "")
    names = ["date-added", "creationdate"] + ([] if is_dblp else ["timestamp"])
    for text in (fields[name] for name in names if fields.get(name)):
        try:
            return instant(text.replace(" +", "+").replace(" -", "-"))
        except InvalidError:
            if whole_date(text):
                return whole_date(text)
    return None
