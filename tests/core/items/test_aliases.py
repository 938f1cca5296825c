"""Aliases: whatever name an item goes by, it is one item."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.aliases import Aliases
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.preferences import Preferences
from recsvc.core.readers.profile import NOBODY, Profile, profile_of, resolved

events = st.lists(
    st.builds(
        Entry,
        user=st.just("u"),
        item=st.sampled_from(["paper", "1506.03134", "10.1/x", "other"]),
        kind=st.sampled_from(sorted(KINDS)),
        at_us=st.integers(1, 6).map(lambda n: n * 10**12),
        received_us=st.just(0),
        value_milli=st.none() | st.integers(0, 5),
    ),
    max_size=15,
)


def by_item(profile: Profile) -> dict:
    return {i.item: i for i in profile.interactions} | {"shown": profile.shown}


@given(events)
def test_a_profile_under_several_names_is_the_profile_under_one(log):
    aliases = Aliases()
    aliases.put("paper", ["1506.03134", "10.1/x"])
    renamed = [Entry(**{f: getattr(e, f) for f in e.__struct_fields__} |
                     {"item": aliases.resolve(e.item)}) for e in log]  # fmt: skip

    assert by_item(resolved(profile_of(log, KINDS), aliases)) == by_item(profile_of(renamed, KINDS))


def test_names_that_went_over_to_another_item_stay_with_it():
    aliases = Aliases()
    aliases.put("old", ["10.1/x"])
    aliases.put("new", ["old", "10.1/x"])
    aliases.remove("old")

    assert aliases.resolve("10.1/x") == "new"
    assert aliases.resolve("old") == "new"
    assert aliases.of("new") == ("old", "10.1/x")


def test_names_an_item_no_longer_has_mean_themselves():
    aliases = Aliases()
    aliases.put("paper", ["10.1/x", "1506.03134"])
    aliases.put("paper", ["1506.03134"])

    assert aliases.resolve("10.1/x") == "10.1/x"
    assert aliases.names == {"1506.03134"}


def test_without_aliases_a_profile_is_itself():
    assert resolved(NOBODY, Aliases()) is NOBODY


def test_what_a_reader_prefers_stays():
    aliases = Aliases()
    aliases.put("paper", ["1506.03134"])
    event = Entry(user="u", item="1506.03134", kind="click", at_us=10**12, received_us=0)
    preferences = Preferences(topics={"nets": "follow"})
    profile = msgspec.structs.replace(profile_of([event], KINDS), preferences=preferences)

    assert resolved(profile, aliases).preferences is preferences
    assert [i.item for i in resolved(profile, aliases).interactions] == ["paper"]
