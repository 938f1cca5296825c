"""How evenly a cluster's nodes are loaded: `python -m bench.placement [--counts FILE]`.

Readers' ids go through the service's own `shard_of` and the cluster's own slot of the key; how much each
reader does is drawn from the counts of real readers (a line of the file is a reader and their items), or
of a log-normal one. Nothing is sent: it is arithmetic that can be run again with other numbers.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from redis.crc import key_slot
from rich.console import Console
from rich.table import Table

from recsvc.store.keys import N_SHARDS, events

_N_SLOTS = 16_384
_NODES = (3, 6, 16, 32, 64, 100)


def main() -> None:
    """Print, for each size of a cluster, what its hottest node has against the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=Path, help="a line per reader: an id, then items")
    parser.add_argument("--readers", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    load = per_shard(rng, asked.readers, counts_of(rng, asked.counts))
    slots = np.array([key_slot(events(shard).encode()) for shard in range(N_SHARDS)])
    console = Console()
    console.print(
        f"{asked.readers:,} readers on {N_SHARDS} shards: the hottest has "
        f"{load.max() / load.mean():.3f} times the mean, the coldest {load.min() / load.mean():.3f}"
    )
    table = Table("nodes", "by ranges of slots", "nodes without a shard", "shards dealt out")
    for nodes in _NODES:
        ranges = loaded(load, slots * nodes // _N_SLOTS, nodes)
        dealt = loaded(load, dealt_out(load, nodes), nodes)
        table.add_row(
            str(nodes), f"{hottest(ranges):.2f}", str((ranges == 0).sum()), f"{hottest(dealt):.2f}"
        )
    console.print(table)


def counts_of(rng: np.random.Generator, file: Path | None) -> NDArray[np.int64]:
    """Return how many events some readers have."""
    if file is None:
        return np.ceil(rng.lognormal(2.5, 1.3, 100_000)).astype(np.int64)
    return np.array([max(len(line.split()) - 1, 1) for line in file.read_text().splitlines()])


def per_shard(
    rng: np.random.Generator, n_readers: int, counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (N_SHARDS,) the events of each shard."""
    shards = np.array([zlib.crc32(b"reader-%d" % n) % N_SHARDS for n in range(n_readers)])
    return np.bincount(shards, rng.choice(counts, n_readers), N_SHARDS)


def loaded(
    load: NDArray[np.float64], node_of: NDArray[np.int64], n_nodes: int
) -> NDArray[np.float64]:
    """Return (n_nodes,) the events of each node."""
    return np.bincount(node_of, load, n_nodes)


def dealt_out(load: NDArray[np.float64], n_nodes: int) -> NDArray[np.int64]:
    """Return the node of each shard when each, the heaviest first, goes to the emptiest node."""
    node_of, so_far = np.zeros(len(load), np.int64), np.zeros(n_nodes)
    for shard in np.argsort(-load):
        node_of[shard] = so_far.argmin()
        so_far[node_of[shard]] += load[shard]
    return node_of


def hottest(load: NDArray[np.float64]) -> float:
    """Return the load of the hottest node against the mean of all."""
    return float(load.max() / load.mean())


if __name__ == "__main__":
    main()
