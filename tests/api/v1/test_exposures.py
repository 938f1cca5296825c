"""Which lists count as served, and that what was done with them finds them."""

import json
from typing import Any

from tests.service import Service, wait_until


def exposures(service: Service, user: str) -> list[dict[str, Any]]:
    lines = service.http.get(f"/v1/users/{user}/export").text.splitlines()
    return [found for found in map(json.loads, lines) if found["type"] == "exposure"]


def test_every_list_a_reader_is_served_is_an_exposure_of_its_own(service: Service):
    user = "exposed"
    service.put_all([{"id": f"exposed-{n}", "title": f"exposed {n}"} for n in range(6)])
    service.act(user, "upvote", "exposed-0")
    service.settled()

    first = service.feed(user, limit=2)
    again = service.feed(user, limit=2)
    further = service.feed(user, limit=2, cursor=first["next"])
    posted = service.http.post("/v1/feed", json={"user": user, "limit": 2, "fields": "id"}).json()
    service.feed(None)  # nobody's
    service.http.get("/console/reader", params={"user": user})  # looked at by somebody else
    feeds = [first, again, further, posted]
    wait_until(lambda: len(exposures(service, user)) >= len(feeds), "all are noted")

    noted = exposures(service, user)
    assert len(noted) == len(feeds)
    for feed in feeds:
        places = [(i["position"], i["id"], i["source"]) for i in feed["items"]]
        assert (feed["feed_id"], places) in [
            (one["feed_id"], list(zip(one["positions"], one["items"], one["voices"], strict=True)))
            for one in noted
        ]
    assert {one["source"] for one in noted} == {first["source"]}
    assert {one["snapshot_id"] for one in noted} == {first["snapshot_id"]}
    assert {feed["feed_id"] for feed in feeds} == {one["feed_id"] for one in noted}


def test_what_was_clicked_is_told_by_position_and_voice(service: Service):
    service.put("exposed-0", title="exposed 0")
    done = service.run("exposures", "--since", "2020-01-01")
    assert done.returncode == 0, done.stderr
    assert "of lists with a click" in done.stdout
