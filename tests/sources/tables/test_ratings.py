"""Tables without a header, and tables of ratings."""

from datetime import UTC, datetime

import pytest

from recsvc.errors import UnknownFormatError
from tests.sources.reading import read_text

AT = datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)
NAMES = ("user", "item", "rating", "at")
ROWS = [("196", "242", "3", "881250949"), ("186", "302", "4", "881250949")]
SHAPES = {
    "u.data": "".join("\t".join(row) + "\n" for row in ROWS),
    "ratings.dat": "".join("::".join(row) + "\r\n" for row in ROWS),
    "commas": "".join(",".join(row) + "\n" for row in ROWS),
    "semicolons": "".join(";".join(row) + "\n" for row in ROWS),
    "with a header": "user\titem\trating\tat\n" + "".join("\t".join(r) + "\n" for r in ROWS),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_ratings_from_four_on_are_upvotes(shape: str):
    found = read_text(SHAPES[shape], names=NAMES)

    assert found.name == "events"
    assert [(e.user, e.item, e.kind, e.at) for e in found.events] == [
        ("196", "242", "impression", AT),
        ("186", "302", "upvote", AT),
    ]
    assert found.problems == []


def test_movielens_with_its_own_header():
    text = "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,4.5,1260759179\n"

    found = read_text(text, columns={"user": "userId", "item": "movieId", "at": "timestamp"})

    assert [(e.item, e.kind) for e in found.events] == [("31", "impression"), ("1029", "upvote")]


def test_what_a_rating_means_can_be_said():
    text = SHAPES["u.data"]

    by_value = read_text(text, names=NAMES, kinds={"3": "click"})
    by_all = read_text(text, names=NAMES, constants={"kind": "save"})

    assert [e.kind for e in by_value.events] == ["click", "upvote"]
    assert [e.kind for e in by_all.events] == ["save", "save"]


def test_columns_that_are_not_read_may_be_left_out():
    found = read_text("x|1|m1|5|more|and more\n", names=("-", "user", "item", "rating"))

    assert [(e.user, e.item, e.kind) for e in found.events] == [("1", "m1", "upvote")]


def test_rows_that_are_wrong_are_named():
    found = read_text("1\t2\tgood\t881250949\n1\t2\n1\t2\t5\t881250949\n", names=NAMES)

    assert [p.line for p in found.problems] == [1, 2]
    assert len(found.events) == 1


def test_without_names_such_a_table_is_not_guessed_at():
    with pytest.raises(UnknownFormatError):
        read_text(SHAPES["u.data"])
