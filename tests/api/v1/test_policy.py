"""What a site may say of its lists: which kinds take an item off a feed, and what trending counts."""

from collections.abc import Callable

from tests.service import Service

IDS = [f"clip-{n}" for n in range(5)]
SAID = {
    "off_feed_kinds": '["upvote"]',
    "trending_kinds": '{"click": 0.1, "save": 0.5}',
    "api_processes": 1,
}


def test_a_site_without_votes_has_boards_and_who_opens_an_item_keeps_it_in_their_feed(
    new_service: Callable[..., Service],
):
    site = new_service(**SAID).start()
    site.put_all([{"id": id_, "title": f"Clip number {n}"} for n, id_ in enumerate(IDS)])
    # One reader who clicks without end counts as one; two who click are more; a save is more still.
    site.send(*({"user": "eager", "kind": "click", "item": IDS[0]} for _ in range(300)))
    site.send(*({"user": f"r{n}", "kind": "click", "item": IDS[1]} for n in range(2)))
    site.act("ann", "save", IDS[2])
    site.act("ann", "save", IDS[3])
    site.act("ann", "unsave", IDS[3])
    site.act("ann", "impression", IDS[4])
    site.settled()

    for window in ("day", "week", "month", "all"):
        board = site.get("/v1/trending", window=window)["items"]
        assert [one["id"] for one in board] == [IDS[2], IDS[1], IDS[0]]
        assert [one["item"]["upvotes"] for one in board] == [0, 0, 0]
        assert {one["reason"]["text"] for one in board} == {"Trending"}
    popular = site.get("/gorse/api/popular")
    assert [one["Id"] for one in popular] == [IDS[2], IDS[1], IDS[0]]

    assert IDS[0] in site.ids("/v1/feed", user="eager")
    assert IDS[0] in site.get("/gorse/api/recommend/eager")
    site.act("eager", "upvote", IDS[1])
    site.act("eager", "hide", IDS[2])
    for found in (site.ids("/v1/feed", user="eager"), site.get("/gorse/api/recommend/eager")):
        assert set(found) == {IDS[0], IDS[3], IDS[4]}
