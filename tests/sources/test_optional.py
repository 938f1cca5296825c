"""Nothing optional rejects a paper, whatever stands in its place."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sources.reading import read_text

ODD: list[Any] = [
    None, "", "garbage", "23:59:60", 0, -1, 1.5, 10**30, True, [], {}, [None], [{}], [[]], [5],
    ["x" * 200], {"name": None}, [{"name": None}, {"name": 5}], {"value": [None]}, "x" * 100_001,
]  # fmt: skip

HF = {
    "paper": {
        "id": "2501.00001", "title": "A paper", "summary": "S", "publishedAt": "2025-01-01T00:00:00Z",
        "authors": [{"name": "Ann Doe", "hidden": False, "user": {"user": "ann", "isPro": True}}],
        "ai_keywords": ["a"], "ai_summary": "one", "githubRepo": "https://x.example", "githubStars": 3,
        "organization": {"name": "lab", "fullname": "Lab", "avatar": "https://x.example/a"},
        "submittedOnDailyBy": {"user": "bo", "fullname": "Bo"}, "projectPage": "https://x.example",
    },
    "publishedAt": "2025-01-02T00:00:00Z", "title": "A paper",
    "submittedBy": {"name": "bo", "isPro": False}, "thumbnail": "https://x.example/t.png",
    "mediaUrls": ["https://x.example/m"], "isAuthorParticipating": True,
}  # fmt: skip
KAGGLE = {
    "id": "0704.0001", "title": "A paper", "abstract": "S", "submitter": "P", "authors": "Ann Doe",
    "authors_parsed": [["Doe", "Ann", ""]], "categories": "hep-ph", "comments": "c", "doi": "10.1000/a",
    "journal-ref": "J", "license": "l", "update_date": "2008-11-26",
    "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
}  # fmt: skip
SCHOLAR = {
    "paperId": "abc", "corpusId": 5, "externalIds": {"ArXiv": "2501.00002", "DOI": "10.1000/b"},
    "title": "A paper", "abstract": "S", "url": "https://x.example", "venue": "V", "year": 2025,
    "publicationDate": "2025-01-01", "citationCount": 1, "influentialCitationCount": 1,
    "s2FieldsOfStudy": [{"category": "c"}], "authors": [{"name": "Ann Doe"}], "tldr": {"text": "t"},
    "openAccessPdf": {"url": "https://x.example/p"},
}  # fmt: skip
REVIEW = {
    "id": "N1", "forum": "N1", "cdate": 1700000000000, "pdate": 1700000000000, "tcdate": 1700000000000,
    "content": {
        "title": {"value": "A paper"}, "abstract": {"value": "S"}, "authors": {"value": ["Ann Doe"]},
        "keywords": {"value": ["k"]}, "venue": {"value": "V"}, "venueid": {"value": "v"},
        "TLDR": {"value": "t"}, "doi": {"value": "10.1000/c"},
    },
}  # fmt: skip
ZOTERO = {
    "key": "K", "version": 1,
    "data": {
        "itemType": "journalArticle", "title": "A paper", "abstractNote": "S", "date": "2020",
        "creators": [{"creatorType": "author", "firstName": "Ann", "lastName": "Doe"}, {"name": "Lab"}],
        "DOI": "10.1000/d", "url": "http://x.example", "extra": "arXiv:2501.00003",
        "tags": [{"tag": "t"}],
        "dateAdded": "2020-01-01T00:00:00Z", "publicationTitle": "J",
    },
}  # fmt: skip
CSL = {
    "id": "x", "type": "article", "title": "A paper", "DOI": "10.1000/e", "keyword": ["k"], "note": "n",
    "author": [{"family": "Doe", "given": "Ann"}], "issued": {"date-parts": [[2020, 1, 2]]},
    "container-title": ["J"], "URL": "http://x.example",
}  # fmt: skip
# Which one it is, and what says that it is such a record.
NEEDED = {
    "hf-daily": {"paper", "paper.id", "paper.title", "title"},
    "arxiv-kaggle": {"id", "title"},
    "semantic-scholar": {"paperId", "title"},
    "openreview": {"id", "forum", "content", "content.title", "content.title.value"},
}
RECORDS = {
    "hf-daily": HF,
    "arxiv-kaggle": KAGGLE,
    "semantic-scholar": SCHOLAR,
    "openreview": REVIEW,
}


Steps = tuple[str | int, ...]


def places(found: Any, above: Steps = ()) -> Iterator[Steps]:
    members = found.items() if isinstance(found, dict) else enumerate(found)
    for step, value in members:
        yield (*above, step)
        if isinstance(value, dict | list):
            yield from places(value, (*above, step))


def changed(record: dict[str, Any], place: Steps, value: Any) -> dict[str, Any]:
    whole = inner = copy.deepcopy(record)
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return whole


@pytest.mark.parametrize("source", RECORDS)
def test_nothing_optional_rejects_a_paper(source: str):
    record = RECORDS[source]
    for place in places(record):
        if ".".join(map(str, place)) in NEEDED[source]:
            continue
        for odd in ODD:
            found = read_text(f"{json.dumps(record)}\n{json.dumps(changed(record, place, odd))}\n")

            came = found.items or [entry.item for entry in found.entries]
            assert (found.name, found.problems, len(came)) == (source, [], 2), (place, odd)
            assert came[1].title == "A paper"


@pytest.mark.parametrize("source", RECORDS)
def test_what_is_needed_and_is_something_else_costs_its_record_and_nothing_more(source: str):
    record = RECORDS[source]
    for place in sorted(NEEDED[source]):
        for odd in ODD:
            wrong = changed(record, tuple(place.split(".")), odd)

            found = read_text("\n".join(map(json.dumps, (record, wrong, record))))

            came = found.items or [entry.item for entry in found.entries]
            assert [one.title for one in (came[0], came[-1])] == ["A paper"] * 2


@pytest.mark.parametrize("date", ["", "garbage", "Mon, 32 Apr 2007 25:00:00 GMT", "0", "9" * 40])
def test_a_date_that_is_none_rejects_no_record_of_arxiv(date: str):
    record = (
        '<OAI-PMH><record><header/><metadata><arXivRaw xmlns="x"><id>0704.0001</id>'
        f'<version version="v1"><date>{date}</date></version><title>A paper</title>'
        "<authors>Ann Doe</authors></arXivRaw></metadata></record></OAI-PMH>"
    )
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/api/x</id><entry>'
        f"<id>http://arxiv.org/abs/0704.0001v1</id><published>{date}</published>"
        "<title>A paper</title></entry></feed>"
    )

    for text in (record, feed):
        found = read_text(text)
        assert (found.problems, [i.title for i in found.items]) == ([], ["A paper"])
        assert found.items[0].published_at is None
