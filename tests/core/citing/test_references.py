"""References: what is given out, our own importers read back as it was."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsvc.core.citing.formats import FORMATS
from recsvc.core.citing.people import parts
from recsvc.core.citing.reference import reference
from recsvc.core.items.item import StoredItem
from tests.sources.reading import read_text

RICH = StoredItem(
    id="10.1000/a_b",
    title=r"100% of R&D: “Łódź” on $\mathbb{R}^n$ & {braces}, C# -- a_b",
    text="First it costs $5. It is ~10 % more; x^2 #1.",
    authors=("Jane Doe", "Ludwig van Beethoven", "Acme, Inc.", "Barnes and Noble", "李 明",
        "Ann Lee, Jr."),
    topics=("cs.CL", "graph learning"),
    url="https://doi.org/10.1000/a_b",
    published_at=datetime(2015, 3, 2, tzinfo=UTC),
    published_precision="month",
    extra={"doi": "10.1000/a_b", "venue": "J. of {X} & Y"},
    created_us=1,
)  # fmt: skip
ARXIV = StoredItem(
    id="1503.00001",
    title="A preprint",
    authors=("WHO",),
    url="https://arxiv.org/abs/1503.00001",
    published_at=datetime(2015, 1, 1, tzinfo=UTC),
    published_precision="about",
    extra={"arxiv_id": "1503.00001"},
    created_us=1,
)
BARE = StoredItem(id="just/a title", title="Just a title", created_us=1)

LEAP = datetime(2000, 2, 29, tzinfo=UTC)

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z", "M"), exclude_characters="\\$<>&`"),
    min_size=1, max_size=8,
)  # fmt: skip
lines = st.lists(words, min_size=1, max_size=6).map(" ".join)
whens = st.tuples(
    st.dates(date(1000, 1, 1), date(2999, 12, 31)),
    st.sampled_from(["day", "month", "year", "about"]),
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("item", [RICH, ARXIV, BARE], ids=lambda item: item.id)
def test_what_is_given_out_comes_back_as_it_was(form: str, item: StoredItem):
    text = FORMATS[form].render([reference(item)])

    (found,) = (entry.item for entry in read_text(text).entries)

    authors = tuple(
        name.replace("Acme, ", "Acme ") if form == "ris" else name for name in item.authors
    )
    assert found.authors == authors
    for name in ("title", "text", "topics", "url", "published_precision"):
        assert getattr(found, name) == getattr(item, name), name
    assert found.extra.get("doi") == item.extra.get("doi")
    assert found.extra.get("arxiv_id") == item.extra.get("arxiv_id")
    assert found.extra.get("venue") == item.extra.get("venue")
    if item.published_at is not None:
        assert found.published_at is not None
        assert found.published_at.year == 2015


@pytest.mark.parametrize("form", FORMATS)
@given(title=lines, text=lines, when=whens)
@example(title="TY - JOUR", text="ER -", when=(LEAP, "day"))
@example(title="@article{x,", text='}}}{{{ "#" %', when=(LEAP, "day"))
@example(title="a'' --- ~ ^_ _^", text="' ' --", when=(LEAP, "about"))
def test_any_text_and_any_date_come_back(form: str, title: str, text: str, when):
    at, precision = when
    item = StoredItem(
        id="x/1", title=title, text=text, published_precision=precision, created_us=1,
        published_at=datetime(at.year, at.month, at.day, tzinfo=UTC),
    )  # fmt: skip

    (found,) = (e.item for e in read_text(FORMATS[form].render([reference(item)])).entries)

    assert (found.title, found.text) == (title, text)
    assert found.published_precision == precision
    known = {"year": 4, "about": 4, "month": 7}.get(precision, 10)
    assert f"{found.published_at:%Y-%m-%d}"[:known] == f"{at:%Y-%m-%d}"[:known]


@pytest.mark.parametrize("form", FORMATS)
def test_a_library_comes_back_whole_and_in_order(form: str):
    library = [
        StoredItem(id=f"{'a' if n % 2 else 'A'}/é{n % 3}", title=f"Title {n}", created_us=1)
        for n in range(40)
    ]

    found = read_text(FORMATS[form].render(map(reference, library)))

    assert [entry.item.title for entry in found.entries] == [item.title for item in library]
    assert (found.problems, found.notes) == ([], [])


def test_a_backslash_that_is_meant_stays():
    item = StoredItem(id="x", title=r"Where C:\temp leads", text=r"\begin here", created_us=1)

    (found,) = (e.item for e in read_text(FORMATS["bibtex"].render([reference(item)])).entries)

    assert (found.title, found.text) == (item.title, item.text)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Jane Doe", ("Jane", "Doe", "")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven", "")),
        ("Ana de la Cruz", ("Ana", "de la Cruz", "")),
        ("bell hooks", ("bell", "hooks", "")),
        ("Ann Lee, Jr.", ("Ann", "Lee", "Jr.")),
        ("WHO", None), ("Barnes and Noble", None), ("Acme, Inc.", None), ("", None),
        ("Ministry of Truth", None),
    ],
)  # fmt: skip
def test_names_of_people_have_parts_and_those_of_bodies_none(name: str, known: object):
    assert parts(name) == known


def test_references_in_json_are_of_the_schema():
    found = json.loads(FORMATS["csl-json"].render([reference(RICH)]))[0]

    assert found["type"] == "article-journal"
    assert found["issued"] == {"date-parts": [[2015, 3]]}
    assert found["author"][1] == {"given": "Ludwig", "family": "van Beethoven"}
    assert found["author"][3] == {"literal": "Barnes and Noble"}
