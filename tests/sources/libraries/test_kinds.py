"""Kinds of ordinary files that once cost a paper a field, a name or itself."""

import json
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.text import dois
from recsvc.errors import UnknownFormatError
from recsvc.sources.libraries.bibtex_values import value_of
from recsvc.sources.text.people import bibtex_names, natural, ris_names
from recsvc.sources.text.publishing import of_parts, published
from tests.service import REPOSITORY
from tests.sources.reading import read_file, read_text

CASES = REPOSITORY.parent / "shared" / "cases" / "texts"


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("Doe, Jane", ["Jane Doe"]),
        ("Jane Doe and Roe, Rick", ["Jane Doe", "Rick Roe"]),
        ("{Barnes and Noble} and Smith, Ann and others", ["Barnes and Noble", "Ann Smith"]),
        ("{Securities and Exchange Commission}", ["Securities and Exchange Commission"]),
        ("{Acme, Inc.} and Doe, J.", ["Acme, Inc.", "J. Doe"]),
        ("van der Berg, Jr., Ann AND Ludwig van Beet", ["Ann van der Berg, Jr.", "Ludwig van Beet"]),
        ("Doe, J. et al.", ["J. Doe"]),
        ("Doe, J. and et al.", ["J. Doe"]),
        (r"M{\"u}ller, J{\"o}rg and \'{E}mile Zola", ["Jörg Müller", "Émile Zola"]),
        ("Doe, Jane; Roe, Rick", ["Jane Doe", "Rick Roe"]),
        ("Doe,\n  Jane\n   and\n Roe, R.", ["Jane Doe", "R. Roe"]),
        ("Doe, Jane and", ["Jane Doe"]),
        ("and Doe, Jane", ["Jane Doe"]),
        ("Doe, Jr, Jane", ["Jane Doe, Jr"]),
        (r"Jane Doe \& Rick Roe", ["Jane Doe", "Rick Roe"]),
        ("", []),
    ],
)  # fmt: skip
def test_every_form_of_a_name_is_a_person_and_nobody_is_not(field: str, names: list[str]):
    assert bibtex_names(field) == names


people = st.lists(
    st.tuples(st.sampled_from(["Jane", "Rick B.", "Ö."]), st.sampled_from(["Doe", "Roe", "Müller"])),
    min_size=3, max_size=6,
)  # fmt: skip


@given(people)
def test_people_whom_commas_divide_are_as_many(people: list[tuple[str, str]]):
    spoken = [f"{first} {last}" for first, last in people]

    assert bibtex_names(", ".join(spoken)) == spoken
    assert bibtex_names(f"{', '.join(spoken[:-1])}, and {spoken[-1]}") == spoken
    assert bibtex_names(", ".join(f"{last}, {first}" for first, last in people)) == spoken


@given(people, st.sampled_from(["; ", ";", " and "]))
def test_a_tag_of_ris_with_several_people_has_several(people: list[tuple[str, str]], between: str):
    tag = between.join(f"{last}, {first}" for first, last in people)

    found = read_text(f"TY  - JOUR\nTI  - A paper\nAU  - {tag}\nER  - \n")

    assert list(found.entries[0].item.authors) == [f"{first} {last}" for first, last in people]


def test_who_is_one_body_stays_one_in_ris():
    for name in ("Securities and Exchange Commission", "Ministry of Health, Labour and Welfare"):
        assert len(ris_names(name)) == 1


@given(st.text(max_size=40))
def test_any_name_is_a_name(text: str):
    assert isinstance(natural(text), str)
    assert all(bibtex_names(text))


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("1996", date(1996, 1, 1), "year"),
        ("2015-03", date(2015, 3, 1), "month"),
        ("2015/03//", date(2015, 3, 1), "month"),
        ("2015/03/02/Spring", date(2015, 3, 2), "day"),
        ("2015-03-02T10:00:00Z", date(2015, 3, 2), "day"),
        ("2 March 2015", date(2015, 3, 2), "day"),
        ("March 2nd, 2015", date(2015, 3, 2), "day"),
        ("2015 Mar-Apr", date(2015, 3, 1), "month"),
        ("Spring 2015", date(2015, 1, 1), "year"),
        ("20150302", date(2015, 3, 2), "day"),
        ("31/12/2015", date(2015, 12, 31), "day"),
        ("05/06/2015", date(2015, 1, 1), "year"),
        ("2015-13-40", date(2015, 1, 1), "year"),
        ("2015-02-31", date(2015, 2, 1), "month"),
        ("1995-1997", date(1995, 1, 1), "year"),
        ("c. 1936", date(1936, 1, 1), "about"),
        ("[1936?]", date(1936, 1, 1), "about"),
        ("2015~", date(2015, 1, 1), "about"),
    ],
)
def test_a_date_is_as_fine_as_it_is_said(text: str, day: date, precision: str):
    found = published(text)

    assert found is not None
    assert (found.at.date(), found.precision) == (day, precision)


