"""What is fuzzed: each target reads bytes from outside, and raises only what nobody expected.

A target takes what was refused in our words for an answer; whatever else is raised is a fault.
"""

import atexit
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from recsvc.access import tokens
from recsvc.api.gorse.cursors import amount
from recsvc.api.http import positions
from recsvc.api.http.decompression import decompressed
from recsvc.api.http.request_body import decode, raw_records
from recsvc.core.items.item import ItemPatch, NewItem
from recsvc.core.model.snapshot import Manifest
from recsvc.core.ranking import cursor as cursors
from recsvc.core.readers.events import Event, accept
from recsvc.core.readers.gorse_times import moment_us
from recsvc.core.readers.kinds import KINDS
from recsvc.core.readers.profile import decode_interaction
from recsvc.errors import RecsvcError
from recsvc.mail.bounces import failure_in
from recsvc.mail.relay_reports import told
from recsvc.sources.formats import recognised
from recsvc.sources.records import Options
from recsvc.store.access.signatures import Signatures
from recsvc.store.bundled.salvage import salvage
from recsvc.store.damage import damage
from recsvc.store.items.boards import decode_row
from recsvc.store.models.manifests import decoded
from recsvc.store.models.snapshots import mapped
from recsvc.store.part_files import read_parts

Target = Callable[[bytes], object]

NOW_US = 1_763_000_000_000_000
_LARGEST_BYTES = 100_000
SECRET = "a secret of thirty-two bytes, as it has to be"
_events = msgspec.json.Decoder(Event)
_items = msgspec.json.Decoder(NewItem)
_patches = msgspec.json.Decoder(ItemPatch)


def bodies(data: bytes) -> None:
    """Events and items as they come over HTTP."""
    records, _ = raw_records(data, 1_000)
    for record in records:
        with suppress(RecsvcError):
            accept(decode(record, _events), None, KINDS, NOW_US)
        for decoder in (_items, _patches):
            with suppress(RecsvcError):
                decode(record, decoder)


def compressed(data: bytes) -> None:
    """Bodies that come compressed; the first byte says how."""
    name = ("gzip", "zstd")[data[0] % 2] if data else "gzip"
    assert len(decompressed(data[1:], [name], _LARGEST_BYTES)) <= _LARGEST_BYTES


def files(data: bytes) -> None:
    """Files given to `recsvc import`: every format, encoding and compression."""
    _scratch().write_bytes(data)
    options = Options(year=2025)
    for source, content in recognised(_scratch(), options):
        for _ in source.read(content, options):
            pass


def cursors_of_lists(data: bytes) -> None:
    """Cursors, whether signed here by another version or by nobody."""
    text = data.decode(errors="replace")
    with suppress(RecsvcError):
        found = cursors.decode(data, "feed", "c", NOW_US, 3_600)
        cursors.unpack(found.carried)
    with suppress(RecsvcError):
        cursors.unpack(data)
    with suppress(RecsvcError):
        positions.opened(text)
    with suppress(RecsvcError):
        amount(text, "n", 1)
    cursors.is_former(text)


def signed_texts(data: bytes) -> None:
    """User tokens and signed addresses."""
    text = data.decode(errors="replace")
    signs = Signatures(SECRET.encode())
    with suppress(RecsvcError):
        tokens.read(text, (SECRET,), "recsvc", NOW_US)
    with suppress(RecsvcError):
        signs.read("click", text)
    with suppress(RecsvcError):
        signs.unseal("cursor", text)


def snapshots(data: bytes) -> None:
    """A manifest, a line end, and a blob of arrays."""
    packed, _, blob = data.partition(b"\n")
    manifest = decoded("s", packed)
    _scratch().write_bytes(blob)
    mapped(msgspec.structs.replace(manifest, size_bytes=len(blob)), _scratch())


def manifests(data: bytes) -> Manifest:
    """What a store may hold of a snapshot."""
    return decoded("s", data)


def rows(data: bytes) -> None:
    """Rows of the store: what cannot be read is noted."""
    damage.read("board", "i", data, decode_row)
    damage.read("profile", "u", data, lambda raw: decode_interaction("i", raw))


def logs(data: bytes) -> None:
    """The store's own log: what is kept of it is sound, in order, and of it."""
    found = salvage(data)
    kept = b"".join(data[span.start : span.end] for span in found.kept)
    assert all(0 <= span.start < span.end <= len(data) for span in found.kept)
    assert salvage(kept).is_sound
    assert found.is_sound or kept != data


def site_copies(data: bytes) -> None:
    """Copies of the site that lie beside the archive."""
    _scratch().write_bytes(data)
    for _ in read_parts(_scratch()):
        pass


def mails(data: bytes) -> None:
    """Mails that came back, and what relays report of them."""
    failure_in(data)
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told(msgspec.json.decode(data))


def moments(data: bytes) -> None:
    """Times as Gorse's clients write them."""
    moment_us(data.decode(errors="replace"))


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        bodies, compressed, files, cursors_of_lists, signed_texts, snapshots, manifests, rows, logs,
        site_copies, mails, moments,
    )
}  # fmt: skip


def tried(target: Target, data: bytes) -> None:
    """Give a target some bytes; what it refuses in our words is right."""
    with suppress(RecsvcError):
        target(data)


@cache
def _scratch() -> Path:
    path = Path(tempfile.gettempdir()) / f"recsvc-fuzzing-{os.getpid()}"
    atexit.register(path.unlink, missing_ok=True)
    return path
