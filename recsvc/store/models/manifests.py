"""Manifests in Redis: what a snapshot is, apart from its arrays, and whether it can be served."""

import msgspec

from recsvc.core.fitting import UNREADABLE
from recsvc.core.model.snapshot import FORMAT_VERSION, Manifest
from recsvc.errors import NotFoundError, SnapshotError
from recsvc.store import keys
from recsvc.store.pipe import Pipe

_decoder = msgspec.json.Decoder(Manifest)


async def manifest_of(pipe: Pipe, snapshot_id: str) -> Manifest:
    """Return the manifest of a snapshot that is kept.

    Raises:
        NotFoundError: when there is no such snapshot.
        SnapshotError: when it was written by another version and cannot be read.
    """
    raw: bytes | None = await pipe.send("HGET", keys.SNAPSHOTS, snapshot_id)
    if raw is None:
        raise NotFoundError(f"there is no snapshot {snapshot_id!r}")
    return decoded(snapshot_id, raw)


async def servable(pipe: Pipe, snapshot_id: str, catalogue_id: str) -> Manifest:
    """Return the manifest of a snapshot that this release can serve of a catalogue.

    Raises:
        NotFoundError: when there is no such snapshot.
        SnapshotError: when it is foreign or from a newer version.
    """
    manifest = await manifest_of(pipe, snapshot_id)
    if manifest.format_version > FORMAT_VERSION:
        raise SnapshotError(
            f"snapshot {snapshot_id} has format {manifest.format_version}; "
            f"this version reads up to {FORMAT_VERSION}"
        )
    if manifest.catalogue_id != catalogue_id:
        raise SnapshotError(f"snapshot {snapshot_id} belongs to another catalogue")
    return manifest


def decoded(snapshot_id: str, packed: bytes) -> Manifest:
    """Return a manifest.

    Raises:
        SnapshotError: when it cannot be read.
    """
    try:
        return _decoder.decode(packed)
    except UNREADABLE as exc:
        raise SnapshotError(f"the manifest of {snapshot_id} cannot be read: {exc}") from None
