"""The loop on a primary that real sentinels name, while another becomes primary."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sentinels import Watched
from tests.service import Service, wait_until

pytestmark = [pytest.mark.server, pytest.mark.alone, pytest.mark.timeout(240)]

N_ITEMS = 5


@pytest.fixture
def watched(tmp_path) -> Iterator[Watched]:
    with Watched(tmp_path / "servers").running() as found:
        yield found


class Voters:
    """Readers of whom each votes for one item, again and again until that is acknowledged."""

    def __init__(self, service: Service) -> None:
        self.acknowledged = 0
        self._service = service

    def one_votes(self) -> bool:
        n = self.acknowledged
        event = {"user": f"u{n}", "kind": "upvote", "item": f"i{n % N_ITEMS}", "event_id": f"e{n}"}
        try:
            answer = self._service.http.post("/v1/events", json=event)
        except httpx.TransportError:
            return False
        assert answer.status_code in (202, 503), answer.text
        self.acknowledged += answer.status_code == 202
        return answer.status_code == 202

    def vote(self, times: int) -> None:
        for _ in range(times):
            wait_until(self.one_votes, "a vote is acknowledged", 60)


@pytest.mark.parametrize("how", ["kill_primary", "change_places"])
def test_no_acknowledged_vote_is_lost_or_doubled_when_another_becomes_primary(
    watched: Watched, new_service, how: str
):
    service = new_service(redis_url=watched.url, wait_for_replicas=int(how == "change_places"))
    service.start()
    service.put_all([{"id": f"i{n}", "title": f"word{n} study"} for n in range(N_ITEMS)])
    voters = Voters(service)
    voters.vote(30)

    service.settled()
    getattr(watched, how)()
    voters.vote(30)

    wait_until(lambda: service.get("/v1/stats")["events_behind"] == 0, "votes on the boards", 60)
    counts = [service.get(f"/v1/items/i{n}")["upvotes"] for n in range(N_ITEMS)]
    assert counts == [voters.acknowledged // N_ITEMS] * N_ITEMS
    feed = service.feed("u0", limit=N_ITEMS)
    assert "i0" not in [one["id"] for one in feed["items"]], "the profile came along"
