"""Semantic Scholar: real recorded answers, and the fields they did not ask for."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsvc.errors import UnknownFormatError
from tests.sources.reading import read_file, read_text, real

PAPER = {
    "paperId": "204e3073870fae3d05bcbc2f6a8e263d9b72e776",
    "externalIds": {"ArXiv": "1706.03762", "DOI": "10.1000/XYZ", "CorpusId": 13756489},
    "title": "Attention is All\nyou Need",
    "abstract": None,
    "venue": "NIPS",
    "year": 2017,
    "publicationDate": "2017-06-12",
    "citationCount": 9,
    "s2FieldsOfStudy": [{"category": "Computer Science", "source": "s2-fos-model"}] * 2,
    "tldr": {"model": "m", "text": "Short."},
    "authors": [{"authorId": "1", "name": "Ashish Vaswani"}],
}


def test_real_recommendations():
    found = read_file(real("semantic_scholar/recommended_papers.yaml"))

    assert found.name == "semantic-scholar"
    assert (len(found.items), found.problems) == (100, [])
    first = found.items[0]
    assert (
        first.id == first.extra["semantic_scholar_id"] == "3e9bc879e8ba944d3e830e4b8565dfe6f2ec4bd8"
    )
    assert first.title.startswith("Report shows slight improvement on grantmaker diversity")
    assert first.url == f"https://www.semanticscholar.org/paper/{first.id}"


def test_a_real_bulk_answer():
    found = read_file(real("semantic_scholar/bulk_retrieval.yaml"))

    assert (len(found.items), found.problems) == (1000, [])
    assert len({i.id for i in found.items}) == 1000


def test_names_elsewhere_are_aliases():
    (item,) = read_text(json.dumps({"total": 1, "token": None, "data": [PAPER]})).items

    assert item.id == "1706.03762"
    assert item.aliases == ("10.1000/xyz", PAPER["paperId"])
    assert (item.title, item.text, item.topics) == (
        "Attention is All you Need", "", ("Computer Science",),
    )  # fmt: skip
    assert item.published_at == datetime(2017, 6, 12, tzinfo=UTC)
    assert item.url == "https://arxiv.org/abs/1706.03762"
    assert (item.extra["tldr"], item.extra["citations"], item.extra["venue"]) == (
        "Short.",
        9,
        "NIPS",
    )


def test_lines_of_the_datasets_are_in_lower_case():
    line = {"corpusid": 13756489, "externalids": {"ArXiv": None}, "title": "T", "year": 2017}

    (item,) = read_text(json.dumps(line) + "\n").items

    assert item.id == "CorpusId:13756489"
    assert item.published_at is None, "a year alone is no date"


def test_no_recommendations_are_no_error():
    found = read_text('{"recommendedPapers": []}')

    assert (found.items, found.problems) == ([], [])
    assert found.notes == ["Semantic Scholar recommends nothing"]


def test_a_cassette_that_is_cut_off_is_no_known_format(tmp_path: Path):
    text = real("semantic_scholar/recommended_papers.yaml").read_text()
    cut = tmp_path / "cut.yaml"
    cut.write_text(text[:5000])

    with pytest.raises(UnknownFormatError, match="none of the known formats"):
        read_file(cut)
