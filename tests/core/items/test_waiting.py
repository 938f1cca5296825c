"""Items that wait for their day and items that end; imported ones that nobody knows the day of."""

from datetime import UTC, datetime, timedelta

from recsvc.clock import from_us, to_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import UNDATED, NewItem, StoredItem, completed
from recsvc.core.items.merging import merged_into

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
NOW_US = to_us(NOW)
DAY = timedelta(days=1)


class Clock:
    now = NOW_US

    def __call__(self) -> int:
        return self.now


def item(name: str, **fields: object) -> StoredItem:
    return StoredItem(id=name, title=name, created_us=NOW_US, **fields)


def test_an_item_waits_for_its_day_and_ends_on_its_last_everywhere_in_the_catalogue():
    clock = Clock()
    catalogue = Catalogue(clock)
    catalogue.put(0, item("waits", listed_at=NOW + DAY, topics=("t",)))
    catalogue.put(1, item("ends", listed_at=NOW - DAY, expires_at=NOW + 2 * DAY, topics=("t",)))

    def shown() -> list[str]:
        names = [catalogue.id_of(row) for row in catalogue.newest().tolist()]
        assert catalogue.visible.sum() == len(names)
        assert catalogue.topics.counts(catalogue.visible).get("t", 0) == len(names)
        assert [n for n in ("waits", "ends") if catalogue.row_of(n) is not None] == sorted(
            names, key=["waits", "ends"].index
        )
        return names

    assert shown() == ["ends"]
    clock.now = to_us(NOW + DAY)
    assert shown() == ["waits", "ends"]
    clock.now = to_us(NOW + 2 * DAY)
    assert shown() == ["waits"]


def test_an_imported_item_is_listed_when_it_was_published_or_on_no_day_at_all():
    year = datetime(1996, 1, 1, tzinfo=UTC)
    dated = NewItem(id="a", title="A", published_at=year, published_precision="year")

    assert merged_into(dated, None, NOW_US).listed_at == year
    undated = merged_into(NewItem(id="b", title="B"), None, NOW_US)
    assert (undated.listed_at, undated.known_listing) == (UNDATED, None)
    ahead = NewItem(id="c", title="C", published_at=NOW + DAY)
    assert merged_into(ahead, None, NOW_US).listed_at == UNDATED, (
        "in print, and not hidden until then"
    )
    sent = completed(NewItem(id="d", title="D"), None, NOW_US)
    assert sent.listed_at == from_us(NOW_US), "over the API, arrival is listing"


def test_the_finer_of_two_dates_counts_and_what_was_undated_gets_its_day():
    undated = merged_into(NewItem(id="a", title="A"), None, NOW_US)
    year = NewItem(
        id="a", title="A", published_at=datetime(2015, 1, 1, tzinfo=UTC), published_precision="year"
    )
    day = NewItem(
        id="a", title="A", published_at=datetime(2015, 3, 2, tzinfo=UTC), published_precision="day"
    )

    with_year = merged_into(year, undated, NOW_US)
    with_day = merged_into(day, with_year, NOW_US)
    again = merged_into(year, with_day, NOW_US)

    assert with_year.listed_at == year.published_at
    assert (with_day.published_at, with_day.published_precision) == (day.published_at, "day")
    assert (again.published_at, again.published_precision) == (day.published_at, "day")
