"""Tables of a site's own, and Gorse's bulk files."""

import json
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.cli.export_rows import event_row, filled
from recsvc.clock import to_us
from recsvc.core.access.trust import Trust, trust_of
from recsvc.core.items.item import Organisation
from recsvc.core.readers.events import Entry
from recsvc.errors import UnknownFormatError
from recsvc.sources.tables.names import columns_of
from tests.sources.reading import read_text

AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
T, NEVER = "2026-11-02T10:00:00Z", "0001-01-01T00:00:00Z"


def lines(*rows: dict) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_items_in_json_lines():
    found = read_text(
        lines(
            {"id": "a", "title": "A", "topics": ["x"], "published_at": "2026-11-02", "upvotes": 3},
            {"id": 42, "title": "Ids may be whole numbers", "listed_at": AT.timestamp() * 1000},
        )
    )

    assert found.name == "items"
    a, b = found.items
    assert (a.id, a.topics, a.upvotes) == ("a", ("x",), 3)
    assert (b.id, b.listed_at) == ("42", AT)


def test_items_in_a_spreadsheet_with_columns_of_its_own():
    text = (
        "paper;Name;Tags;when;hidden;venue\n"
        "2502.08025;Nets;a|b;2026-11-02T10:00:00Z;no;X\n"
        '10.1/x;"More; nets";;;yes;Y\n'
    )
    columns = {"id": "paper", "title": "Name", "topics": "Tags", "listed_at": "when"}

    found = read_text(text, columns=columns)

    first, second = found.items
    assert (first.id, first.title, first.topics, first.listed_at) == (
        "2502.08025", "Nets", ("a", "b"), AT,
    )  # fmt: skip
    assert (second.title, second.topics, second.hidden) == ("More; nets", (), True)
    assert found.notes == ["not read: venue (--column FIELD=COLUMN)"]


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
@pytest.mark.parametrize("said", ["sep={}\n", '"sep={}"\n', "SEP={}\r\n"])
def test_the_line_by_which_a_spreadsheet_says_what_divides_its_cells_is_no_row(said, mark):
    table = "".join(
        mark.join(row) + "\n" for row in [("ID", "Title"), ("a", "A: b, c"), ("b", "B")]
    ).replace("A: b, c", '"A: b, c"')

    found = read_text(said.format(mark) + table)

    assert [(item.id, item.title) for item in found.items] == [("a", "A: b, c"), ("b", "B")]
    assert not found.problems


def test_a_column_can_be_said_once_for_all_rows():
    found = read_text(
        "id,title\na,A\n", constants={"organisation": "acme", "topics": "x;y", "comments": "2"}
    )

    (item,) = found.items
    assert item.organisation == Organisation("acme", "acme")
    assert (item.topics, item.comments) == (("x", "y"), 2)


def test_rows_that_are_wrong_are_named_with_their_line_and_the_rest_goes_in():
    text = 'id,title,comments\na,"two\nlines",1\nb,B\nc,C,many\n,D,1\ne,E,5\n'

    found = read_text(text)

    assert [i.id for i in found.items] == ["a", "e"]
    assert [(p.line, p.record) for p in found.problems] == [(4, 2), (5, 3), (6, 4)]
    assert "2 cells where the header has 3" in found.problems[0].detail
    assert "comments: not a whole number: 'many'" in found.problems[1].detail


def test_a_spreadsheet_that_is_cut_off_in_a_quoted_cell_is_named():
    found = read_text('id,title\na,A\nb,"B and')

    assert [i.id for i in found.items] == ["a"]
    assert (found.problems[0].line, "not CSV" in found.problems[0].detail) == (3, True)


def test_ids_are_never_fractions():
    found = read_text('{"id": 2503.02130, "title": "A"}\n{"id": "2503.02130", "title": "B"}\n')

    assert [i.id for i in found.items] == ["2503.02130"]
    assert "as a number it may lack digits" in found.problems[0].detail
    assert [i.id for i in read_text("id,title\n2503.02130,A\n").items] == ["2503.02130"]


def test_events_in_json_lines():
    found = read_text(
        lines(
            {"user": "u", "item": "a", "kind": "read", "at": "2026-11-02T10:00:00Z", "value": 30},
            {"user": 7, "item": "a", "kind": "star", "at": AT.timestamp(), "position": 3},
            {"user": "u", "item": "a", "kind": "click"},
        ),
        kinds={"star": "upvote"},
    )

    assert found.name == "events"
    first, second, third = found.events
    assert (first.at, first.value) == (AT, 30)
    assert (second.user, second.kind, second.at, second.position) == ("7", "upvote", AT, 3)
    assert third.at is None


