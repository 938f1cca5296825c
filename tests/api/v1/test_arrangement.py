"""What a caller may ask of a feed: the whole account, diversity, exploration."""

from collections.abc import Iterator
from typing import Any

import pytest

from recsvc.core.ranking.exploration import lottery_of
from recsvc.core.ranking.voices import VOICES
from tests.service import Service

SUBJECTS = ("kestrel flight", "otter dens", "heron colonies", "salmon runs")


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose items have four subjects, and a reader of one of them."""
    running = Service(tmp_path_factory.mktemp("birds") / "data", organisation_cap=7).start()
    running.put_all(
        [
            {
                "id": f"b{n}",
                "title": f"{SUBJECTS[n % 4]} observed {n}",
                "text": f"{SUBJECTS[n % 4]} in region {n} " * 3,
                "organisation": {"slug": f"inst-{n % 3}", "name": f"Institute {n % 3}"},
            }
            for n in range(120)
        ]
    )
    for item in ("b0", "b4", "b8"):
        running.act("ann", "upvote", item)
    running.settled()
    yield running
    running.stop()
    running.http.close()


def subjects(feed: dict[str, Any], n: int = 10) -> list[int]:
    return [int(item["id"][1:]) % 4 for item in feed["items"][:n]]


def test_the_account_adds_up_to_the_score_and_names_what_is_behind_it(birds: Service):
    feed = birds.feed("ann", explain="true", explore=0)
    first = feed["items"][0]
    account = first["account"]

    voices = (*(voice.name for voice in VOICES), "follow", "shown")
    assert sum(account[v] for v in voices) == pytest.approx(first["score"], abs=0.01)
    assert {h["item"] for h in account["history"]} == {"b0", "b4", "b8"}
    assert account["history"][0]["item"] == first["reason"]["items"][0]
    assert {t["term"] for t in account["terms"]} >= {"kestrel", "flight"}
    assert all("account" not in item for item in birds.feed("ann")["items"])


def test_diversity_brings_other_subjects_onto_the_page(birds: Service):
    plain = subjects(birds.feed("ann", explore=0))
    diverse = subjects(birds.feed("ann", explore=0, diversity=0.9))

    assert set(plain) == {0}
    assert len(set(diverse)) > 1
    assert diverse[0] == 0


def test_explored_slots_say_so_and_the_feed_id_carries_their_propensity(birds: Service):
    feed = birds.feed("ann", explore=0.5, limit=40)
    lottery = lottery_of(feed["feed_id"])
    explored = [item for item in feed["items"] if item["source"] == "explore"]

    assert lottery is not None
    assert 8 <= len(explored) <= 30
    for item in explored:
        assert item["position"] >= 3
        assert item["reason"]["kind"] == "explore"
        assert item["propensity"] == lottery.propensity(item["position"])
    assert all("propensity" not in i for i in feed["items"] if i["source"] != "explore")


def test_pages_of_an_explored_feed_neither_repeat_nor_skip(birds: Service):
    page = birds.feed("ann", explore=0.5, limit=15)
    seen = [item["id"] for item in page["items"]]
    lottery = lottery_of(page["feed_id"])
    while page["next"]:
        page = birds.feed("ann", cursor=page["next"], limit=15)
        seen += [item["id"] for item in page["items"]]
        for item in page["items"]:
            if item["source"] == "explore":
                assert item["propensity"] == lottery.propensity(item["position"])

    assert len(seen) == len(set(seen)) == 117


def test_a_feed_stands_still_between_events_explored_or_not(birds: Service):
    for explore in (0, 0.3):
        first = [item["id"] for item in birds.feed("ann", explore=explore)["items"]]
        again = [item["id"] for item in birds.feed("ann", explore=explore)["items"]]
        assert first == again


def test_nobodys_feed_is_left_to_chance_unasked(birds: Service):
    assert lottery_of(birds.feed(None)["feed_id"]) is None
    assert all(item["source"] != "explore" for item in birds.feed("unknown")["items"])


def test_a_cap_spreads_a_page_over_organisations(birds: Service):
    feed = birds.feed("ann", explore=0)
    of = [int(item["id"][1:]) % 3 for item in feed["items"]]

    assert sorted(of.count(n) for n in range(3)) == [6, 7, 7]


def test_the_same_by_post(birds: Service):
    asked = {"user": "ann", "explain": True, "explore": 0.5, "diversity": 0.2}
    feed = birds.http.post("/v1/feed", json=asked).json()

    assert "account" in feed["items"][0]
    assert any(item["source"] == "explore" for item in feed["items"])
