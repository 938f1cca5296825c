"""Readers' libraries: BibTeX, RIS, CSL-JSON and Zotero."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsvc.errors import UnknownFormatError
from tests.sources.reading import read_file, read_text, real

BIB = r"""
@comment{jabref-meta: databaseType:bibtex;}
@string{nips = "Neural Information Processing"}
@inproceedings{vinyals15,
  title = {{Pointer} Networks for $O(n^2)$ \& more},
  author = {Vinyals, Oriol and Erd{\H{o}}s, Paul and {The {ATLAS} Collaboration}},
  booktitle = nips, year = 2015, eprint = {1506.03134v2}, archivePrefix = {arXiv},
  date-added = {2023-01-05 10:12:13 +0100}, keywords = {attention, nets; sets},
}
@article{dblp17, title = {Attention}, journal = {CoRR}, volume = {abs/1706.03762},
  timestamp = {Sat, 23 Jan 2021 01:20:40 +0100}, biburl = {https://dblp.org/rec/x.bib}}
@article{jabref, title = {Jab}, doi = {https://doi.org/10.1000/ABC}, timestamp = {2016.03.04}}
@misc{scholar, title={Cited}, journal={arXiv preprint arXiv:1810.04805}, date={2018-10-11}}
"""


def test_a_bibliography():
    found = read_text(BIB)

    assert found.name == "bibtex"
    assert found.problems == []
    pointer, attention, jab, cited = found.entries
    assert (pointer.item.id, pointer.item.title) == (
        "1506.03134", "Pointer Networks for $O(n^2)$ & more",
    )  # fmt: skip
    assert pointer.item.authors == ("Oriol Vinyals", "Paul Erdős", "The ATLAS Collaboration")
    assert pointer.added_at == datetime(2023, 1, 5, 9, 12, 13, tzinfo=UTC)
    assert pointer.item.topics == ("attention", "nets", "sets")
    assert pointer.item.extra["venue"] == "Neural Information Processing"
    assert (attention.item.id, attention.added_at) == ("1706.03762", None), "DBLP's own time stamp"
    assert (jab.item.id, jab.added_at) == ("10.1000/abc", datetime(2016, 3, 4, tzinfo=UTC))
    assert cited.item.id == "1810.04805"
    assert cited.item.published_at == datetime(2018, 10, 11, tzinfo=UTC)
    assert pointer.item.published_at == datetime(2015, 1, 1, tzinfo=UTC)
    assert pointer.item.published_precision == "year", "a year alone is no day"
    assert cited.item.published_precision == "day"


def test_entries_that_are_broken_are_named_and_the_rest_goes_in():
    broken = (
        "@article{a, title = {Whole}}\n@article{b, year = 2001}\n@article{c, title = {Unfinished"
    )

    found = read_text(broken)

    assert [e.item.title for e in found.entries] == ["Whole"]
    assert [p.line for p in found.problems] == [2, 3]
    assert "neither a title" in found.problems[0].detail
    assert "does not end" in found.problems[1].detail


def test_an_entry_that_stands_twice_is_two_entries():
    found = read_text(
        "@misc{a, title={One}}\n@misc{a, title={Two}}\n@misc{b, title={X}, title={Y}}"
    )

    assert [e.item.title for e in found.entries] == ["One", "Two", "Y"]
    assert found.notes == ["line 3: a field stands twice"]


def test_a_bibliography_in_another_encoding_is_said_to_be(tmp_path: Path):
    path = tmp_path / "gbk.bib"
    path.write_bytes("@article{a,\n title = {注意力机制}}".encode("gbk"))

    with pytest.raises(UnknownFormatError, match=r"gbk.bib:2: not UTF-8 text; --encoding"):
        read_file(path)


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("example_bom.ris", [""]),
        ("example_full.ris", ["Title of reference", "The title of the reference"]),
        ("example_extraneous_data.ris", ["Title of reference", "The title of the reference"]),
        ("example_urls.ris", ["A Mathematical Theory of Communication"] * 4),
    ],
)
def test_real_references(name: str, titles: list[str]):
    found = read_file(real(f"ris/{name}"))

    assert found.name == "ris"
    assert [e.item.title for e in found.entries] == titles
    assert found.problems == []


def test_a_real_reference_with_a_doi_alone_is_known_by_it():
    (entry,) = read_file(real("ris/example_bom.ris")).entries

    assert entry.item.id == "10.1186/s40981-020-0316-0"


def test_a_real_reference_in_cyrillic_over_several_lines():
    (entry,) = read_file(real("ris/example_utf_chars.ris")).entries

    assert entry.item.title.startswith("Состояние рецепторного аппарата")
    assert entry.item.text.endswith("in the late reproductive period")
    assert entry.item.authors[0] == "Yu E. Dobrokhotova"


def test_real_references_that_name_no_paper_are_reported():
    found = read_file(real("ris/example_multiline.ris"))

    assert found.entries == []
    assert [p.line for p in found.problems] == [1, 8, 17]


def test_a_reference_that_is_cut_off_is_not_guessed_at():
    whole = "TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two\nUR  - https://arxiv.org/abs/1706.03762\n"

    found = read_text(whole)

    assert [e.item.title for e in found.entries] == ["One"]
    assert [(p.line, p.detail) for p in found.problems] == [
        (4, "the reference does not end (`ER  -` is missing)")
    ]


def test_csl_json():
    references = [
        {"id": "a", "type": "article-journal", "title": "One", "DOI": "10.1000/X",
         "author": [{"family": "Ann", "given": "A."}, {"literal": "The B. Team"}],
         "issued": {"date-parts": [[2017, 6, 12]]}, "abstract": "We."},
        {"id": "b", "type": "article", "title": "Two", "number": "arXiv:1706.03762",
         "issued": {"date-parts": [["2017"]]}, "URL": "http://arxiv.org/abs/1706.03762"},
    ]  # fmt: skip

    found = read_text(json.dumps(references))

    assert found.name == "csl-json"
    one, two = found.entries
    assert (one.item.id, one.item.authors) == ("10.1000/x", ("A. Ann", "The B. Team"))
    assert one.item.published_at == datetime(2017, 6, 12, tzinfo=UTC)
    assert (two.item.id, two.item.published_precision) == ("1706.03762", "year")
    assert two.item.published_at == datetime(2017, 1, 1, tzinfo=UTC)


def zotero(**data: object) -> dict:
    base = {"key": "K", "itemType": "preprint", "title": "Attention", "creators": [
        {"creatorType": "author", "firstName": "Ann", "lastName": "A."},
        {"creatorType": "editor", "name": "Ed"}, {"creatorType": "author", "name": "The Team"}],
        "tags": [{"tag": "nets"}], "date": "2017", "dateAdded": "2024-05-06T07:08:09Z"}  # fmt: skip
    return {"key": "K", "version": 1, "data": base | data}


def test_zotero():
    library = [
        zotero(archiveID="arXiv:1706.03762"),
        zotero(extra="PMID: 1\narXiv:1810.04805 [cs]", title="Bert"),
        zotero(DOI="10.48550/arXiv.2005.14165", title="Few"),
        {"key": "N", "data": {"key": "N", "itemType": "note", "note": "…"}},
        zotero(itemType="attachment"),
    ]

    found = read_text(json.dumps(library))

    assert found.name == "zotero"
    assert [e.item.id for e in found.entries] == ["1706.03762", "1810.04805", "2005.14165"]
    first = found.entries[0]
    assert first.added_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (first.item.authors, first.item.topics) == (("Ann A.", "The Team"), ("nets",))


def test_zotero_as_better_bibtex_exports_it():
    items = [zotero(url="https://arxiv.org/pdf/1706.03762v5")["data"]]

    found = read_text(json.dumps({"config": {"id": "x"}, "items": items}))

    assert (found.name, found.entries[0].item.id) == ("zotero", "1706.03762")
