"""A real service in its own folder, started and killed as a person would."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parent.parent
SEEDS = REPOSITORY.parent / "shared" / "seeds"


def wait_until(predicate: Callable[[], Any], what: str, timeout_s: float = 10.0) -> Any:
    """Wait for something to become true, and say what did not."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = predicate()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {timeout_s} s")


_GIVEN: set[int] = set()


def free_port() -> int:
    """A port that nobody has, nor was given before: its taker may not have bound it yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _GIVEN:
            _GIVEN.add(port)
            return port


def environment(**settings: Any) -> dict[str, str]:
    """The environment without anybody's settings but these."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RECSVC_")}
    return clean | {f"RECSVC_{k.upper()}": str(v) for k, v in settings.items()}


def recsvc(
    *arguments: str, timeout_s: float = 120, **settings: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "recsvc", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        cwd=REPOSITORY,
    )


class Service:
    """`recsvc up` in a folder of its own, of this checkout unless told another."""

    def __init__(self, folder: Path, checkout: Path = REPOSITORY, **settings: Any) -> None:
        self.folder = folder
        self.checkout = checkout
        self.port = free_port()
        self.settings = {
            "demo": "false",
            "port": self.port,
            "data_dir": folder,
            "log_level": "info",
        } | settings
        self.log_path = folder.parent / f"{folder.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = self._client()

    def start(self, *arguments: str) -> "Service":
        before = self._announced()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "recsvc", "up", *arguments],
                env=environment(**self.settings),
                stdout=log,
                stderr=log,
                cwd=self.checkout,
                start_new_session=True,
            )
        try:
            wait_until(
                lambda: self.is_ready() and self._announced() > before, "the service answers", 60
            )
        except BaseException:
            print(self.log())
            self.process.terminate()  # nobody else would
            raise
        return self

    def _announced(self) -> int:
        return self.log_path.read_text().count("recsvc serves") if self.log_path.exists() else 0

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended:\n{self.log()}"
        try:
            return self.http.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        assert self.process is not None
        self.http.close()
        self.http = self._client()
        self.process.terminate()
        return self.process.wait(40)

    def _client(self) -> httpx.Client:
        """Return a client; what the service logged is printed where it answers 500."""

        def on_answer(response: httpx.Response) -> None:
            if response.status_code == 500:
                print(self.log()[-4000:])

        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=30,
            event_hooks={"response": [on_answer]},
        )

    def kill(self) -> None:
        """`kill -9`, of the parent only."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def part(self, name: str) -> int:
        """The process id of a part - store, api, worker or digest - once it runs.

        Parts start one after another, and again a moment after they died.
        """
        return int(wait_until(lambda: self._running(name), f"{name} among the parts"))

    def _running(self, name: str) -> int | None:
        assert self.process is not None
        marks = {
            "store": "valkey-server",
            "api": "recsvc serve",
            "worker": "recsvc worker --with-parent",
            "digest": "recsvc worker digest",
        }
        out = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for line in out.splitlines():
            pid, _, args = line.strip().partition(" ")
            if marks[name] in args:
                return int(pid)
        return None

    def kill_part(self, name: str) -> None:
        os.kill(self.part(name), signal.SIGKILL)

    def run(self, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run a command with this service's settings."""
        return recsvc(*arguments, **(self.settings | settings))

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-8000:]

    # The calls that most tests make.

    def put(self, item_id: str, **fields: Any) -> httpx.Response:
        response = self.http.put(f"/v1/items/{item_id}", json={"title": item_id, **fields})
        assert response.status_code in (200, 201), response.text
        return response

    def put_all(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        response = self.http.post("/v1/items", content=json.dumps(items))
        assert response.status_code == 200, response.text
        return response.json()

    def send(self, *events: dict[str, Any]) -> dict[str, Any]:
        response = self.http.post("/v1/events", content=json.dumps(list(events)))
        assert response.status_code == 202, response.text
        return response.json()

    def act(self, user: str, kind: str, item: str, **fields: Any) -> dict[str, Any]:
        return self.send({"user": user, "kind": kind, "item": item, **fields})

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        response = self.http.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def feed(self, user: str | None, **params: Any) -> dict[str, Any]:
        return self.get("/v1/feed", **({"user": user} if user else {}), **params)

    def ids(self, path: str, **params: Any) -> list[str]:
        return [item["id"] for item in self.get(path, **params)["items"]]

    def settled(self) -> None:
        """Wait until every event is on the boards."""
        wait_until(
            lambda: self.http.get("/v1/stats").json()["events_behind"] == 0, "events on the boards"
        )
