"""What fuzzing begins with: sound inputs of each kind, to be changed from there on."""

import bz2
import gzip
import json
import sys

import msgspec

from recsvc.access import tokens
from recsvc.api.http import positions
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.cursor import Cursor
from recsvc.store.access.signatures import Signatures
from recsvc.store.models.arrays import packed_arrays
from tests.fuzzing.targets import NOW_US, SECRET
from tests.mail.test_bounce_texts import COPY, EXIM, POSTFIX, QMAIL
from tests.sources.test_damage import WHOLE
from tests.workers.training import world
from workers.training.training import train

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EVENT = {"user": "u", "item": "i/1", "kind": "click", "at": "2025-11-12T10:00:00Z", "value": 1.5}
ITEM = {"id": "i/1", "title": "A", "topics": ["t"], "published_at": "2025-11-12T10:00:00Z"}
LOG = (
    b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$5\r\nMULTI\r\n"
    b"*5\r\n$4\r\nXADD\r\n$13\r\nrs:{3}:events\r\n$3\r\n1-1\r\n$1\r\ne\r\n$1\r\nx\r\n*1\r\n$4\r\nEXEC\r\n"
)
MOMENTS = (
    "1763000000",
    "2006-01-02 15:04:05.999 -0700 MST",
    "2025/11/12 10:00:00",
    "0001-01-01T00:00:00Z",
)
BOARD = {"votes": 2, "last": 1.0, "scores": [1.0, 2.0], "counts": {"click": 3}}


def sound(target: str) -> list[bytes]:
    """Return inputs of a target that are as they should be."""
    return SEEDS[target]


def _json(*values: object) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def _snapshot() -> tuple[bytes, bytes]:
    small = world.material(world.events(n_readers=8, each=3), world.items(6))
    snapshot = train(small, world.PARAMS)
    blob, infos = packed_arrays(snapshot.arrays())
    manifest = msgspec.structs.replace(snapshot.manifest, arrays=tuple(infos), size_bytes=len(blob))
    return msgspec.json.encode(manifest), blob


def _part(*fields: object) -> bytes:
    raw = msgspec.msgpack.encode(fields)
    return len(raw).to_bytes(4, "big") + raw


MANIFEST, BLOB = _snapshot()
TEXT = "\n".join(WHOLE).encode()
SEEDS: dict[str, list[bytes]] = {
    "bodies": [*_json(EVENT, [EVENT, ITEM], ITEM), b"\n".join(_json(EVENT, EVENT))],
    "compressed": [b"\0" + gzip.compress(TEXT), b"\1" + zstd.compress(TEXT)],
    "files": [
        *(text.encode() for text in WHOLE),
        *(pack(WHOLE[0].encode()) for pack in (gzip.compress, bz2.compress, zstd.compress)),
        WHOLE[13].encode("utf-16"),
        b"id,title\na,caf\xe9\n",
    ],
    "cursors_of_lists": [
        cursors.encode(Cursor("feed", "c", NOW_US // 10**6, "f", "personal", 20, b"")),
        positions.sealed("i/1").encode(),
    ],
    "signed_texts": [
        tokens.mint(SECRET, "u", "recsvc", NOW_US, 60).encode(),
        Signatures(SECRET.encode()).sign("click", {"item": "i"}).encode(),
        Signatures(SECRET.encode()).seal("cursor", b"abc").encode(),
    ],
    "snapshots": [MANIFEST + b"\n" + BLOB],
    "manifests": [MANIFEST],
    "rows": [
        msgspec.msgpack.encode(BOARD),
        msgspec.msgpack.encode({"upvote": 3, "click": [1, 2, 3]}),
    ],
    "logs": [LOG, LOG * 3],
    "site_copies": [
        _part("rs:{site}:items", "hash", [["i", "{}"]]) + _part("", "digest", [["", "x"]])
    ],
    "mails": [
        *((text + COPY).encode() for text in (QMAIL, EXIM, POSTFIX)),
        *_json({"Type": "Notification", "Message": "{}"}, {"event-data": {"event": "failed"}}),
    ],
    "moments": [moment.encode() for moment in MOMENTS],
}
