"""BibTeX: bibtexparser's typed door, one entry of a library per reference.

Written by many programs, few of which agree. bibtexparser refuses what it cannot name: an entry without
a key, a key or a field that stands twice. Keys are put in before it reads, and what it hands back as
failed is read like the rest; of a field that stands twice the last counts, keywords add up.

The day an entry was added stands in `date-added` (BibDesk), `creationdate` or `timestamp` (JabRef); the
`timestamp` of an entry copied from DBLP is DBLP's own.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import Block, DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry

from recsvc.core.text.display import cleaned
from recsvc.errors import InvalidError
from recsvc.sources.libraries.bibtex_values import inherited, value_of
from recsvc.sources.libraries.entry import entry, whole_date
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place, Problem
from recsvc.sources.records import LibraryEntry, Note, Options, Record, convert_each
from recsvc.sources.text.dates import instant
from recsvc.sources.text.people import bibtex_names
from recsvc.sources.text.publishing import Published, published
from recsvc.sources.text.unwrapping import joined

NAME = "bibtex"
TITLES_IDENTIFY = True

_ENTRY = re.compile(r"^\s*@\s*(\w+)\s*[{(]", re.MULTILINE)
_NOT_ENTRIES = {"comment", "string", "preamble"}
_NO_KEY = re.compile(
    r"(^\s*@\s*(?!(?:comment|string|preamble)\b)\w+\s*[{(])(?=\s*,?\s*[A-Za-z][\w-]*\s*=\s*[\"{\w])\s*,?",
    re.MULTILINE | re.IGNORECASE,
)
_KEY_WITHOUT_COMMA = re.compile(
    r"(^\s*@\s*(?!(?:comment|string|preamble)\b)\w+\s*[{(][^\s,={}\"]+)(?=\s*\n\s*[A-Za-z][\w-]*\s*=\s*[\"{])",
    re.MULTILINE | re.IGNORECASE,
)
# What no key may hold, and hands put into one: `@article{Doe, 2010, title=…`, `@article{a{b}, …`.
_ODD_KEY = re.compile(
    r"(^\s*@\s*(?!(?:comment|string|preamble)\b)\w+\s*[{(])([^=\"\n]{0,200}[,{}\s][^=\"\n]{0,200}?)(?=,\s*[A-Za-z][\w-]*\s*=)",
    re.MULTILINE | re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,{}]+")
_SHARED = "xdata"  # what several entries have in common, and no paper (biblatex)
_NO_COMMA = re.compile(r"([}\"]|=\s*\d+)([ \t]*\n\s*[A-Za-z][\w-]*\s*=\s*(?:[{\"]|\d))")
_COMMAS = re.compile(r"([}\"\d])\s*,(?:\s*,)+")
_KEYWORDS = re.compile(r"\s*[,;]\s*")
_HINTS = (
    "eprint", "arxivid", "arxiv", "doi", "url", "link", "ee", "bdsk-url-1", "howpublished", "journal",
    "journaltitle", "number", "pages", "note", "annote", "annotation", "comment", "publisher",
    "archiveid", "eid", "school", "institution", "biburl", "file", "x-fetchedfrom", "series", "extra",
)  # fmt: skip
_ARCHIVES = {"", "arxiv"}

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # we report what it reports


def recognises(content: Content, options: Options) -> bool:
    """Return whether an entry begins a line, and nothing says it is something else."""
    head = content.head
    return not head.lstrip().startswith(("<", "{", "[")) and any(
        match[1].lower() not in _NOT_ENTRIES for match in _ENTRY.finditer(head)
    )


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the entries of a bibliography in its order."""
    library = parse_string(_mended(content.text()), parse_stack=[])
    strings: dict[str, str] = {}
    for string in library.strings:
        strings[str(string.key).lower()] = value_of(str(string.value), strings)
    found: list[tuple[Place, dict[str, str]] | Problem] = []
    notes: list[Note] = []
    entries: dict[str, dict[str, str]] = {}
    for number, block in enumerate([*library.entries, *library.failed_blocks], 1):
        place = Place(content.file, (block.start_line or 0) + 1, number)
        one = block if isinstance(block, Entry) else _refused(block)
        if one is None:
            detail = "this entry does not end, or is not BibTeX; what is whole was read"
            found.append(Problem(content.file, place.line, detail))
            continue
        fields = _fields(one, strings)
        entries.setdefault(one.key.strip().lower(), fields)
        if one.entry_type.lower() != _SHARED:
            found.append((place, fields))
        if isinstance(block, DuplicateFieldKeyBlock):
            notes.append(Note(content.file, f"line {place.line}: a field stands twice"))
    whole = [
        one if isinstance(one, Problem) else (one[0], inherited(one[1], entries)) for one in found
    ]
    yield from convert_each(sorted(whole, key=_line), _convert)
    yield from notes


