"""`python -m bench.overload`: what becomes of readers when five times too many of them come.

First one after another, for the time a feed takes alone; then as many at a time as make the most of one
process, for its capacity; then five times that many arrive per second, whether the earlier ones were
answered or not, for what is let in, how long that takes, what turning the others away costs and what the
process's memory does. Then feeds again one after another, beside calls that cost much more than they do.
"""

import argparse
import asyncio
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import uvloop
from rich.console import Console
from rich.table import Table

from tests.service import Service

_ITEMS = 2_000
_READERS = 500
_TOO_MANY = 5
_AT_A_TIME = 16
_HEAVY = (
    "/v1/search?q=paper+of+many&limit=100",
    "/v1/votes/explain?item=p1",
    "/v1/users/r1/export",
)
_HEAVY_AT_A_TIME = 8


@dataclass(frozen=True)
class Answer:
    """What came back of one request: a status, 0 for none, and how long that took."""

    status: int
    took_s: float


class Connection(asyncio.Protocol):
    """A kept connection with one request under way; little of Python, so that it measures the server."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._began_s = 0.0
        self._raw = b""
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def ask(self, path: str, began_s: float) -> asyncio.Future[Answer]:
        """Send a request; what is returned has its answer in the end."""
        assert self._transport is not None
        self._began_s, self._raw = began_s, b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is whole by now."""
        self._raw += data
        head, ends, body = self._raw.partition(b"\r\n\r\n")
        if not ends:
            return
        lowered = head.lower()
        length = lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        is_whole = body.endswith(b"0\r\n\r\n") if not length else len(body) >= int(length)
        if is_whole:
            self._client.idle.append(self)
            self._tell(int(head.split(b" ", 2)[1]))

    def connection_lost(self, _: Exception | None) -> None:
        """Tell whoever waits, and serve nobody else."""
        if self in self._client.idle:
            self._client.idle.remove(self)
        self._tell(0)

    def _tell(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(status, time.perf_counter() - self._began_s))


@dataclass
class Client:
    """Sends requests over kept connections, as many as are needed."""

    port: int
    paths: tuple[str, ...] = tuple(f"/v1/feed?user=reader-{n}" for n in range(_READERS))
    idle: deque[Connection] = field(default_factory=deque)
    n: int = 0

    async def ask(self) -> Answer:
        """Ask for the next path."""
        path = self.paths[self.n % len(self.paths)]
        self.n += 1
        began_s = time.perf_counter()
        try:
            if self.idle:
                connection = self.idle.pop()
            else:
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(
                    lambda: Connection(self), "127.0.0.1", self.port
                )
            return await connection.ask(path, began_s)
        except OSError:
            return Answer(0, time.perf_counter() - began_s)


async def one_after_another(client: Client, seconds: float, at_a_time: int = 1) -> list[Answer]:
    """Ask again as soon as an answer came, some at a time."""
    ends_s, answers = time.perf_counter() + seconds, list[Answer]()

    async def ask() -> None:
        while time.perf_counter() < ends_s:
            answers.append(await client.ask())

    await asyncio.gather(*(ask() for _ in range(at_a_time)))
    return answers


async def as_they_come(client: Client, per_second: float, seconds: float) -> list[Answer]:
    """Ask at a rate, whatever becomes of those before."""
    started_s, asked = time.perf_counter(), list[asyncio.Task[Answer]]()
    while (passed_s := time.perf_counter() - started_s) < seconds:
        due = int(passed_s * per_second) - len(asked)
        asked += [asyncio.create_task(client.ask()) for _ in range(due)]
        await asyncio.sleep(0.002)
    return list(await asyncio.gather(*asked))


async def beside_heavy_calls(client: Client, heavy: Client, seconds: float) -> list[Answer]:
    """Ask one after another while heavy calls are under way all the time."""
    others = asyncio.create_task(one_after_another(heavy, seconds, _HEAVY_AT_A_TIME))
    answers = await one_after_another(client, seconds)
    await others
    return answers


class Process:
    """The process that serves, seen from outside."""

    def __init__(self, service: Service) -> None:
        self._store = service.part("store")
        parent = service.part("api")
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        self._api = int(children[0])  # the parent only looks after it

    def cpu_s(self) -> float:
        """Return what processor time it has taken."""
        fields = Path(f"/proc/{self._api}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory(self) -> str:
        """Return what store and process hold, in MB."""
        return ", ".join(f"{_rss_mb(pid):.0f}" for pid in (self._store, self._api))


class Report:
    """The rows of the table, each compared with the first."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._alone: tuple[float, float] | None = None
        self.table = Table(title="Feeds of one process")
        columns = ["load", "asked/s", "answered/s", "refused/s", "p50 ms", "p99 ms"]
        columns += ["p50, p99 to alone", "CPU ms each", "store, API MB"]
        for column in columns:
            self.table.add_column(column, justify="left" if column == "load" else "right")

    def run(
        self, name: str, seconds: float, asking: "asyncio.coroutines.Coroutine"
    ) -> list[Answer]:
        """Run a load, and add its row."""
        before_s = self._process.cpu_s()
        answers = uvloop.run(asking)
        cpu_ms = 1000 * (self._process.cpu_s() - before_s) / max(1, len(answers))
        taken_ms = [1000 * answer.took_s for answer in answers if answer.status == 200] or [0]
        p50, p99 = (float(figure) for figure in np.percentile(taken_ms, [50, 99]))
        self._alone = self._alone or (p50, p99)
        refused = sum(answer.status == 503 for answer in answers)
        rates = [len(answers), len(taken_ms), refused]
        self.table.add_row(
            name, *(f"{n / seconds:,.0f}" for n in rates), f"{p50:.1f}", f"{p99:.1f}",
            f"{p50 / self._alone[0]:.1f}, {p99 / self._alone[1]:.1f}", f"{cpu_ms:.2f}",
            self._process.memory(),
        )  # fmt: skip
        return answers


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Path(folder) / "data", train_every_s=10**6, limit_ip_per_minute=10**6
        ).start()
        try:
            for first in range(0, _ITEMS, 1_000):
                items = range(first, first + 1_000)
                service.put_all([{"id": f"p{n}", "title": f"Paper {n} of many"} for n in items])
            service.act("r1", "upvote", "p1")
            report, port = Report(Process(service)), service.port
            uvloop.run(one_after_another(Client(port), seconds / 4))  # what is loaded at first
            report.run("one after another", seconds, one_after_another(Client(port), seconds))
            name = f"{_AT_A_TIME} at a time"
            full = report.run(name, seconds, one_after_another(Client(port), seconds, _AT_A_TIME))
            rate = _TOO_MANY * len(full) / seconds
            name = f"{_TOO_MANY} times as many"
            report.run(name, seconds, as_they_come(Client(port), rate, seconds))
            heavy = beside_heavy_calls(Client(port), Client(port, _HEAVY), seconds)
            report.run("beside heavy calls", seconds, heavy)
        finally:
            service.stop()
    Console(width=140).print(report.table)


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
