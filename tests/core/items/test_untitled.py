import pytest

from recsvc.core.items.item import UNTITLED, ItemPatch, NewItem, completed, patched

NOW_US = 1_800_000_000_000_000
SEEN_BY_NOBODY = [
    " ", "\t\n", "\u00a0", "\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u2800", "\u0301",
    "\u202e", "\x07", "<b></b>", "&nbsp;", "\ufe0f",
]  # fmt: skip


@pytest.mark.parametrize("title", SEEN_BY_NOBODY)
def test_a_title_that_shows_nothing_is_said_to_be_none(title: str):
    new = completed(NewItem(id="x", title=title), None, NOW_US)
    old = completed(NewItem(id="x", title="A title"), None, NOW_US)

    assert new.title == UNTITLED
    assert patched(old, ItemPatch(title=title), NOW_US).title == UNTITLED


@pytest.mark.parametrize("title", ["0", ".", "李", "🙂", "é", "e\u0301", "$x$", "x\u200b", " a "])
def test_a_title_that_shows_something_stays_as_it_is(title: str):
    assert completed(NewItem(id="x", title=title), None, NOW_US).title == title
