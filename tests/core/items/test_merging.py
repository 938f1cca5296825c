"""Merging: what two records of one paper say together."""

from datetime import UTC, datetime, timedelta

import pytest

from recsvc.clock import to_us
from recsvc.core.items.item import MAX_ALIASES, NewItem, Organisation, StoredItem
from recsvc.core.items.merging import absorbed, merged, merged_into
from recsvc.errors import InvalidError

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
NOW = to_us(NOON) + 1


def test_the_newer_word_counts_where_it_says_anything():
    old = NewItem(
        id="a", title="Old", text="Abstract", comments=5, organisation=Organisation("x", "X")
    )

    one = merged(NewItem(id="a", title="New", upvotes=3), old)

    assert (one.title, one.text, one.comments, one.upvotes) == ("New", "Abstract", 5, 3)
    assert one.organisation == Organisation("x", "X")


def test_topics_aliases_and_extra_add_up():
    old = NewItem(id="a", title="T", topics=("cs.LG",), aliases=("x",), extra={"doi": "10.1/x"})

    one = merged(NewItem(id="b", title="T", topics=("cs.AI", "cs.LG"), extra={"github": "g"}), old)

    assert one.id == "a"
    assert one.topics == ("cs.LG", "cs.AI")
    assert one.aliases == ("b", "x")
    assert one.extra == {"doi": "10.1/x", "github": "g"}


def test_authors_bring_their_number():
    one = merged(
        NewItem(id="a", title="T", authors=("A", "B")), NewItem(id="a", title="T", n_authors=7)
    )

    assert one.n_authors == 2


def test_an_item_stays_on_the_day_it_was_first_listed():
    early, late = NOON, NOON + timedelta(days=3)
    first = merged_into(NewItem(id="a", title="T", listed_at=late), None, NOW)

    assert merged_into(NewItem(id="a", title="T", listed_at=early), first, NOW).listed_at == early
    assert merged_into(NewItem(id="a", title="T"), first, NOW + 5).listed_at == late


def test_a_days_list_says_more_than_the_date_of_publication():
    published, listed = NOON - timedelta(days=9), NOON
    archive = NewItem(id="a", title="T", published_at=published, listed_at=published)
    daily = NewItem(id="a", title="T", published_at=published, listed_at=listed)

    first = merged_into(archive, None, NOW)
    assert first.listed_at == published
    assert merged_into(daily, first, NOW).listed_at == listed
    assert merged_into(archive, merged_into(daily, None, NOW), NOW).listed_at == listed


def test_the_time_of_arrival_gives_way_to_any_day():
    first = merged_into(NewItem(id="a", title="T"), None, NOW)

    later = NOON + timedelta(days=2)
    assert merged_into(NewItem(id="a", title="T", listed_at=later), first, NOW).listed_at == later


def test_the_same_record_again_changes_nothing():
    record = NewItem(
        id="a", title="T", authors=("A",), topics=("x",), aliases=("b",), extra={"k": [1]}
    )
    first = merged_into(record, None, NOW, "seed-pages")

    assert merged_into(record, first, NOW + 99, "arxiv") == first


def test_an_absorbed_item_leaves_its_names_and_its_age():
    old = StoredItem(
        id="old", title="T", text="Abstract", created_us=5, aliases=("older",), origin="demo"
    )
    new = StoredItem(id="new", title="T!", created_us=9)

    whole = absorbed("new", [old, new])

    assert (whole.id, whole.title, whole.text, whole.created_us) == ("new", "T!", "Abstract", 5)
    assert set(whole.aliases) == {"old", "older"}
    assert whole.origin == "demo"


def test_too_many_names_are_refused():
    old = NewItem(id="a", title="T", aliases=tuple(f"x{i}" for i in range(MAX_ALIASES)))

    with pytest.raises(InvalidError, match="more than 20 aliases"):
        merged(NewItem(id="b", title="T"), old)