@pytest.mark.parametrize("text", ["", "n.d.", "in press", "forthcoming", "0000", "12", "submitted"])
def test_what_names_no_year_is_no_date(text: str):
    assert published(text) is None


@given(st.text(max_size=40))
def test_no_date_raises(text: str):
    published(text)


@pytest.mark.parametrize(
    "written",
    [
        "10.1000/a_b.1", r"10.1000/a\_b.1", r"10.1000/a{\_}b.1", "https://doi.org/10.1000/A_B.1",
        "http://dx.doi.org/10.1000/a_b.1.", "doi:10.1000/a_b.1", "DOI: 10.1000/a_b.1",
        "https://doi.org/10.1000%2Fa_b.1", "{10.1000/a_b.1}",
    ],
)  # fmt: skip
def test_a_doi_is_the_same_however_it_is_written(written: str):
    assert dois.found_in(written) == "10.1000/a_b.1"


def test_parentheses_of_a_doi_are_its_own_and_those_of_a_sentence_are_not():
    old = "10.1002/(sici)1097-4636(199823)43:4<338::aid-jbm16>3.0.co;2-d"

    assert dois.found_in(old) == old
    assert dois.mentioned_in("(see https://doi.org/10.1000/x1).") == "10.1000/x1"


@pytest.mark.parametrize("field", ["url", "note", "howpublished", "annote", "journal", "publisher"])
def test_an_id_is_found_wherever_an_export_puts_it(field: str):
    arxiv, doi = "https://arxiv.org/abs/2005.14167v3", "https://doi.org/10.1145/3366423.3380130"
    text = "".join(
        f"@misc{{k{n}, title={{T{n}}}, {field}={{\\url{{{link}}}}}}}\n"
        for n, link in enumerate((arxiv, doi))
    )

    assert [e.item.id for e in read_text(text).entries] == ["2005.14167", "10.1145/3366423.3380130"]


@pytest.mark.parametrize(
    "bad",
    [
        {"keywords": ", ".join(f"word {n}" for n in range(150))},
        {"keywords": f"fine, {'x' * 101}"},
        {"author": " and ".join(f"Doe, J. {n}" for n in range(10_050))},
        {"author": "D" * 400},
        {"abstract": "x" * 100_500},
        {"url": "https://x.example/" + "a" * 3_000},
        {"title": "long " * 300},
    ],
)
def test_nothing_optional_rejects_a_paper_and_what_did_not_fit_is_named(bad: dict[str, str]):
    fields = {"title": "A paper", "year": "2020"} | bad
    body = ", ".join(f"{name} = {{{value}}}" for name, value in fields.items())

    found = read_text(f"@article{{k, {body}}}")

    (entry,) = found.entries
    assert found.problems == []
    assert len(entry.item.left_out) == 1
    assert entry.item.published_precision == "year"


@pytest.mark.parametrize(
    "entry",
    [
        "@article{{,\n title = {{{t}}},\n year = 2020}}",
        "@article{{\n title = {{{t}}},\n year = 2020}}",
        "@article{{key with spaces ü,\n title = {{{t}}},\n year = 2020}}",
        "@article{{key\n title = {{{t}}},\n year = {{2020}}}}",
        "@article{{key,\n title = {{{t}}}\n year = {{2020}}}}",
        "@article{{key,\n title = {{{t}}},,\n year = {{2020}},\n}}",
        '@ARTICLE(key, title = "{t}", year = 2020)',
        "@article{{key, TITLE = {{{t}}}, Year = {{2020}}, year = {{2020}}}}",
        "@article{{Doe, 2010, title = {{{t}}}, year = {{2020}}}}",
        "@article{{a{{b}}c, title = {{{t}}}, year = {{2020}}}}",
        "@article{{key, title = {{{t}}} % it says\n, year = {{2020}}}}",
    ],
)
def test_an_entry_that_is_not_quite_bibtex_comes_in(entry: str):
    text = entry.format(t="A paper") + "\n" + entry.format(t="Another paper")

    found = read_text(text)

    assert [e.item.title for e in found.entries] == ["A paper", "Another paper"]
    assert {e.item.published_precision for e in found.entries} == {"year"}