def test_events_in_a_table_without_a_column_for_the_kind():
    found = read_text(
        "reader\tpaper\tts\nu1\tp1\t1793613600000\n",
        columns={"user": "reader", "item": "paper", "at": "ts"},
        constants={"kind": "click"},
    )

    (event,) = found.events
    assert (event.user, event.item, event.kind, event.at) == ("u1", "p1", "click", AT)


def test_wrong_events_are_named():
    found = read_text(
        lines(
            {"user": "u", "item": "a", "kind": "click", "at": "yesterday"},
            {"user": "u\n", "item": "a", "kind": "click"},
            {"user": "u", "item": "a", "kind": "click", "value": -1},
            {"user": "u", "item": "a", "kind": "click"},
        )
    )

    assert len(found.events) == 1
    assert [p.line for p in found.problems] == [1, 2, 3]
    assert found.problems[0].detail == "not a date: 'yesterday'"


@pytest.mark.parametrize(
    "text", ["", "   \n", "just prose\n", "a,b\n1,2\n", "[1, 2]", '{"a": 1}', "<x/>"]
)
def test_what_nobody_knows_is_refused(text: str):
    with pytest.raises(UnknownFormatError):
        read_text(text)


def test_gorses_items():
    found = read_text(
        lines(
            {"ItemId": "m:1", "IsHidden": False, "Categories": ["Comedy"],
             "Timestamp": "2026-11-02T10:00:00Z", "Labels": ["toys"], "Comment": "Toy Story (1995)"},
            {"ItemId": "m:2", "IsHidden": True, "Categories": None, "Timestamp": "0001-01-01T00:00:00Z",
             "Labels": {"title": "Heat", "description": "Two\nmen."}, "Comment": ""},
            {"ItemId": "m:3"},
            {"ItemId": "m:4", "IsHidden": None, "Categories": None, "Timestamp": None, "Labels": None,
             "Comment": None},
        )
    )  # fmt: skip

    assert found.name == "gorse"
    toys, heat, bare, nulls = found.items
    assert (toys.title, toys.topics, toys.listed_at) == ("Toy Story (1995)", ("Comedy", "toys"), AT)
    assert (heat.title, heat.text, heat.hidden, heat.listed_at) == ("Heat", "Two men.", True, None)
    assert bare.title == "m:3"
    assert nulls == msgspec.structs.replace(bare, id="m:4", title="m:4")


def test_gorses_users_and_feedback():
    found = read_text(
        lines(
            {"FeedbackType": "star", "UserId": "u", "ItemId": "m:1", "Timestamp": T},
            {"FeedbackType": "Read", "UserId": "u", "ItemId": "m:1", "Timestamp": NEVER},
            {"FeedbackType": "buy", "UserId": "u", "ItemId": "m:2", "Timestamp": ""},
        ),
        kinds={"buy": "share", "Read": "read"},
    )  # fmt: skip
    users = read_text(lines({"UserId": "u", "Labels": ["x"]}, {"UserId": "v", "Labels": None}))

    assert [(e.kind, e.at) for e in found.events] == [
        ("upvote", AT),
        ("read", None),
        ("share", None),
    ]
    assert users.notes == ["2 users: nothing to keep, readers exist by their events"]


def test_who_vouched_for_an_event_is_read_as_it_is_exported():
    row = {"user": "u", "item": "i", "kind": "click", "at": T}

    found = read_text(lines(row | {"trust": "session"}, row, row | {"trust": "my mother"}))

    assert [one.trust for one in found.happened] == ["session", None]
    (problem,) = found.problems
    assert "trust" in str(problem)


@pytest.mark.parametrize("trust", [None, *Trust])
@pytest.mark.parametrize("user", ["ann", "anon:1", "visitor-1"])
def test_an_exported_event_says_who_vouches_as_boards_and_training_see_it(user, trust):
    at_us = to_us(AT)
    entry = Entry(
        user=user,
        item="i",
        kind="upvote",
        at_us=at_us,
        received_us=at_us,
        event_id="e",
        trust=trust,
    )
    line = msgspec.json.encode(filled(event_row(entry))).decode()

    (found,) = read_text(line + "\n").happened

    assert found.trust == trust_of(user, trust)
    assert (found.event.user, found.event.at) == (user, AT)


days = st.dates(date(1900, 1, 1), date(2400, 1, 1))


