"""The saved pages: what is on them, exactly; and pages of our own, for what may be on others."""

from collections import Counter
from pathlib import Path

import pytest

from recsvc.core.items.item import Organisation
from recsvc.sources.naming.title_ids import id_of_title, normalized
from tests.sources.reading import read_file, read_text

HEADER = "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\n"
CURATED = "byAK and the research community\n\n"
ABSTRACT = "We propose a thing and evaluate it. " * 20


def page(*blocks: str, date: str | None = "Mar 11") -> str:
    head = HEADER + CURATED + (f"{date}\n\n" if date else "")
    return head + "\n\n".join(blocks)


@pytest.mark.parametrize(
    ("number", "n_papers"), [("000", 24), ("001", 226), ("002", 51), ("003", 105), ("004", 51)]
)
def test_each_page_holds_its_papers(seeds: list[Path], number: str, n_papers: int):
    path = next(p for p in seeds if p.name.startswith(number))

    found = read_file(path, year=2025)

    assert found.name == "seed-pages"
    assert len(found.items) == n_papers
    assert len({item.id for item in found.items}) == n_papers
    assert found.problems == []
    assert all(564 <= len(item.text) <= 2027 for item in found.items)
    assert all(16 <= len(item.title) <= 144 for item in found.items)


@pytest.fixture(scope="module")
def everything(seeds: list[Path]) -> list:
    return [item for path in seeds for item in read_file(path, year=2025).items]


def test_the_pages_hold_444_different_papers(everything: list):
    titles = Counter(normalized(item.title) for item in everything)

    assert len(everything) == 457
    assert len(titles) == len({item.id for item in everything}) == 444
    assert sorted(titles.values())[-12:] == [2] * 11 + [3]
    assert titles["pointer networks"] == 3


def test_similar_titles_stay_different_papers(everything: list):
    ids = {item.id for item in everything}

    assert {"music-transformer", "anticipatory-music-transformer"} <= ids
    assert len([i for i in ids if i.startswith("medusa")]) == 2
    assert len([i for i in ids if i.startswith("omniparser")]) == 2


def test_what_stands_under_abstracts_is_kept(seeds: list[Path]):
    found = read_file(seeds[2], year=2025)

    authors = [item.n_authors for item in found.items if item.n_authors]
    assert (len(authors), min(authors), max(authors)) == (46, 2, 14)
    assert [i.organisation for i in found.items if i.organisation] == [
        Organisation("nvidia", "NVIDIA")
    ]
    assert found.items[44].organisation is not None
    dated = [item.published_at for item in found.items if item.published_at]
    assert len(dated) == 47
    years = Counter(moment.year for moment in dated)
    assert years == {2025: 17, 2024: 17, 2023: 7, 2022: 2, 2021: 2, 2020: 1, 2015: 1}
    comments = {n: i.comments for n, i in enumerate(found.items, 1) if i.comments}
    assert comments == {1: 3, 21: 2, 36: 5, 37: 4, 38: 1, 45: 5, 46: 1, 48: 2, 51: 2}
    assert {i.listed_at.date().isoformat() for i in found.items} == {"2025-12-09"}


def test_a_missing_year_is_said_and_never_made_up(seeds: list[Path]):
    found = read_file(seeds[2])

    assert sum(item.published_at is not None for item in found.items) == 30
    assert all(item.listed_at is None for item in found.items)
    assert len(found.notes) == 2
    assert "the page's date 'Dec 9' names no year" in found.notes[0]
    assert found.notes[1].startswith("17 papers' dates name no year")


def test_oddities_of_the_pages_survive(everything: list):
    by_title = {item.title: item for item in everything}

    assert "DragVideo: Interactive Drag-style Video Editing" in by_title, "freed of `Subscribe`"
    french = next(t for t in by_title if t.startswith("Étude cognitive"))
    assert id_of_title(french).startswith("étude-cognitive")
    assert r"d\'ecrit" in by_title[french].text
    assert any("<EOS>" in item.text for item in everything)
    assert any(title.startswith(r"$\mathbb{USCD}$") for title in by_title)


def test_another_page_of_the_same_layout():
    found = read_text(
        page(
            "A First Paper",
            ABSTRACT,
            "A Second Paper",
            f"{ABSTRACT}\n  • 7 authors\n·\nNov 25 3",
            "A Third Paper",
            f"{ABSTRACT}\nacme ACME Research\n·\nDec 29, 2024",
        ),
        year=2026,
    )

    assert found.problems == found.notes == []
    first, second, third = found.items
    assert (first.id, first.text) == ("a-first-paper", ABSTRACT.strip())
    assert first.listed_at.isoformat() == "2026-03-11T00:00:00+00:00"
    assert (second.n_authors, second.comments) == (7, 3)
    assert second.published_at.date().isoformat() == "2025-11-25", "before the page's own day"
    assert third.organisation == Organisation("acme", "ACME Research")
    assert third.published_at.date().isoformat() == "2024-12-29"


def test_a_page_without_empty_lines():
    call = "Get trending papers in your email inbox once a day!"

    found = read_text(f"{call}\n{call}\nSubscribeA Title\n{ABSTRACT}\nAnother Title\n{ABSTRACT}")

    assert [i.title for i in found.items] == ["A Title", "Another Title"]
    assert found.notes == [], "a page without dates lacks no year"


def test_the_pages_date_can_be_said():
    found = read_text(
        page("A Title", ABSTRACT, date=None), page_date="2026-02-03", zone="Asia/Tokyo"
    )

    assert found.items[0].listed_at.isoformat() == "2026-02-02T15:00:00+00:00"


def test_a_title_whose_abstract_is_missing_does_not_shift_the_others():
    found = read_text(
        page("A Title", ABSTRACT, "No Abstract", "Another Title", ABSTRACT), year=2026
    )

    assert [i.title for i in found.items] == ["A Title", "Another Title"]
    (problem,) = found.problems
    assert problem.line == 15
    assert "the abstract is missing behind the title: 'No Abstract'" in problem.detail


def test_a_page_that_is_cut_off_gives_what_is_whole():
    whole = page("A Title", f"{ABSTRACT}\n  • 7 authors\n·\nNov 25 3", "Another Title", ABSTRACT)

    for end, n_problems in [("\n·\nNov 25 3", 1), ("Another Title", 0), (ABSTRACT, 1)]:
        cut = whole[: whole.rindex(end)].rstrip()
        found = read_text(cut, year=2026)
        assert found.items[0].title == "A Title"
        assert len(found.items) <= 1
        assert len(found.problems) == n_problems, cut[-40:]


def test_days_that_do_not_exist_are_reported():
    found = read_text(
        page("A Title", f"{ABSTRACT}\n  • 2 authors\n·\nFeb 29", date="Feb 30"), year=2025
    )

    assert "no day of 2025" in found.notes[0]
    assert [p.detail for p in found.problems] == ["not a day of 2025: 'Feb 29'"]
    assert (found.items[0].listed_at, found.items[0].published_at) == (None, None)


def test_what_is_not_understood_is_named_with_its_line():
    found = read_text(
        page("A Title", f"{ABSTRACT}\n  • many authors\n·\nNov 25", "A Title 2", ABSTRACT),
        year=2026,
    )

    assert len(found.items) == 2
    assert [(p.line, p.detail) for p in found.problems] == [
        (14, "not understood: '• many authors'")
    ]
