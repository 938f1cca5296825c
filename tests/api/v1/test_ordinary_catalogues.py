"""Catalogues as people have them: no ordinary item may silence anybody's feed."""

import random

import pytest

from tests.catalogues import Catalogue
from tests.service import Service


@pytest.fixture(scope="module")
def catalogue(own_service: Service) -> Catalogue:
    return Catalogue(own_service)


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        ([f"Story {i % 40} | Example Gazette" for i in range(1_000)], "Example Gazette"),
        ([f"Place {i}" for i in range(1_000)], "Place"),
    ],
)
def test_an_item_that_says_only_what_all_say_empties_no_feed(catalogue: Catalogue, titles, last):
    service = catalogue.service
    catalogue.show([{"id": f"i{i}", "title": title} for i, title in enumerate(titles)])
    service.put("last", title=last)
    catalogue.shown.add("last")

    service.act(f"ann of {last}", "upvote", "i1")

    assert len(service.feed(f"ann of {last}")["items"]) == 20
    service.act(f"bob of {last}", "upvote", "last")
    assert len(service.feed(f"bob of {last}")["items"]) == 20


@pytest.mark.parametrize("sizes", [(1,), (2,), (3, 5), (17,), (60,), (300,)])
def test_no_list_of_a_random_catalogue_is_empty_while_items_remain(catalogue: Catalogue, sizes):
    """`python -m tests.catalogues` tries thousands of them, models included."""
    seed = random.randrange(10**6)

    assert catalogue.example(random.Random(seed), sizes) == [], f"seed {seed}"


def test_ids_with_slashes_are_names_in_gorses_paths(catalogue: Catalogue):
    service = catalogue.service
    catalogue.show([{"id": f"hep/{n}", "title": f"Strings {n}", "topics": ["x"]} for n in range(3)])
    item = "/gorse/api/item/hep%2F1"

    assert service.get(item)["ItemId"] == "hep/1"
    assert service.http.patch(item, json={"Comment": "Ropes"}).status_code == 200
    assert service.http.put(f"{item}/category/a%2fb").status_code == 200
    assert service.get(item)["Categories"] == ["x", "a/b"]
    assert {"hep/0", "hep/2"} <= {one["Id"] for one in service.get(f"{item}/neighbors")}
    service.act("al/ice", "upvote", "hep/2")
    assert service.get("/gorse/api/user/al%2Fice")["UserId"] == "al/ice"
    assert "hep/2" not in service.get("/gorse/api/recommend/al%2Fice")
    assert service.http.delete(item).status_code == 200
    assert service.http.get("/v1/items/hep/1").status_code == 404
