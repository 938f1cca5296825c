"""Profiles are read at once where all of them can be, and row by row where one cannot."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.readers.profile import decode_interaction
from recsvc.store.damage import Damage, damage
from recsvc.store.readers.profiles import _readable

encode = msgspec.msgpack.Encoder().encode
sound = st.dictionaries(st.sampled_from(["upvote", "hide"]), st.integers(-9, 9), max_size=2)
rows = st.dictionaries(
    st.text("abc", min_size=1, max_size=3).map(str.encode),
    sound.map(encode) | st.binary(max_size=6),
    max_size=6,
)


def one_by_one(fields: dict[bytes, bytes]) -> list:
    alone = Damage()
    found = [
        alone.read(
            "profile",
            item,
            raw,
            lambda packed, name=item: decode_interaction(name.decode(), packed),
        )
        for item, raw in fields.items()
    ]
    return [one for one in found if one is not None]


@given(stored=st.lists(rows, max_size=4))
def test_what_can_be_read_of_a_profile_is_read_whatever_else_cannot(stored):
    for fields in stored:
        found = _readable("whole", fields, {b"shown": 5.0})

        assert found.interactions == one_by_one(fields)
        assert found.shown == {"shown": 5}
    for name in {item for fields in stored for item in fields}:
        damage.gone("profile", b"whole\n" + name)
    assert damage.problem is None or "whole" not in damage.problem
