"""Several APIs behind one door, restarted one after another while readers read and vote."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from recsvc.store.bundled.folder import socket_url
from tests.faults.servers import served
from tests.proxy import behind_nginx
from tests.service import Service, free_port
from tests.tally import Tally

pytestmark = [pytest.mark.server, pytest.mark.alone, pytest.mark.timeout(240)]

N_ITEMS, N_READERS, N_APIS = 1_000, 3, 3


@contextmanager
def apis(store_url: str, ports: list[int]) -> Iterator[list[ExitStack]]:
    """Run an API on each port; closing one stops it as an operator does."""
    running = [ExitStack() for _ in ports]
    try:
        for one, port in zip(running, ports, strict=True):
            one.enter_context(served(store_url, port=port))
        yield running
    finally:
        for one in running:
            one.close()


class Reader(threading.Thread):
    """Votes and reads through the door until told to end; notes whatever is not as promised."""

    def __init__(
        self, number: int, door: httpx.Client, key: str, end: threading.Event, tally: Tally
    ) -> None:
        super().__init__()
        self._tally = tally
        self.name = f"reader-{number}"
        self.sent = 0
        self.wrong: list[str] = []
        self._end = end
        head = {"authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=door.base_url, headers=head, timeout=30)

    def run(self) -> None:
        with self._http:
            self._vote_and_read()

    def _vote_and_read(self) -> None:
        while not self._end.wait(0.02) and self.sent < N_ITEMS:
            item = f"item-{self.sent}"
            event = {
                "user": self.name,
                "kind": "upvote",
                "item": item,
                "event_id": f"{self.name}-{item}",
            }
            self._ask("POST", "/v1/events", json=event)
            self.sent += 1
            feed = self._ask("GET", "/v1/feed", params={"user": self.name, "limit": 100})
            if feed is not None and item in [one["id"] for one in feed["items"]]:
                self.wrong.append(f"{item} was voted for and is in the very next feed")

    def _ask(self, method: str, path: str, **how: object) -> dict | None:
        try:
            answer = self._tally.ask(lambda: self._http.request(method, path, **how))  # type: ignore[arg-type]
        except httpx.TransportError as exc:
            self.wrong.append(f"{method} {path}: {exc!r}")
            return None
        if not answer.is_success:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return None
        return answer.json()


def test_a_rolling_restart_fails_no_request_and_every_next_request_reflects_the_event(
    new_service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    store: Service = new_service().start()
    store.put_all([{"id": f"item-{n}", "title": f"word{n % 7} study {n}"} for n in range(N_ITEMS)])
    key = store.run("keys", "create", "secret").stdout.strip()
    ports, end = [free_port() for _ in range(N_APIS)], threading.Event()
    url, tally = socket_url(store.folder), Tally()

    with apis(url, ports) as running, behind_nginx(tmp_path / "nginx", *ports) as door:
        readers = [Reader(n, door, key, end, tally) for n in range(N_READERS)]
        for reader in readers:
            reader.start()
        for n, port in enumerate(ports):
            running[n].close()
            running[n].enter_context(served(url, port=port))
        end.set()
        for reader in readers:
            reader.join()

    with capsys.disabled():
        print(f"\nrolling restart of {N_APIS} APIs: {tally.told()}")
    assert [wrong for reader in readers for wrong in reader.wrong] == []
    assert all(reader.sent > 0 for reader in readers)
    store.http.headers["authorization"] = f"Bearer {key}"
    store.settled()
    for n in range(max(reader.sent for reader in readers)):
        voted = store.get(f"/v1/items/item-{n}")["upvotes"]
        assert voted == sum(reader.sent > n for reader in readers)
