"""`python -m bench.durability`: what it costs to have every event on disk before it is acknowledged."""

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import wrk
from bench.__main__ import BATCH, EVENT
from tests.service import Service

_ITEMS = 1_000


def main() -> None:
    """Drive events at both settings, one after the other and back again, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    asked = parser.parse_args()
    table = Table(title="Events by durability, one process")
    for column in ("RECSVC_DURABILITY", "one: events/s", "p99 ms", "100: events/s", "p99 ms"):
        table.add_column(column, justify="left" if column.startswith("RECSVC") else "right")
    for durability in ("always", "everysec", "always", "everysec"):
        one, many = driven(durability, asked.seconds)
        table.add_row(
            durability,
            f"{one.per_second:,.0f}",
            f"{one.p99_ms:.1f}",
            f"{100 * many.per_second:,.0f}",
            f"{many.p99_ms:.1f}",
        )
    Console().print(table)


def driven(durability: str, seconds: float) -> tuple[wrk.Load, wrk.Load]:
    """Return the load of single events and of batches that a service of its own took."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", durability=durability, train_every_s=10**6).start()
        try:
            base, run = str(service.http.base_url), str(time.time_ns())
            service.put_all([{"id": f"item-{n}", "title": f"item {n}"} for n in range(_ITEMS)])
            one = wrk.run(base, EVENT % ("a" + run, _ITEMS - 1), seconds)
            many = wrk.run(base, BATCH % ("b" + run, _ITEMS - 1), seconds)
            return one, many
        finally:
            service.stop()


if __name__ == "__main__":
    main()
