"""News: what changed of items and boards since one last looked, in one call that waits for it."""

import msgspec

from recsvc.core.items.trending import BoardRow
from recsvc.store import keys
from recsvc.store.entry_ids import EntryId, parse
from recsvc.store.items.boards import Boards, read_row
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe

_COUNT = 1_000

_decode = msgspec.msgpack.Decoder().decode

_Entries = list[tuple[bytes, dict[bytes, bytes]]]


class Place(msgspec.Struct, frozen=True):
    """How far somebody has read: the last change of an item and the last of the boards."""

    changes: str = "0-0"
    pulse: str = "0-0"

    @property
    def latest_ms(self) -> int:
        """When the later of the two was written, by the store's clock."""
        return max(parse(self.changes)[0], parse(self.pulse)[0])


class News(msgspec.Struct, frozen=True):
    """What came since.

    Attributes:
        place: where to go on from.
        rows: row by id of the items that changed.
        boards: item and its new row of the boards, in order.
        applied: shard and the entry its boards have come to, in order.
    """

    place: Place
    rows: dict[str, int]
    boards: list[tuple[str, BoardRow]]
    applied: list[tuple[int, EntryId]]


async def latest(items: Items, boards: Boards) -> Place:
    """Return the place from which everything is still to come."""
    return Place(await items.last_change(), await boards.last_pulse())


async def news_since(pipe: Pipe, place: Place, wait_ms: int) -> News | None:
    """Return what came after a place, waiting for it; None when nothing came.

    Args:
        pipe: one of its own: what else is asked over it waits as long.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    places = (keys.CHANGES, keys.PULSE, place.changes, place.pulse)
    answer = await pipe.send("XREAD", "COUNT", _COUNT, "BLOCK", wait_ms, "STREAMS", *places)
    if not answer:
        return None
    changes, pulses = _entries(answer, keys.CHANGES), _entries(answer, keys.PULSE)
    boards: list[tuple[str, BoardRow]] = []
    applied: list[tuple[int, EntryId]] = []
    for _, fields in pulses:
        for name, packed in fields.items():
            if name.startswith(b"i"):
                row = read_row(name[1:], packed)
                boards += [] if row is None else [(name[1:].decode(), row)]
            else:
                applied += [(int(shard), parse(entry)) for shard, entry in _decode(packed)]
    rows = {fields[b"i"].decode(): int(fields[b"r"]) for _, fields in changes}
    return News(_place(place, changes, pulses), rows, boards, applied)


def _place(place: Place, changes: _Entries, pulses: _Entries) -> Place:
    return Place(
        changes[-1][0].decode() if changes else place.changes,
        pulses[-1][0].decode() if pulses else place.pulse,
    )


def _entries(answer: dict[bytes, list[_Entries]], key: str) -> _Entries:
    return [entry for batch in answer.get(key.encode(), []) for entry in batch]
