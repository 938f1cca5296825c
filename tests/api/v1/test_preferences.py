"""Following and muting: at the next request, in feeds and ranks, and back again."""

import pytest

from tests.service import Service


def change(service: Service, user: str, **changes: dict[str, str | None]) -> dict:
    answer = service.http.patch("/v1/preferences", params={"user": user}, json=changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(service: Service, user: str, **params: object) -> list[str]:
    return [
        item["id"] for item in service.feed(user, topic_all="prefs", limit=100, **params)["items"]
    ]


def ranked(service: Service, user: str, items: list[str]) -> list[str]:
    answer = service.http.post("/v1/rank", json={"user": user, "items": items})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
def zoo(service: Service) -> Service:
    """Eight items: the last listed first for readers of whom nothing is known."""

    def item(n: int, name: str, text: str, topic: str, slug: str) -> dict:
        return {
            "id": name,
            "title": f"On {name}",
            "text": text,
            "topics": ["prefs", topic],
            "organisation": {"slug": slug, "name": slug.title()},
            "listed_at": f"2023-03-{28 - n:02d}T00:00:00Z",
        }

    service.put_all(
        [
            item(1, "heron", "wades in water, a bird of marshes", "birds", "north"),
            item(2, "stork", "wades in water, a bird of marshes and roofs", "birds", "south"),
            item(3, "otter", "swims in water and eats fish", "mammals", "north"),
            item(4, "beaver", "swims in water and builds dams", "mammals", "south"),
            item(5, "adder", "crawls on heaths and eats frogs", "reptiles", "north"),
            item(6, "gecko", "crawls on walls and eats moths", "reptiles", "south"),
            item(7, "toad", "hops in marshes and eats flies", "amphibians", "north"),
            item(8, "newt", "swims in ponds and eats worms", "amphibians", "south"),
        ]
    )
    return service


ALL = ["heron", "stork", "otter", "beaver", "adder", "gecko", "toad", "newt"]


def test_a_muted_topic_never_appears_until_it_is_unmuted(zoo: Service):
    assert shown(zoo, "muter") == ALL

    change(zoo, "muter", topics={"birds": "mute"})
    assert shown(zoo, "muter") == ALL[2:]
    # Whoever asks for an order of three gets three: the muted one last, marked, without its fields.
    assert ranked(zoo, "muter", ["newt", "heron", "otter"]) == ["otter", "newt", "heron"]

    change(zoo, "muter", topics={"birds": None})
    assert shown(zoo, "muter") == ALL


def test_a_muted_organisation_never_appears(zoo: Service):
    change(zoo, "org-muter", organisations={"north": "mute"})

    assert shown(zoo, "org-muter") == ["stork", "beaver", "gecko", "newt"]


def test_a_muted_word_never_appears_in_any_form_in_title_or_text(zoo: Service):
    change(zoo, "word-muter", words={"Wading": "mute", "GECKOS": "mute", "eat flies": "mute"})

    assert shown(zoo, "word-muter") == ["otter", "beaver", "adder", "newt"]


def test_a_muted_word_hides_what_arrives_later_too(zoo: Service):
    change(zoo, "early-muter", words={"platypus": "mute"})
    zoo.put("platypus", title="The platypus", topics=["prefs-late"])

    assert zoo.feed("early-muter", topic="prefs-late")["items"] == []
    assert zoo.feed("somebody-else", topic="prefs-late")["items"] != []


def test_muting_holds_for_readers_with_a_history_and_on_later_pages(zoo: Service):
    zoo.act("historian", "click", "otter")
    before = shown(zoo, "historian")
    first = zoo.feed("historian", topic_all="prefs", limit=1)
    last_topic = zoo.get(f"/v1/items/{before[-1]}")["topics"][1]

    change(zoo, "historian", topics={last_topic: "mute"})
    rest = zoo.feed("historian", topic_all="prefs", limit=100, cursor=first["next"])

    assert before[-1] not in shown(zoo, "historian")
    assert before[-1] not in [item["id"] for item in rest["items"]]
    assert "otter" not in before


def test_what_is_followed_comes_first_for_somebody_new_and_says_why(zoo: Service):
    change(zoo, "follower", topics={"amphibians": "follow"})
    feed = zoo.feed("follower", topic_all="prefs")

    assert [item["id"] for item in feed["items"]] == ["toad", "newt", *ALL[:6]]
    assert feed["items"][0]["reason"] == {
        "kind": "because_you_follow",
        "items": [],
        "text": "Because you follow “amphibians”",
    }
    assert feed["items"][2]["reason"]["kind"] == "new"

    change(zoo, "follower", topics={"amphibians": None})
    assert shown(zoo, "follower") == ALL


def test_what_is_followed_is_lifted_among_what_a_reader_likes(zoo: Service):
    zoo.act("lifted", "click", "otter")
    before = shown(zoo, "lifted")

    change(zoo, "lifted", words={"walls": "follow"}, topics={"reptiles": "follow"})

    assert shown(zoo, "lifted").index("gecko") < before.index("gecko")
    assert ranked(zoo, "lifted", ["toad", "gecko"])[0] == "gecko"


def test_muting_wins_over_following(zoo: Service):
    change(zoo, "torn", topics={"birds": "follow"}, words={"heron": "mute"})

    assert shown(zoo, "torn")[0] == "stork"
    assert "heron" not in shown(zoo, "torn")


def test_preferences_are_kept_by_name_and_changed_one_by_one(zoo: Service):
    user = "keeper/with slash"
    change(zoo, user, topics={"a": "follow", "b": "mute"}, words={"x: y": "mute"})
    change(zoo, user, topics={"b": "follow", "c": "mute", "a": None})

    assert zoo.get("/v1/preferences", user=user) == {
        "user": user,
        "topics": {"b": "follow", "c": "mute"},
        "organisations": {},
        "words": {"x: y": "mute"},
    }
    assert zoo.get("/v1/preferences", user="stranger")["topics"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {"topics": {"a": "love"}},
        {"topics": {"": "mute"}},
        {"topics": ["a"]},
        {"authors": {"a": "mute"}},
        {"words": {"x" * 301: "mute"}},
    ],
)
def test_what_cannot_be_followed_or_muted_is_refused(zoo: Service, body: dict):
    answer = zoo.http.patch("/v1/preferences", params={"user": "refused"}, json=body)

    assert answer.status_code == 400
    assert zoo.get("/v1/preferences", user="refused")["topics"] == {}


def test_a_reader_keeps_so_many_preferences_and_no_more(zoo: Service):
    change(zoo, "collector", topics={f"t{n}": "follow" for n in range(500)})
    more = {"topics": {"one too many": "follow"}}
    refused = zoo.http.patch("/v1/preferences", params={"user": "collector"}, json=more)

    assert refused.status_code == 413
    change(zoo, "collector", topics={"t0": None, "instead": "follow"})
    assert len(zoo.get("/v1/preferences", user="collector")["topics"]) == 500
