from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.readers.events import MIN_AT_US, Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import profile_of

entries = st.lists(
    st.builds(
        Entry,
        user=st.just("u"),
        item=st.sampled_from(["a", "b"]),
        kind=st.sampled_from(sorted(KINDS)),
        at_us=st.integers(MIN_AT_US, MIN_AT_US + 5),
        received_us=st.just(MIN_AT_US),
        value_milli=st.none() | st.integers(0, 10_000),
    ),
    max_size=20,
)


def as_dict(profile):
    return {i.item: i for i in profile.interactions}, profile.shown


@given(events=entries, data=st.data())
def test_a_profile_does_not_depend_on_the_order_of_events(events, data):
    shuffled = data.draw(st.permutations(events))

    assert as_dict(profile_of(shuffled, KINDS)) == as_dict(profile_of(events, KINDS))


@given(events=entries)
def test_of_a_state_the_latest_event_counts_and_clearing_wins_a_tie(events):
    (found, _) = as_dict(profile_of(events, KINDS))

    for item, interaction in found.items():
        votes = [e for e in events if e.item == item and e.kind in ("upvote", "unvote")]
        if votes:
            last = max(e.at_us for e in votes)
            is_on = all(e.kind == "upvote" for e in votes if e.at_us == last)
            assert interaction.states["upvote"] == (last if is_on else -last)
