"""What the store's memory goes to, by family of keys, and what it would be with more of everything.

Sizes are the server's own (`MEMORY USAGE`), of all keys of a family or of a sample of them. What grows
does so in proportion: bytes per item, per reader, per event remembered, per subscriber; a snapshot's
bytes grow with the items it describes.
"""

import random
from typing import Literal

import msgspec

from recsvc.clock import DAY_S
from recsvc.store import keys
from recsvc.store.addresses import every_node
from recsvc.store.connection import Redis, translated

Unit = Literal["item", "reader", "event", "subscriber", "snapshot"]

# What each family of `keys` grows with; None: it does not grow beyond its bound, whatever comes.
GROWS_WITH: dict[str, Unit | None] = {
    "events": "event",
    "dead": None,
    "ids": "event",
    "profile": "reader",
    "shown": "reader",
    "readers": "reader",
    "names": "reader",
    "strangers": "reader",
    "forgotten": None,
    "indexed": None,
    "prefs": "reader",
    "lists": "reader",
    "erasures": None,
    "traces": None,
    "erased": None,
    "exports": None,
    "exposures": None,
    "experiments": None,
    "experimented": None,
    "loop": None,
    "export": None,
    "questions": None,
    "answers": None,
    "secret": None,
    "keys": None,
    "keyed": None,
    "networks": None,
    "catalogue": None,
    "items": "item",
    "rows": "item",
    "aliases": "item",
    "changes": None,
    "imports": None,
    "fetch": None,
    "applied": None,
    "board": "item",
    "votes": "reader",
    "counted": "reader",
    "sums": "item",
    "heat": "item",
    "nearby": "reader",
    "owners": "item",
    "recount": "item",
    "unknown": None,
    "pulse": None,
    "worker": None,
    "snapshot": None,
    "snapshots": None,
    "warmed": None,
    "training": None,
    "lock": None,
    "fence": None,
    "epochs": None,
    "format": None,
    "problems": None,
    "left": None,
    "demo": None,
    "mail": "subscriber",
    "gorse": "reader",
    "snap": "snapshot",
}
_SAMPLE = 200
_NESTED = 1_000
_SCAN = 1_000


class Family(msgspec.Struct, frozen=True):
    """The keys of one kind.

    Attributes:
        grows_with: None when a bound of its own holds.
        n_entries: of the logs and sets of events: what they hold.
    """

    name: str
    grows_with: Unit | None
    n_keys: int
    size_bytes: int
    n_entries: int = 0


class Held(msgspec.Struct, frozen=True):
    """What a store holds.

    Attributes:
        used_bytes: all that the server has allocated, its own needs included.
        counts: how many of each unit there are now.
    """

    used_bytes: int
    counts: dict[Unit, int]
    families: list[Family]

    @property
    def size_bytes(self) -> int:
        """The sum over all families."""
        return sum(family.size_bytes for family in self.families)


class Expected(msgspec.Struct, frozen=True):
    """What to estimate for.

    Attributes:
        remembered_days: how long event ids are remembered, at most.
        archive_every_s: how long events stay in the log before they are archived.
        snapshots: how many are kept.
    """

    items: int
    readers: int
    events_per_day: int
    subscribers: int
    remembered_days: float
    archive_every_s: float
    snapshots: int


def family_of(key: str) -> str:
    """Return the name of a key's family: what stands behind its hash tag, up to the next colon."""
    if key.startswith("rs:{snap:"):
        return "snap"
    return key.partition("}:")[2].partition(":")[0]


async def measure(redis: Redis, seed: int = 0) -> Held:
    """Weigh what a store holds.

    Raises:
        StoreUnavailableError: when it does not answer.
    """
    chance = random.Random(seed)
    n_keys: dict[str, int] = {}
    samples: dict[str, list[bytes]] = {}
    with translated():
        async for key in redis.scan_iter(match=keys.ANY, count=_SCAN):
            name = family_of(key.decode())
            n_keys[name] = n = n_keys.get(name, 0) + 1
            sample = samples.setdefault(name, [])
            if len(sample) < _SAMPLE:
                sample.append(key)
            elif (place := chance.randrange(n)) < _SAMPLE:  # Vitter's algorithm R
                sample[place] = key
        families = [
            await _weighed(redis, name, n_keys[name], samples[name]) for name in sorted(samples)
        ]
        counts: dict[Unit, int] = {
            "item": await redis.hlen(keys.ITEMS),
            "reader": n_keys.get("profile", 0),
            "event": sum(family.n_entries for family in families if family.name == "ids"),
            "subscriber": await redis.hlen(keys.MAIL_SUBS),
            "snapshot": await redis.hlen(keys.SNAPSHOTS),
        }
        memory = [await redis.info("memory", **node) for node in await every_node(redis)]
        used = sum(int(one["used_memory"]) for one in memory)
    return Held(used, counts, families)


async def _weighed(redis: Redis, name: str, n_keys: int, sample: list[bytes]) -> Family:
    unit = GROWS_WITH.get(name)
    pipeline = redis.pipeline(transaction=False)
    for key in sample:
        pipeline.memory_usage(key, samples=_NESTED)
        if unit == "event":
            (pipeline.xlen if name == "events" else pipeline.scard)(key)
    answers = await pipeline.execute()
    step = 2 if unit == "event" else 1
    scale = n_keys / len(sample)
    # None: gone since the scan.
    size = scale * sum(weight or 0 for weight in answers[::step])
    n_entries = scale * sum(answers[1::2]) if unit == "event" else 0
    return Family(name, unit, n_keys, round(size), round(n_entries))


def projected(family: Family, counts: dict[Unit, int], expected: Expected) -> int | None:
    """Return the bytes a family would take.

    Returns:
        None when there is nothing yet to judge by.
    """
    n_now, n_then = _growth(family, counts, expected)
    if n_now == 0:
        return None if n_then else 0
    return round(family.size_bytes * n_then / n_now)


def _growth(family: Family, counts: dict[Unit, int], expected: Expected) -> tuple[float, float]:
    """Return how much there is now and would be then of what a family grows with."""
    match family.grows_with:
        case None:
            return 1, 1
        case "item":
            return counts["item"], expected.items
        case "reader":
            return counts["reader"], expected.readers
        case "subscriber":
            return counts["subscriber"], expected.subscribers
        case "snapshot":
            return counts["snapshot"] * counts["item"], expected.snapshots * expected.items
        case "event":
            is_log = family.name == "events"
            days = expected.archive_every_s / DAY_S if is_log else expected.remembered_days
            return family.n_entries, expected.events_per_day * days
