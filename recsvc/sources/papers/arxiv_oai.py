"""arXiv's OAI-PMH records in the format `arXivRaw`: pages of `ListRecords`, or a single record.

`datestamp` is the last change of a record, not its submission; the dates of the versions tell that.
https://info.arxiv.org/help/oa/index.html
"""

import re
from collections.abc import Iterator

from recsvc.core.items.item import NewItem
from recsvc.core.text import arxiv_ids
from recsvc.errors import InvalidError
from recsvc.sources.papers.paper import paper
from recsvc.sources.reading import xml_records
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place
from recsvc.sources.reading.xml_records import Element
from recsvc.sources.records import Note, Options, Record, convert_each
from recsvc.sources.text.dates import at_best
from recsvc.sources.text.unwrapping import names, one_line

NAME = "arxiv-oai"
TITLES_IDENTIFY = True

_OPENING = re.compile(r"<(?:\w+:)?(OAI-PMH|arXivRaw)[\s>]")


def recognises(content: Content, options: Options) -> bool:
    """Return whether this is an OAI-PMH answer with `arXivRaw` records, or an error of one."""
    head = content.head
    return bool(_OPENING.search(head[:4096])) and ("arXivRaw" in head or "<error" in head)


def read(content: Content, options: Options) -> Iterator[Record]:
    """Yield the records of a page."""
    deleted: list[int] = []
    total: list[str] = []

    def convert(_: Place, element: Element) -> NewItem | None:
        if element.attribute("code"):
            raise InvalidError(f"arXiv answered with an error: {element.attribute('code')}")
        if element.attribute("completeListSize"):
            total.append(element.attribute("completeListSize"))
            return None
        header = element.first("header")
        if header is not None and header.attribute("status") == "deleted":
            deleted.append(1)
            return None
        return None if element.first("arXivRaw") is None else item_of(element)

    found = xml_records.read(content, "record", "error", "resumptionToken")
    yield from convert_each(found, convert)
    if deleted:
        yield Note(content.file, f"{len(deleted)} records are deleted at arXiv and were left out")
    if total:
        yield Note(content.file, f"a page of a list of {total[0]}: more follows")


def item_of(element: Element) -> NewItem:
    """Return a record as an item: published when its first version was submitted."""
    versions = element.all("version")
    dates = [at_best(version.text("date")) for version in versions]
    identity = one_line(element.text("id"))
    if not identity:
        raise InvalidError("it has no id", "id")
    published_at = dates[0] if dates else None
    return paper(
        arxiv_id=arxiv_ids.of_record(identity),
        doi=element.text("doi"),
        title=element.text("title"),
        text=element.text("abstract"),
        authors=names(element.text("authors")),
        topics=element.text("categories").split(),
        published_at=published_at,
        listed_at=published_at,
        extra={
            "primary_category": next(iter(element.text("categories").split()), None),
            "arxiv_comment": one_line(element.text("comments")),
            "journal_ref": one_line(element.text("journal-ref")),
            "license": element.text("license"),
            "arxiv_submitter": element.text("submitter"),
            "versions": len(versions),
            "updated_at": dates[-1].isoformat() if dates and dates[-1] else None,
        },
    )