def _mended(text: str) -> str:
    """Return a bibliography with a key where none stands and commas where they belong, line by line."""
    text = _NO_KEY.sub(r"\1nokey,", text)
    text = _KEY_WITHOUT_COMMA.sub(r"\1,", text)
    text = _ODD_KEY.sub(lambda found: found[1] + _BETWEEN.sub("-", found[2].strip()), text)
    return _COMMAS.sub(r"\1,", _NO_COMMA.sub(r"\1,\2", text))


def _refused(block: Block) -> Entry | None:
    """Return the entry that was refused because its key or one of its fields stands twice."""
    if isinstance(block, DuplicateFieldKeyBlock | DuplicateBlockKeyBlock):
        inner = block.ignore_error_block
        return inner if isinstance(inner, Entry) else None
    return None


def _line(found: tuple[Place, dict[str, str]] | Problem) -> int:
    return found.line if isinstance(found, Problem) else found[0].line


def _fields(block: Entry, strings: dict[str, str]) -> dict[str, str]:
    """Return the fields by name, in lower case; of one that stands twice the last counts."""
    fields: dict[str, str] = {}
    for field in block.fields:
        name, value = str(field.key).strip().lower(), value_of(str(field.value), strings).strip()
        name = name.rpartition("\n")[2].strip()  # a comment may stand before a name
        if name == "keywords" and fields.get(name):
            fields[name] += f", {value}"
        elif value or name not in fields:
            fields[name] = value
    return fields


def _convert(place: Place, fields: dict[str, str]) -> LibraryEntry:
    def get(*names: str) -> str | None:
        said = (fields[name] for name in names if name in fields)
        return next((text for one in said if (text := cleaned(one, is_source=True))), None)

    if not fields:
        raise InvalidError("the entry is empty")
    archive = fields.get("archiveprefix", fields.get("eprinttype", "")).lower()
    hints = [fields.get("volume", "").removeprefix("abs/")]  # so DBLP has it
    hints += [fields[name] for name in _HINTS if name in fields]
    if archive not in _ARCHIVES and "eprint" in fields:
        hints.remove(fields["eprint"])
    return entry(
        place,
        title=get("title"),
        doi=fields.get("doi"),
        hints=[_address(hint) for hint in hints],
        url=_address(fields.get("url") or fields.get("link") or fields.get("howpublished") or ""),
        text=joined(get("abstract")),
        authors=bibtex_names(fields.get("author", "")),
        topics=[
            t for name in ("keywords", "keyword", "author_keywords") for t in _topics(get(name))
        ],
        date=_date(fields),
        added_at=_added_at(fields),
        extra={"venue": get("journal", "journaltitle", "booktitle"), "year": get("year")},
    )


def _topics(keywords: str | None) -> list[str]:
    return _KEYWORDS.split(keywords or "")


def _address(text: str) -> str:
    """Return an address without the TeX around it and inside it."""
    if "\\" not in text and "{" not in text:
        return text
    return cleaned(text).replace("{", "").replace("}", "").strip()


def _date(fields: dict[str, str]) -> Published | None:
    parts = [cleaned(fields.get(name, ""), is_source=True) for name in ("day", "month", "year")]
    if parts[1].isdecimal():
        parts = ["-".join(part for part in reversed(parts) if part)]
    return published(fields.get("date"), " ".join(parts))


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
