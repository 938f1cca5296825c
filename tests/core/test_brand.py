"""A site's colour can be read, whichever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.brand import colours, contrast

READABLE = 4.5  # WCAG 2.2, 1.4.3
# What else stands on the pages: sheets of site.css, digest.css and of mails.
LIGHT, DARK = ("#ffffff", "#fbfaf8", "#f2f4f7"), ("#1f1e24", "#16151a", "#171b21")


@given(channels=st.tuples(*[st.integers(0, 255)] * 3))
def test_text_in_any_colour_and_on_it_can_be_read(channels: tuple[int, int, int]):
    found = colours("#{:02x}{:02x}{:02x}".format(*channels))

    assert all(contrast(found.light, ground) >= READABLE for ground in (*LIGHT, found.light_wash))
    assert all(contrast(found.dark, ground) >= READABLE for ground in (*DARK, found.dark_wash))
    assert contrast(found.light, found.light_ink) >= READABLE
    assert contrast(found.dark, found.dark_ink) >= READABLE


def test_black_and_white_are_as_far_apart_as_can_be():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