WORDS = st.text("abc δ{}-,", max_size=8).filter(lambda w: w.count("{") == w.count("}") == 0)
pieces = st.lists(
    st.tuples(st.sampled_from(["{%s}", '"%s"', "name"]), WORDS), min_size=1, max_size=4
)


@given(pieces, st.sampled_from([" # ", "#", "\n # "]))
def test_pieces_that_are_joined_are_one_text(pieces: list[tuple[str, str]], joint: str):
    written = [form if form == "name" else form % word for form, word in pieces]
    said = "".join("An Ab" if form == "name" else word for form, word in pieces)

    value = value_of(joint.join(written), {"name": "An Ab"})

    assert value == said


@given(st.text('ab{}"#% \n', max_size=20))
def test_no_value_raises(raw: str):
    assert isinstance(value_of(raw, {}), str)


def test_abbreviations_and_joined_pieces_make_a_whole_entry():
    found = read_text(
        '@string{j = "Journal of " # topic}\n@STRING{Topic = {Made Things}}\n@string{k = "The " # J}\n'
        '@article{a, title = "On " # {{B}ees} # " and #1", year = 2020, month = 2 # "~" # mar, '
        "journal = K}"
    )

    (entry,) = found.entries
    assert (entry.item.title, entry.item.extra["venue"]) == (
        "On Bees and #1",
        "The Journal of topic",
    )
    assert (entry.item.published_at.date(), entry.item.published_precision) == (
        date(2020, 3, 2),
        "day",
    )


@pytest.mark.parametrize("link", ["crossref = {Vol}", "CROSSREF = vol", "xdata = {vol}"])
def test_what_an_entry_has_from_another_is_known(link: str):
    kind = "xdata" if "xdata" in link else "proceedings"
    found = read_text(
        f"@inproceedings{{a, {link}, title = {{A paper}}, author = {{Doe, Jane}}}}\n"
        f"@{kind}{{vol, title = {{All of it}}, booktitle = {{Proc. X}}, year = {{2011}},"
        " doi = {10.1000/all}}"
    )

    paper = found.entries[0].item
    assert (paper.title, paper.extra["venue"], paper.extra["year"]) == (
        "A paper",
        "Proc. X",
        "2011",
    )
    assert ("doi" in paper.extra) == (kind == "xdata"), "a volume's DOI is the volume's"
    assert len(found.entries) == (1 if kind == "xdata" else 2)


def test_a_doi_with_a_semicolon_is_whole_in_every_tag():
    doi = "10.1002/(sici)1097-4679(199807)54:5<>1.0.co;2-x"
    for tag, written in (
        ("DO", doi),
        ("UR", f"https://doi.org/{doi}"),
        ("UR", f"http://x.example/a;https://doi.org/{quote(doi)}"),
    ):
        found = read_text(f"TY  - JOUR\nTI  - A paper\n{tag}  - {written}\nER  - \n")

        assert found.entries[0].item.extra["doi"] == doi, tag


dates = st.tuples(st.integers(1000, 2999), st.integers(1, 12), st.integers(1, 28))


@given(dates, st.sampled_from([None, "", "no number", {}, []]), st.sampled_from([int, float, str]))
def test_a_date_in_parts_never_takes_one_part_for_another(parts, odd, kind):
    year, month, day = map(kind, parts)
    for said, precision in (
        ([year, month, day], "day"), ([year, month, odd], "month"), ([year, odd, day], "year"),
        ([odd, month, day], None), ([f"{parts[0]}-{parts[1]:02}-{parts[2]:02}"], "day"),
    ):  # fmt: skip
        found = of_parts(said)

        assert (found and found.precision) == precision, said
        assert found is None or found.at.year == parts[0]


