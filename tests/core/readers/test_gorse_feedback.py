import pytest

from recsvc.core.readers.gorse_feedback import TYPES, kind_of, types_with
from recsvc.core.readers.kinds import KINDS, kinds_with
from recsvc.errors import SettingsError


def test_usual_types_are_what_their_names_say_and_others_are_clicks():
    types = types_with({}, KINDS)

    named = {t: kind_of(t, types) for t in ("like", "star", "read", "share", "view", "watch")}
    assert named == {
        "like": "upvote",
        "star": "upvote",
        "read": "impression",
        "share": "share",
        "view": "click",
        "watch": "click",
    }
    assert set(TYPES.values()) <= set(KINDS)


def test_a_site_decides_about_its_own_types():
    kinds = kinds_with({"purchase": 8})
    types = types_with({"*": "impression", "like": "save"}, kinds)

    assert kind_of("purchase", types) == "purchase"
    assert kind_of("like", types) == "save"
    assert kind_of("anything", types) == "impression"


def test_an_unknown_kind_stops_the_start():
    with pytest.raises(SettingsError, match="purchase"):
        types_with({"purchase": "bought"}, KINDS)
