"""Topics are extracted when the catalogue changes, marked as such, and give way to a source's own."""

import pytest

from tests.service import Service, wait_until

TEXT = "Kestrel flight is studied. A kestrel hovers; kestrel flight needs wind."


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


def topics(service: Service, item: str) -> tuple[list[str], bool]:
    found = service.get(f"/v1/items/{item}")
    return found["topics"], found["topics_extracted"]


def test_items_without_topics_get_keywords_and_say_so(service: Service):
    service.put("bare", title="Kestrel flight in wind", text=TEXT)
    service.put("labelled", title="Kestrel flight in rain", text=TEXT, topics=("birds",))

    wait_until(lambda: topics(service, "bare")[0], "keywords of the item")

    assert topics(service, "bare") == (["kestrel flight", "wind"], True)
    assert topics(service, "labelled") == (["birds"], False)
    wait_until(lambda: "bare" in service.ids("/v1/new", topic="kestrel flight"), "it in the list")
    assert "labelled" not in service.ids("/v1/new", topic="kestrel flight")
    assert "kestrel flight" in [t["topic"] for t in service.get("/v1/topics")["topics"]]


def test_keywords_follow_the_text_and_give_way_to_topics(service: Service):
    service.put("changing", title="Kestrel flight in wind", text=TEXT)
    wait_until(lambda: topics(service, "changing")[0], "keywords of the item")

    service.put("changing", title="Otter dens", text="Otter dens are dry. Otter dens are warm.")
    wait_until(lambda: topics(service, "changing")[0] == ["otter dens"], "keywords of the new text")

    service.put("changing", title="Otter dens", text="Otter dens are dry.", topics=("mammals",))
    assert topics(service, "changing") == (["mammals"], False)

    service.put("changing", title="Otter dens", text="Otter dens are dry.", topics=())
    wait_until(lambda: topics(service, "changing") == (["otter dens"], True), "keywords again")


def test_storing_an_item_again_changes_nothing(service: Service):
    item = {"id": "again", "title": "Kestrel flight in wind", "text": TEXT}
    service.put_all([item])
    wait_until(lambda: topics(service, "again")[0], "keywords of the item")

    assert service.put_all([item]) == {"created": 0, "updated": 0, "unchanged": 1, "rejected": []}


def test_the_first_on_a_subject_gets_its_topic_once_others_follow(service: Service):
    service.put("first", title="Heron colonies of the north", text="Where they breed.")
    herons = [{"id": f"heron-{i}", "title": f"Heron colonies {i}"} for i in range(3)]
    others = [{"id": f"other-{i}", "title": f"Bird{i} and nest{i}"} for i in range(25)]
    service.put_all(herons + others)

    wait_until(lambda: topics(service, "first")[0] == ["heron colonies"], "the shared keyword")