def test_csl_json_in_all_its_forms():
    references = {"references": [
        {"id": 1, "type": "article", "title": ["In a list"], "container-title": ["J. X", "JX"],
         "author": [{"family": "Cruz", "given": "Ana", "non-dropping-particle": "de la"},
                    {"literal": "Acme, Inc."}, {"name": "WHO"}, "Plain Name"],
         "issued": {"date-parts": [["2015", "3"]]}, "keyword": "a, b; c"},
        {"id": "b", "type": "book", "title": "Raw", "issued": {"raw": "March 2015"},
         "note": "doi: 10.1000/N"},
        {"id": "c", "type": "book", "title": "Text", "issued": "2015-03-02", "number": 7},
        {"id": "d", "type": "book", "title": "Literal", "issued": {"literal": "circa 1936"}},
        {"id": "e", "type": "book", "title": "Range", "issued": {"date-parts": [[2014, 1], [2014, 2]]}},
        {"id": "f", "type": "book", "title": "Nothing", "issued": {}, "author": None, "abstract": None},
        {"id": "g", "type": "book", "title": "Named", "issued": {"year": 2015, "month": "3"}},
        {"id": "h", "type": "book", "title": "List", "issued": [{"year": "2015"}]},
        {"id": "i", "type": "book", "title": "Bare list", "issued": [2015, 3, 2]},
    ]}  # fmt: skip

    found = read_text(json.dumps(references))

    assert found.problems == []
    first = found.entries[0].item
    assert first.authors == ("Ana de la Cruz", "Acme, Inc.", "WHO", "Plain Name")
    assert (first.extra["venue"], first.topics) == ("J. X", ("a", "b", "c"))
    assert [e.item.published_precision for e in found.entries] == [
        "month", "month", "day", "about", "month", None, "month", "year", "day",
    ]  # fmt: skip
    assert found.entries[1].item.id == "10.1000/n"


def test_references_are_known_by_any_of_their_fields_though_others_are_null():
    for one in (
        {"type": "book", "title": "A paper", "author": None, "issued": None},
        {"type": "book", "title": "A paper", "author": [], "DOI": None},
    ):
        assert read_text(json.dumps([one | {"id": "x"}])).name == "csl-json"


TEXT = (
    "@article{k,\n title = {Müller’s “naïve” café},\n year = 2020}\n@article{l,\n title = {Zweite}}"
)


@pytest.mark.parametrize(
    ("encoding", "ends"),
    [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-16", "\r\n"), ("cp1252", "\r\n"),
     ("cp1252", "\r"), ("utf-8", "\r")],
)  # fmt: skip
def test_old_machines_write_texts_too(tmp_path: Path, encoding: str, ends: str):
    path = tmp_path / "old.bib"
    path.write_bytes(TEXT.replace("\n", ends).encode(encoding))

    found = read_file(path)

    assert [e.item.title for e in found.entries] == ["Müller’s “naïve” café", "Zweite"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("cp1251", "windows-1251"), ("cp1251", "Cp1251"), ("koi8-r", "KOI8-R"), ("shift_jis", "Shift_JIS"),
     ("mac-roman", "x-MacRoman"), ("latin-1", "ISO8859_1"), ("utf-8", "Cp1252"), ("gb18030", "GB18030")],
)  # fmt: skip
def test_a_file_that_says_its_encoding_is_believed(tmp_path: Path, encoding: str, said: str):
    title = {"mac-roman": "Größe", "latin-1": "Größe", "shift_jis": "量子計算"}.get(
        encoding, "Мера"
    )
    path = tmp_path / "file.bib"
    for form in ("% Encoding: {}\n", "%% -*- coding: {} -*-\n"):
        text = form.format(said) + f"@article{{k, title = {{{title}}}, year = 2020}}"
        path.write_bytes(text.encode(encoding))

        assert read_file(path).entries[0].item.title == title


@pytest.mark.parametrize("encoding", ["gbk", "koi8-r", "shift_jis", "cp1251"])
def test_what_may_be_anything_has_to_be_named(tmp_path: Path, encoding: str):
    text = {"gbk": "注意力机制", "shift_jis": "注意機構の研究"}.get(encoding, "Внимание и память")
    path = tmp_path / "other.bib"
    path.write_bytes(f"@article{{k, title = {{{text}}}}}".encode(encoding))

    with pytest.raises(UnknownFormatError, match="--encoding"):
        read_file(path)


@pytest.mark.parametrize(
    "path", sorted(CASES.glob("*.bib")) + sorted(CASES.glob("*.ris")), ids=lambda p: p.name
)
def test_the_kept_cases_come_in(path: Path):
    found = read_file(path)

    assert found.problems == []
    assert found.entries
    assert not any("<" in e.item.title or "\\" in e.item.title for e in found.entries)
