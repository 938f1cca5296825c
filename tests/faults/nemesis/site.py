"""A site that is broken and mended: its service, the load on it, and how it is looked at in between."""

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from recsvc.store.bundled import socket_url
from recsvc.store.connection import is_answering
from tests.faults.nemesis.checker import differences
from tests.faults.nemesis.history import History
from tests.faults.nemesis.load import Load, first_events
from tests.faults.servers import server_pids
from tests.service import Service, wait_until
from tests.soak import ITEMS

_WAIT_S = 240


class Site:
    """A service in a folder, under load from `start` to `stop`; chance comes from the seed."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.folder = folder / "data"
        self.rng = random.Random(seed)
        self.history = History()
        # The log of the service lies elsewhere: the disk is to be filled by the data alone.
        self.service = Service(
            self.folder, archive_every_s=2, archive_events=500, train_every_s=20, log_level="info"
        )
        self.service.log_path = folder.parent / f"{folder.name}-service.log"
        self.load = Load(self.service.port, self.history, seed)

    def start(self) -> None:
        self.begin()
        self.put_items()
        hides = first_events()
        self.service.send(*hides)
        self.history.acknowledge(hides)
        wait_until(self.archived, "an archive", _WAIT_S)
        self.load.start()

    def put_items(self) -> None:
        self.service.put_all(
            [{"id": f"i{n}", "title": f"paper {n % 7} of {n}"} for n in range(ITEMS)]
        )

    def stop(self) -> None:
        self.load.stop()
        self.service.stop()
        self.service.http.close()

    def note(self, line: str) -> None:
        self.history.note(f"-- {line}")

    def problems(self) -> list[str]:
        """What readiness tells; that nobody answers, where nobody does."""
        try:
            found: list[str] = self.service.http.get("/health/ready").json()["problems"]
        except (httpx.TransportError, ValueError):
            return ["nobody answers"]
        return found

    def told(self, words: str) -> None:
        """Wait until the operator is told of something."""
        wait_until(lambda: words in str(self.problems()), f"is told {words!r}", _WAIT_S)
        self.note(f"told: {words}")

    def settled(self) -> list[str]:
        """Wait until all is as if nothing had been; return what is not as it was acknowledged."""
        with self.load.paused():
            try:
                wait_until(self._is_well, "no problem is left, and all on the boards", _WAIT_S)
            except AssertionError as exc:
                return [f"{exc}: {self.problems()}, {self._figures()}"]
            return list(differences(self.folder, self.history)) + self.history.wrong

    def _is_well(self) -> bool:
        if not asyncio.run(is_answering(socket_url(self.folder))):
            return False  # what readiness says may be from a moment ago
        stats = {} if self.problems() else self._figures()
        return stats.get("events_behind") == 0 and stats["items"] == ITEMS

    def _figures(self) -> dict[str, Any]:
        """Return the site's figures; none where nobody answers, as a part was killed a moment ago."""
        try:
            return self.service.get("/v1/stats")
        except httpx.TransportError:
            return {}

    def archived(self) -> list[Path]:
        """The files of the archive."""
        return sorted((self.folder / "archive").glob("2*/*.parquet"))

    @property
    def log_file(self) -> Path:
        """The file that the store logs to."""
        return sorted((self.folder / "store" / "appendonlydir").glob("*.incr.aof"))[-1]

    @contextmanager
    def down(self, *, killed: bool) -> Iterator[None]:
        """The service does not run meanwhile, and nothing of it does."""
        if killed:
            self.service.kill()
        else:
            self.service.stop()
        wait_until(lambda: not server_pids(self.folder), "its server ended", _WAIT_S)
        self.note("killed" if killed else "stopped")
        yield
        self.begin()

    def begin(self) -> None:
        """Start the service, with patience where the machine is busy."""
        for _ in range(3):
            try:
                self.service.start()
                self.note("started")
                return
            except AssertionError as exc:
                self.note(f"it takes long: {exc}"[:200])
                assert self.service.process is not None
                self.service.process.wait(120)
        raise AssertionError("the service does not start")

    def damage(self, path: Path, n_bytes: int) -> int:
        """Overwrite some bytes of a file at random; return where."""
        size = path.stat().st_size
        at = self.rng.randrange(max(1, size - n_bytes))
        with path.open("r+b") as file:
            file.seek(at)
            file.write(self.rng.randbytes(min(n_bytes, size)))
        self.note(f"{n_bytes} bytes of {path.relative_to(self.folder)} damaged at {at}")
        return at

    @contextmanager
    def kept(self, path: Path) -> Iterator[Callable[[], None]]:
        """Gives a way to put a file back as it is now."""
        copy = self.folder.parent.parent / f"kept-{os.getpid()}"
        shutil.copy2(path, copy)

        def put_back() -> None:
            path.parent.mkdir(exist_ok=True)
            shutil.copy2(copy, path)
            self.note(f"{path.name} put back")

        yield put_back
        copy.unlink()
