"""`python -m bench.overload`: what becomes of readers when five times too many of them come.

First one after another, for the time a feed takes alone; then as many at a time as make the most of one
process, for its capacity; then five times that many arrive per second, whether the earlier ones were
answered or not, for what is let in, how long that takes and what the process's memory does.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from tests.service import Service

_ITEMS = 2_000
_READERS = 500
_TOO_MANY = 5


class Answer(msgspec.Struct):
    """What came back of one request: a status, 0 for none, and how long that took."""

    status: int
    took_s: float


class Client:
    """Sends requests over kept connections, as many as are needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._n = 0

    async def ask(self) -> Answer:
        """Ask for the feed of the next reader."""
        self._n += 1
        started_s = time.perf_counter()
        try:
            reader, writer = (
                self._idle.pop()
                if self._idle
                else await asyncio.open_connection("127.0.0.1", self._port)
            )
            path = f"/v1/feed?user=reader-{self._n % _READERS}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            self._idle.append((reader, writer))
            return Answer(int(head.split(b" ", 2)[1]), time.perf_counter() - started_s)
        except (OSError, asyncio.IncompleteReadError):
            return Answer(0, time.perf_counter() - started_s)


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
        await asyncio.sleep(0.005)
    return list(await asyncio.gather(*asked))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    table = Table(title="Feeds of one process")
    for column in (
        "load",
        "asked/s",
        "answered/s",
        "refused/s",
        "p50 ms",
        "p99 ms",
        "store, API MB",
    ):
        table.add_column(column, justify="left" if column == "load" else "right")
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", train_every_s=10**6).start()
        try:
            for first in range(0, _ITEMS, 1_000):
                items = range(first, first + 1_000)
                service.put_all([{"id": f"p{n}", "title": f"Paper {n}"} for n in items])
            client = Client(service.port)
            alone = asyncio.run(one_after_another(Client(service.port), seconds))
            table.add_row(*_row("one after another", alone, seconds, service))
            full = asyncio.run(one_after_another(Client(service.port), seconds, 16))
            table.add_row(*_row("16 at a time", full, seconds, service))
            rate = _TOO_MANY * len(full) / seconds
            flood = asyncio.run(as_they_come(client, rate, seconds))
            table.add_row(*_row(f"{_TOO_MANY} times as many", flood, seconds, service))
        finally:
            service.stop()
    Console().print(table)


def _row(name: str, answers: list[Answer], seconds: float, service: Service) -> list[str]:
    taken_ms = [1000 * answer.took_s for answer in answers if answer.status == 200]
    refused = sum(answer.status == 503 for answer in answers)
    rates = [len(answers), len(taken_ms), refused]
    p50, p99 = np.percentile(taken_ms or [0], [50, 99])
    memory = ", ".join(f"{_rss_mb(service.part(part)):.0f}" for part in ("store", "api"))
    return [name, *(f"{n / seconds:,.0f}" for n in rates), f"{p50:.1f}", f"{p99:.1f}", memory]


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
