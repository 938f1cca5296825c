"""Catalogues as people have them: no ordinary item may silence anybody's feed."""

import pytest

from tests.service import Service


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        ([f"Story {i % 40} | Example Gazette" for i in range(1_000)], "Example Gazette"),
        ([f"Place {i}" for i in range(1_000)], "Place"),
    ],
)
def test_an_item_that_says_only_what_all_say_empties_no_feed(new_service, titles, last):
    service: Service = new_service().start()
    service.put_all([{"id": f"i{i}", "title": title} for i, title in enumerate(titles)])
    service.put("last", title=last)

    service.act("ann", "upvote", "i1")

    assert len(service.feed("ann")["items"]) == 20
    service.act("bob", "upvote", "last")
    assert len(service.feed("bob")["items"]) == 20
