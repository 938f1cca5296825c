"""What a reader hid or muted stays away while the store is away."""

import os
import signal

from tests.service import Service, wait_until


def test_nothing_hidden_or_muted_comes_back_while_the_store_is_away(new_service):
    service: Service = new_service().start()
    items = [{"id": f"p{n}", "title": f"Paper {n}", "topics": [f"t{n % 5}"]} for n in range(30)]
    service.put_all(items)
    wait_until(lambda: service.get("/v1/stats")["items"] == 30, "all are listed")
    for user in ("reads", "writes"):
        service.act(user, "hide", "p1")
        service.act(user, "hide", "p2")
        service.act(user, "unhide", "p2")
        wanted = {"topics": {"t3": "mute"}}
        service.http.patch(f"/v1/preferences?user={user}", json=wanted).raise_for_status()
    forbidden = {"p1"} | {f"p{n}" for n in range(3, 30, 5)}
    shown = {item["id"] for item in service.feed("reads", limit=100)["items"]}
    assert not forbidden & shown

    os.kill(service.part("store"), signal.SIGSTOP)
    try:
        for user in ("reads", "writes", "reads"):
            feed = service.feed(user, limit=100)
            listed = {item["id"] for item in feed["items"]}
            assert feed["stale"]
            assert listed == {f"p{n}" for n in range(30)} - forbidden
        trending = service.get("/v1/trending", user="reads", window="all", limit=100)
        assert not forbidden & {item["id"] for item in trending["items"]}
    finally:
        os.kill(service.part("store"), signal.SIGCONT)
