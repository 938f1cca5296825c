"""arXiv's four formats: on real pages, count by count, and on what real pages do not hold."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.reading import Read, read_file, read_text, real

ATOM = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom"
      xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
  <id>https://arxiv.org/api/x</id><opensearch:totalResults>{total}</opensearch:totalResults>
  {entries}
</feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{id}</id><title>Stop at &lt;EOS&gt;
  when $a &lt; b$ &amp; c</title><published>2026-11-02T10:00:00Z</published>
  <updated>2026-11-03T10:00:00Z</updated>
  <summary>  One paragraph
of two lines.
  Another with &lt;b&gt;marks&lt;/b&gt;.</summary>
  <category term="cs.CL"/><category term="cs.LG"/><author><name>Ann A.</name></author>
  <arxiv:primary_category term="cs.CL"/><arxiv:doi>10.1000/ABC 10.1000/DEF</arxiv:doi></entry>"""
RSS = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
     version="2.0"><channel><title>cs.CL</title><link>http://rss.arxiv.org/rss/cs.CL</link>
{items}</channel></rss>"""
ITEM = """<item><title>Nets of &lt;EOS&gt;</title><link>https://arxiv.org/abs/{id}</link>
<description>arXiv:{id}v1 Announce Type: {kind}
Abstract: We net
things.</description><guid isPermaLink="false">oai:arXiv.org:{id}v1</guid>
<category>cs.CL</category><pubDate>Mon, 02 Nov 2026 00:00:00 -0500</pubDate>
<arxiv:announce_type>{kind}</arxiv:announce_type>
<dc:creator>Ann A. (MIT), Bob B., Jr.</dc:creator></item>
"""
OAI = """<?xml version='1.0' encoding='UTF-8'?>
<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><ListRecords>
{records}</ListRecords></OAI-PMH>"""
RECORD = """<record><header><identifier>oai:arXiv.org:{id}</identifier></header><metadata>
<arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'><id>{id}</id><submitter>Ann A.</submitter>
<version version='v1'><date>Fri, 21 Nov 2008 22:55:07 GMT</date></version>
<title>T of {id}</title><authors>K\\"urt G\\"odel and Paul Erd\\H{{o}}s</authors>
<categories>math.LO cs.CC</categories><abstract>  A.</abstract></arXivRaw></metadata></record>
"""


def test_a_real_page_of_a_thousand_records():
    found = read_file(real("arxiv_oai_arXivRaw_1000.xml"))

    assert found.name == "arxiv-oai"
    assert len(found.items) == len({i.id for i in found.items}) == 1000
    assert found.problems == []
    assert found.notes == ["a page of a list of 907096: more follows"]
    assert {"0811.36489", "0811.3649"} <= {i.id for i in found.items}, (
        "the invalid id stays its own"
    )
    assert sum("\n\n" in i.text for i in found.items) == 61
    assert sum("$" in i.text for i in found.items) == 258
    assert sum(i.extra["versions"] > 1 for i in found.items) == 393
    assert found.item("0811.36489").published_at == datetime(2008, 11, 21, 22, 55, 7, tzinfo=UTC)
    assert found.item("0811.36489").authors == (
        "Daniel M. Kane",
        "Jelani Nelson",
        "David P. Woodruff",
    )
    assert not any("\\'" in name for i in found.items for name in i.authors), "accents are letters"
    assert all(i.topics and i.authors and i.url for i in found.items)


def test_a_real_page_that_is_cut_off_gives_what_is_whole(tmp_path: Path):
    whole = real("arxiv_oai_arXivRaw_1000.xml").read_text()
    cut = tmp_path / "cut.xml"
    cut.write_text(whole[: whole.index("<title>", 900_000) + 3])

    found = read_file(cut)

    n = cut.read_text().count("</record>")
    assert len(found.items) == n
    (problem,) = found.problems
    assert problem.line > 1000
    assert f"the {n} before it are whole" in problem.detail


@pytest.mark.parametrize(
    ("name", "n"), [("q_testing_s0_m100_*", 100), ("q_testing_s0_m10_*", 10), ("id_astro*", 1)]
)
def test_real_answers_of_the_search_api(name: str, n: int):
    found = read_file(real(f"arxiv_atom/{name}"))

    assert found.name == "arxiv-atom"
    assert (len(found.items), found.problems) == (n, [])
    assert all(i.published_at == i.listed_at for i in found.items)
    assert not any(i.id.endswith(("v1", "v2")) for i in found.items)


def test_a_real_answer_with_an_old_id():
    (item,) = read_file(real("arxiv_atom/id_quant-ph*")).items

    assert item.id == "quant-ph/0201082"
    assert item.url == "https://arxiv.org/abs/quant-ph/0201082"


def test_real_answers_without_papers():
    nothing = read_file(real("arxiv_atom/id_0000*"))
    error = read_file(real("arxiv_atom/id_abc*"))

    assert (nothing.items, nothing.problems, nothing.notes) == ([], [], ["arXiv found nothing"])
    assert error.items == []
    assert "incorrect id format for abc" in error.problems[0].detail


def atom(*ids: str) -> str:
    return ATOM.format(total=len(ids), entries="\n".join(ENTRY.format(id=i) for i in ids))


def test_titles_that_look_like_html_stay_as_they_are():
    (item,) = read_text(atom("2611.00001v3")).items

    assert item.title == "Stop at <EOS> when $a < b$ & c"
    assert item.text == "One paragraph of two lines.\n\nAnother with <b>marks</b>."
    assert (item.id, item.aliases, item.topics) == (
        "2611.00001",
        ("10.1000/abc",),
        ("cs.CL", "cs.LG"),
    )


def test_a_feed_that_is_cut_off_gives_what_is_whole():
    whole = atom("2611.00001v1", "2611.00002v1", "2611.00003v1")

    found = read_text(whole[: whole.rindex("<summary>") + 20])

    assert [i.id for i in found.items] == ["2611.00001", "2611.00002"]
    (problem,) = found.problems
    assert problem.record == 3
    assert problem.line == 1 + whole[: whole.rindex("<entry>")].count("\n")
    assert "the file ends in the middle" in problem.detail


def rss(*items: tuple[str, str]) -> Read:
    return read_text(RSS.format(items="".join(ITEM.format(id=i, kind=kind) for i, kind in items)))


def test_announcements_are_listed_on_their_day_and_replacements_are_no_news():
    found = rss(("2611.00001", "new"), ("2610.00002", "cross"), ("2609.00003", "replace-cross"))

    assert found.name == "arxiv-rss"
    assert [i.id for i in found.items] == ["2611.00001", "2610.00002"]
    first = found.items[0]
    assert (first.title, first.text) == ("Nets of <EOS>", "We net things.")
    assert first.authors == ("Ann A.", "Bob B., Jr.")
    assert first.listed_at == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert found.notes == ["1 replacements of earlier papers were left out"]


def test_a_day_without_announcements_is_no_error():
    found = rss()

    assert (found.items, found.problems) == ([], [])
    assert found.notes == ["nothing was announced: a weekend or a holiday"]


def test_names_in_tex_are_read():
    found = read_text(OAI.format(records=RECORD.format(id="math.LO/0309136")))

    assert found.items[0].id == "math.LO/0309136"
    assert found.items[0].authors == ("Kürt Gödel", "Paul Erdős")


def test_a_bad_record_and_a_deleted_one_do_not_stop_the_others():
    deleted = "<record><header status='deleted'><identifier>x</identifier></header></record>"
    untitled = RECORD.format(id="0811.0002").replace("T of 0811.0002", " ")
    records = RECORD.format(id="0811.0001") + deleted + untitled + RECORD.format(id="0811.0003")

    found = read_text(OAI.format(records=records))

    assert [i.id for i in found.items] == ["0811.0001", "0811.0003"]
    assert [(p.record, p.detail) for p in found.problems] == [(3, "it has no title")]
    assert found.notes == ["1 records are deleted at arXiv and were left out"]


def test_a_document_cannot_make_us_read_another_file(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    evil = OAI.format(records=RECORD.format(id="0811.0001").replace("T of", "&e; of")).replace(
        "<OAI-PMH", f"<!DOCTYPE OAI-PMH [<!ENTITY e SYSTEM 'file://{secret}'>]><OAI-PMH", 1
    )

    found = read_text(evil)

    assert "hunter2" not in str([(i.title, i.text) for i in found.items])


def kaggle(**changes: object) -> str:
    record = {
        "id": "0704.0001", "submitter": "Ann A.", "authors": "C. Bal\\'azs, E. Berger",
        "title": "Prompt\n  photons", "comments": "37 pages", "journal-ref": "Phys.Rev.D76,2007",
        "doi": "10.1103/PhysRevD.76.013009", "report-no": None, "categories": "hep-ph cs.LG",
        "license": None, "abstract": "  A fully\ndifferential.\n  And more.\n",
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
                     {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"}],
        "update_date": "2008-11-26",
        "authors_parsed": [["Bal\\'azs", "C.", ""], ["Berger", "E. L.", "Jr."]],
    }  # fmt: skip
    return json.dumps(record | changes)


def test_the_snapshot_on_kaggle():
    found = read_text(f"{kaggle()}\n{kaggle(id='hep-th/9901001')}\n")

    assert found.name == "arxiv-kaggle"
    first, second = found.items
    assert (first.id, second.id) == ("0704.0001", "hep-th/9901001")
    assert first.aliases == ("10.1103/physrevd.76.013009",)
    assert (first.title, first.text) == ("Prompt photons", "A fully differential.\n\nAnd more.")
    assert first.authors == ("C. Balázs", "E. L. Berger, Jr.")
    assert first.published_at == datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC)
    assert first.topics == ("hep-ph", "cs.LG")


def test_lines_that_are_wrong_or_cut_off_are_named():
    text = "\n".join([kaggle(), kaggle(id=704.0001), "{not json", kaggle(id="0704.0002")[:300]])

    found = read_text(text)

    assert [i.id for i in found.items] == ["0704.0001"]
    assert Counter(p.line for p in found.problems) == {2: 1, 3: 1, 4: 1}
    assert "got `float`" in found.problems[0].detail
