"""Which kinds of events take an item off the feed of who did them is for the site to say."""

from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import StoredItem
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS, Role, kinds_with
from recsvc.core.readers.profile import ProfileParams, bounded, profile_of
from recsvc.core.readers.reader import Reader, Tastes, reader, without_own

NOW_US = 1_760_000_000_000_000
OWN = {"purchase": 8.0}
TABLE = kinds_with(OWN)
ACTS = [name for name, kind in TABLE.items() if kind.role is not Role.EXPOSURE]
TAKING = [name for name in ACTS if TABLE[name].role is not Role.CLEAR]

items = st.sampled_from([f"i{n}" for n in range(6)])
events = st.lists(st.tuples(items, st.sampled_from(ACTS), st.integers(1, 50)), max_size=25)
settings = st.one_of(st.just(("*",)), st.lists(st.sampled_from(TAKING), unique=True).map(tuple))


def catalogue_of(*names: str, owner: str = "") -> Catalogue:
    catalogue = Catalogue(lambda: NOW_US)
    for row, name in enumerate(names):
        owners = (owner,) if owner else ()
        catalogue.put(row, StoredItem(id=name, title=name, created_us=1, owners=owners))
    return catalogue


def entries(done: list[tuple[str, str, int]]) -> list[Entry]:
    at = [NOW_US - minutes * 60_000_000 for _, _, minutes in done]
    return [
        Entry(user="u", item=item, kind=kind, at_us=at_us, received_us=at_us)
        for (item, kind, _), at_us in zip(done, at, strict=True)
    ]


def off(who: Reader, catalogue: Catalogue) -> set[str]:
    return {catalogue.id_of(row) for row in who.excluded}


@given(done=events, names=settings)
def test_an_item_is_off_the_feed_for_what_the_site_says_and_for_a_hide(done, names):
    catalogue = catalogue_of(*(f"i{n}" for n in range(6)))
    params = ProfileParams(OWN, off_feed=names)
    profile = profile_of(entries(done), TABLE)

    who = reader(profile, catalogue, Tastes.of(params), NOW_US, None)

    expected = set()
    for interaction in profile.interactions:
        stands = [s for s, at_us in interaction.states.items() if at_us > 0]
        did = {name for name in TAKING if TABLE[name].state in (*stands, *interaction.signals)}
        if did & ({*TAKING} if "*" in names else {*names, "hide"}):
            expected.add(interaction.item)
    assert off(who, catalogue) == expected
    # Whatever is off but not hidden may come back when nothing else is left.
    assert {catalogue.id_of(row) for row in who.again} == {
        i.item for i in profile.interactions if i.item in expected and not i.is_hidden
    }


@given(names=settings)
def test_what_was_done_too_long_ago_for_details_is_off_where_any_signal_is(names):
    catalogue = catalogue_of("long-ago", "lately")
    log = entries([("long-ago", "read", 50), ("lately", "click", 1)])
    profile = bounded(profile_of(log, TABLE), 1, 10)

    who = reader(profile, catalogue, Tastes.of(ProfileParams(OWN, off_feed=names)), NOW_US, None)

    takes = "*" in names or any(TABLE[name].role is Role.SIGNAL for name in names)
    assert ("long-ago" in off(who, catalogue)) == takes


def test_a_readers_own_items_do_not_even_come_back_when_nothing_else_is_left():
    catalogue = catalogue_of("mine", owner="u")
    profile = profile_of(entries([("mine", "click", 1)]), KINDS)

    who = reader(profile, catalogue, Tastes.of(ProfileParams()), NOW_US, None)
    who = without_own(who, catalogue.owners.rows(["u"]).tolist())

    assert off(who, catalogue) == {"mine"}
    assert who.again == []
