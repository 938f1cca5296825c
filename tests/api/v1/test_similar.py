"""Similar items: by text, by readers, by examples and counter-examples; themselves never."""

import pytest

from tests.service import Service, wait_until


def similar(service: Service, **body: object) -> list[str]:
    answer = service.http.post("/v1/similar", json=body)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def animals(service: Service) -> Service:
    """Texts on two subjects, and two on both."""
    subjects = [("owl", "night"), ("owl", "day"), ("owl", "mouse"), ("cat", "mouse")]
    subjects += [("cat", "day"), ("cat", "night"), ("fox", "hen"), ("hen", "egg")]
    service.put_all(
        [
            {"id": f"{a}{b}", "title": f"{a} {b}", "text": f"about the {a} and the {b}"}
            for a, b in subjects
        ]
    )
    return service


def test_what_is_like_an_item_never_is_the_item(animals: Service):
    found = animals.ids("/v1/similar", item="owlnight")

    assert "owlnight" not in found
    assert set(found[:3]) == {"owlday", "owlmouse", "catnight"}
    assert found == animals.ids("/v1/similar", item="owlnight")


def test_examples_and_counter_examples_steer_what_is_similar(animals: Service):
    both = similar(animals, positive=["owlnight", "catmouse"], limit=4)
    no_cats = similar(animals, positive=["owlnight", "catmouse"], negative=["catday"])

    assert set(both) == {"owlday", "owlmouse", "catday", "catnight"}
    assert no_cats[0] == "owlmouse", "what is like both and unlike neither"
    assert not {"owlnight", "catmouse", "catday"} & set(no_cats)


def test_unknown_examples_are_left_out_unless_there_are_no_others(animals: Service):
    assert similar(animals, positive=["nobody", "owlnight"]) == similar(
        animals, positive=["owlnight"]
    )
    assert animals.http.get("/v1/similar", params={"item": "nobody"}).status_code == 404
    assert animals.http.post("/v1/similar", json={"positive": ["nobody"]}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"positive": []}, {"positive": ["a"], "negatives": ["b"]}])
def test_a_request_without_examples_is_refused(animals: Service, body: dict):
    assert animals.http.post("/v1/similar", json=body).status_code == 400


def test_similar_pages_go_on_where_they_stopped(animals: Service):
    everything = similar(animals, positive=["owlnight"], limit=100)
    first = animals.http.post("/v1/similar", json={"positive": ["owlnight"], "limit": 2}).json()
    second = animals.get("/v1/similar", item="owlnight", cursor=first["next"], limit=100)

    assert [i["id"] for i in first["items"] + second["items"]] == everything


@pytest.mark.slow
def test_items_with_the_same_readers_are_similar(new_service):
    service = new_service(train_every_s=1, train_pause_s="0.5", factors=8).start()
    names = [f"{side}{n}" for side in ("left", "right") for n in range(6)]
    service.put_all([{"id": name, "title": f"w{i}"} for i, name in enumerate(names)])
    service.send(
        *(
            {"user": f"u{u}-{side}", "kind": "upvote", "item": f"{side}{n}"}
            for side in ("left", "right")
            for u in range(8)
            for n in range(6)
            if (u + n) % 4
        )
    )
    wait_until(lambda: service.get("/v1/stats")["model_coverage"] == 1, "a model of all votes", 30)

    found = similar(service, positive=["left0"], by="readers", limit=5)

    assert {item[:-1] for item in found} == {"left"}
    assert similar(service, positive=["left0"], by="text") == [], "their texts share nothing"