@given(days)
def test_an_item_of_a_table_is_dated_as_finely_as_its_cell_says(day):
    cells = {
        f"{day}": None, f"{day:%Y%m%d}": None, f"{day}T10:00:60Z": None, f"{day:%Y-%m}": "month",
        f"{day:%Y}": "year", f"c. {day:%Y}": "about", f"{day:%d %B %Y}": "day",
        f"{day:%B %d, %Y}": "day", f"{day:%b. %Y}": "month", f"{day.year}/{day.month}/{day.day}": "day",
    }  # fmt: skip
    table = [{"id": str(n), "title": "T", "published_at": cell} for n, cell in enumerate(cells)]
    table += [{"id": "number", "title": "T", "published_at": day.year}]

    found = read_text(lines(*table))

    assert found.problems == []
    assert [i.published_precision for i in found.items] == [*cells.values(), "year"]
    for item in found.items:
        at, precision = item.published_at, item.published_precision
        assert at.year == day.year
        assert at.month == (day.month if precision in (None, "day", "month") else 1)
        assert at.day == (day.day if precision in (None, "day") else 1)


@pytest.mark.parametrize("cell", ["N/A", "nan", "NULL", "None", "-", ""])
def test_a_cell_of_which_nothing_is_known_is_no_date(cell: str):
    found = read_text(f"id,title,published_at,listed_at\na,A,{cell},{cell}\n")

    assert (found.items[0].published_at, found.items[0].listed_at) == (None, None)


@pytest.mark.parametrize("cell", ["2030", "soon", "31.12.", "13", "-1"])
def test_an_item_that_waits_for_nobody_knows_when_is_refused(cell: str):
    found = read_text(f"id,title,listed_at\na,A,{cell}\n")

    assert (len(found.items), len(found.problems)) == (0, 1)


USUAL = {
    "userId,movieId,rating,timestamp\n7,31,4.5,1762077600\n": ("7", "31", "upvote"),
    "User ID;Item ID;Event Type;Date\n7;31;click;2025-11-02T10:00:00Z\n": ("7", "31", "click"),
    "visitorid\titemid\tevent\tcreated_at\n7\t31\tread\t2025-11-02 10:00:00\n": ("7", "31", "read"),
    lines({"uid": 7, "paper": "31", "action": "save", "ts": 1762077600}): ("7", "31", "save"),
    lines(
        {"reviewerID": "7", "asin": "31", "overall": 5.0, "unixReviewTime": 1762077600}
    ): ("7", "31", "upvote"),
}  # fmt: skip


@pytest.mark.parametrize("text", USUAL)
def test_columns_that_others_call_as_others_do(text: str):
    found = read_text(text)

    (event,) = found.events
    assert found.name == "events"
    assert (event.user, event.item, event.kind) == USUAL[text]
    assert event.at == datetime(2025, 11, 2, 10, tzinfo=UTC)
    (note,) = found.notes
    assert note.startswith("read ")
    assert " as user" in note


def test_items_whose_columns_others_call_as_others_do():
    text = "ID,Name,Genres,Year,Link\n31,Nets,a|b,2025,https://x.example/31\n"

    found = read_text(text)

    (item,) = found.items
    assert (item.id, item.title, item.topics) == ("31", "Nets", ("a", "b"))
    assert (item.published_at, item.url) == (
        datetime(2025, 1, 1, tzinfo=UTC),
        "https://x.example/31",
    )
    assert found.notes == [
        "read ID as id, Name as title, Link as url, Genres as topics, Year as published_at "
        "(--column FIELD=COLUMN says otherwise)"
    ]


def test_posts_are_items_whatever_their_type_and_whoever_wrote_them():
    found = read_text("post_id,user_id,title,type,created_at\n31,7,Nets,story,2025-11-02\n")

    (item,) = found.items
    assert (found.name, item.id, item.title) == ("items", "31", "Nets")


FIELDS = ("user", "item", "kind", "at", "id", "title", "text")
NAMES = (
    "user",
    "User",
    "user_id",
    "uid",
    "item",
    "ITEM_ID",
    "type",
    "kind",
    "ts",
    "date",
    "x",
    "id",
    "ID",
)


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(NAMES)),
)
def test_no_column_is_two_fields_and_what_was_said_or_is_called_so_goes_first(
    columns: list[str], said: dict[str, str]
):
    found = columns_of(FIELDS, columns, said)

    guessed = [column for field, column in found.items() if column != said.get(field, field)]
    assert len(set(guessed)) == len(guessed)
    assert set(guessed).isdisjoint(
        {*said.values(), *set(FIELDS) - said.keys()} & set(found.values())
    )
    for field in FIELDS:
        own = said.get(field, field)
        assert (
            found.get(field) == own if own in columns else field not in said or field not in found
        )
