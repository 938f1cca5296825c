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


def test_after_retraining_a_like_minded_readers_feed_differs_too(seeded: Service):
    music = seeded.ids("/v1/similar", item="music-transformer", limit=5)
    others = [i for i in seeded.ids("/v1/new", limit=40) if i not in music][-6:]
    first = seeded.get("/v1/stats")["snapshot_id"]
    for reader in range(12):
        for item in [music[0], others[reader % 2]]:
            seeded.act(f"crowd-{reader}", "upvote", item)
    seeded.act("like-minded", "upvote", music[0])
    before = seeded.feed("like-minded", limit=100)

    wait_until(
        lambda: (
            seeded.get("/v1/stats")["snapshot_id"] != first
            and (seeded.get("/v1/snapshots")["snapshots"][0]["n_interactions"] >= 24)
            and seeded.get("/v1/stats")["model_coverage"]
        ),
        "a model trained on the crowd",
        30,
    )
    after = seeded.feed("like-minded", limit=100)

    assert ids(after) != ids(before)
    places = [
        ids(feed).index(others[0]) if others[0] in ids(feed) else 100 for feed in (before, after)
    ]
    assert places[1] < places[0], "what the crowd went for besides moved up"
