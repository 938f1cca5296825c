"""Pictures that are drawn: the same each time, alike by subject, without anything of an item's text."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.pages.drawing import HUES, drawing
from recsvc.api.pages.page import HERE

names = st.text(max_size=30)


@given(item=names, topics=st.lists(names, max_size=3))
def test_any_item_gets_a_small_picture_of_numbers_only(item, topics):
    drawn = drawing(item, topics)

    assert drawn == drawing(item, topics)
    assert len(drawn) < 4_000
    root = ElementTree.fromstring(drawn)
    assert {one.tag for one in root} == {"path"}
    assert all(re.fullmatch(r"[MLCSAVHahvz0-9 .-]+", one.attrib["d"]) for one in root)


@given(items=st.lists(names, min_size=2, max_size=2, unique=True), subject=names)
def test_papers_on_one_subject_have_its_colour(items, subject):
    one, other = (re.search(r"hue-\d+", drawing(item, [subject, item])) for item in items)

    assert one[0] == other[0]


def test_every_colour_is_in_the_style_sheet():
    style = (HERE / "static" / "site.css").read_text()

    assert all(f".hue-{n} {{" in style for n in range(HUES))
