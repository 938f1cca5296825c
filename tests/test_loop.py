"""The money test: one upvote changes the very next feed, both ways; training spreads it to others."""

from tests.service import Service, wait_until

ATTENTION = "pointer-networks"


def ids(feed: dict) -> list[str]:
    return [item["id"] for item in feed["items"]]


def test_one_upvote_changes_the_very_next_feed_and_unvoting_brings_it_back(seeded: Service):
    before = seeded.feed("money", limit=100)
    assert before["source"] in ("new", "trending")

    seeded.act("money", "upvote", ATTENTION)
    after = seeded.feed("money", limit=100)

    assert ids(after) != ids(before)
    assert after["source"] == "personal"
    assert ATTENTION not in ids(after)
    neighbours = seeded.ids("/v1/similar", item=ATTENTION, limit=5)
    assert set(neighbours) <= set(ids(after)[:20]), "what is like it moved up"
    assert after["items"][0]["reason"]["items"] == [ATTENTION]
    assert "Pointer Networks" in after["items"][0]["reason"]["text"]

    seeded.act("money", "unvote", ATTENTION)

    assert ids(seeded.feed("money", limit=100)) == ids(before)


def place(service: Service, user: str, item: str) -> int:
    """Where an item stands for a reader among all that are new."""
    asked = {"user": user, "items": service.ids("/v1/new", limit=100)}
    answer = service.http.post("/v1/rank", json=asked)
    return ids(answer.json()).index(item)


def test_after_retraining_a_like_minded_readers_feed_differs_too(seeded: Service):
    music = seeded.ids("/v1/similar", item="music-transformer", limit=5)
    others = [i for i in seeded.ids("/v1/new", limit=40) if i not in music][-6:]
    first = seeded.get("/v1/stats")["snapshot_id"]
    for reader in range(12):
        for item in [music[0], others[reader % 2]]:
            seeded.act(f"crowd-{reader}", "upvote", item)
    seeded.act("like-minded", "upvote", music[0])
    before = ids(seeded.feed("like-minded", limit=100))
    place_before = place(seeded, "like-minded", others[0])

    def is_served() -> bool:
        newest, *_ = seeded.get("/v1/snapshots")["snapshots"] or [{"n_interactions": 0}]
        return (
            newest["n_interactions"] >= 24
            and seeded.get("/v1/stats")["snapshot_id"] == newest["id"] != first
        )

    wait_until(is_served, "a model trained on the whole crowd", 30)

    assert ids(seeded.feed("like-minded", limit=100)) != before
    assert place(seeded, "like-minded", others[0]) < place_before, (
        "what the crowd went for besides moved up"
    )
