"""What fuzzing kept is read or refused in our words, and so are sound inputs damaged anywhere."""

import random

import pytest

from tests.fuzzing.corpus import kept
from tests.fuzzing.seeds import sound
from tests.fuzzing.targets import TARGETS, tried


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_kept_raises_what_nobody_expected(name: str):
    for data in [*sound(name), *kept(name)]:
        tried(TARGETS[name], data)


@pytest.mark.parametrize("name", TARGETS)
def test_sound_inputs_may_be_damaged_anywhere(name: str):
    chance = random.Random(name)
    for data in sound(name):
        for _ in range(40):
            tried(TARGETS[name], damaged(data, chance))


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return bytes cut, changed, doubled or left out at a place."""
    at = chance.randrange(len(data) + 1)
    until = at + chance.randrange(12)
    return chance.choice(
        [
            data[:at],
            data[:at] + data[until:],
            data[:at] + chance.randbytes(until - at) + data[until:],
            data[:until] + data[at:],
        ]
    )
