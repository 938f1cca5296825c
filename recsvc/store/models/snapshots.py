"""Snapshots in Redis: arrays in chunks, a manifest with their checksums, and the pointer.

A snapshot is written whole before its manifest, and its manifest before the pointer moves. Readers
fetch it once per machine into a local cache and map it into memory, so that processes share its pages.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec
import numpy as np

from recsvc.clock import now_us
from recsvc.core.model.snapshot import Manifest, Snapshot, assemble
from recsvc.errors import ConflictError, NotFoundError, SnapshotError
from recsvc.store import keys, scripts
from recsvc.store.models.arrays import packed_arrays, written_array, written_whole
from recsvc.store.models.experiments import snapshots_named
from recsvc.store.models.manifests import decoded, manifest_of, servable
from recsvc.store.models.prepared import Arrays, prepared
from recsvc.store.pipe import Pipe

TRAIN_LEASE = "train"

_CHUNK_BYTES = 4 * 1024 * 1024
_STOPPED_KEPT = 2

_encode = msgspec.json.Encoder().encode


class Snapshots:
    """Keeps published models."""

    def __init__(self, pipe: Pipe, cache_dir: Path) -> None:
        self._pipe = pipe
        self._cache_dir = cache_dir

    def told_by(self, kept: Pipe) -> "Snapshots":
        """Return the same cache, told by something else which snapshots there are."""
        return Snapshots(kept, self._cache_dir)

    async def current(self) -> str | None:
        """Return the id of the snapshot being served."""
        raw: bytes | None = await self._pipe.send("GET", keys.SNAPSHOT)
        return None if raw is None else raw.decode()

    async def manifests(self) -> list[Manifest]:
        """Return the manifest of every kept snapshot that can be read, latest first."""
        raw: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.SNAPSHOTS)
        found = []
        for snapshot_id, packed in raw.items():
            with contextlib.suppress(SnapshotError):
                found.append(decoded(snapshot_id.decode(), packed))
        return sorted(found, key=lambda m: m.snapshot_id, reverse=True)

    async def manifest(self, snapshot_id: str) -> Manifest:
        """Return a manifest.

        Raises:
            NotFoundError: when there is no such snapshot.
            SnapshotError: when it was written by another version and cannot be read.
        """
        return await manifest_of(self._pipe, snapshot_id)

    async def save(self, snapshot: Snapshot) -> Manifest:
        """Store a snapshot, not yet served; return its manifest, arrays listed."""
        blob, infos = packed_arrays(snapshot.arrays())
        manifest = msgspec.structs.replace(
            snapshot.manifest, arrays=tuple(infos), size_bytes=len(blob)
        )
        for n, start in enumerate(range(0, len(blob), _CHUNK_BYTES)):
            chunk = blob[start : start + _CHUNK_BYTES]
            await self._pipe.send("SET", keys.snapshot_chunk(manifest.snapshot_id, n), chunk)
        await self._pipe.send("HSET", keys.SNAPSHOTS, manifest.snapshot_id, _encode(manifest))
        return manifest

    async def replace(self, manifest: Manifest) -> None:
        """Keep another manifest of a snapshot that is kept."""
        await self._pipe.send("HSET", keys.SNAPSHOTS, manifest.snapshot_id, _encode(manifest))

    async def activate(self, snapshot_id: str, token: int | None = None) -> None:
        """Serve a snapshot from now on.

        Args:
            token: the trainer's fencing token; None when a person asks.

        Raises:
            NotFoundError: when there is no such snapshot.
            ConflictError: when a later trainer has taken over.
        """
        moved = await scripts.call(
            self._pipe,
            "point",
            [keys.FENCE, keys.SNAPSHOT, keys.SNAPSHOTS],
            [TRAIN_LEASE, "" if token is None else token, snapshot_id],
        )
        if moved == 0:
            raise ConflictError("another worker has taken over training")
        if moved < 0:
            raise NotFoundError(f"there is no snapshot {snapshot_id!r}")

    async def prune(self, keep: int, but: Collection[str] = ()) -> list[str]:
        """Drop the oldest snapshots beyond `keep`; return their ids.

        Never the one that is served, nor one that an experiment shows.

        Args:
            but: which stay, too.

        Those that the gate stopped are counted apart, so that they push nothing out that could be
        gone back to; of them, two are kept.
        """
        stay = {await self.current(), *but, *await snapshots_named(self._pipe, now_us())}
        manifests = await self.manifests()
        published = [m for m in manifests if m.was_published]
        stopped = [m for m in manifests if not m.was_published]
        dropped = []
        for manifest in published[keep:] + stopped[_STOPPED_KEPT:]:
            if manifest.snapshot_id in stay:
                continue
            await self._pipe.send("HDEL", keys.SNAPSHOTS, manifest.snapshot_id)
            n_chunks = -(-manifest.size_bytes // _CHUNK_BYTES)
            for n in range(n_chunks):
                await self._pipe.send("DEL", keys.snapshot_chunk(manifest.snapshot_id, n))
            self._path(manifest.snapshot_id).unlink(missing_ok=True)
            self._prepared_path(manifest.snapshot_id).unlink(missing_ok=True)
            dropped.append(manifest.snapshot_id)
        return dropped

    async def load(self, snapshot_id: str, catalogue_id: str) -> Snapshot:
        """Fetch a snapshot into the local cache if need be, check it and map it.

        Raises:
            NotFoundError: when there is no such snapshot.
            SnapshotError: when it is corrupt, foreign or from a newer version.
        """
        manifest = await servable(self._pipe, snapshot_id, catalogue_id)
        path = self._path(snapshot_id)
        try:
            if not path.exists() or path.stat().st_size != manifest.size_bytes:
                await self._fetch(manifest, path)
            return await asyncio.to_thread(mapped, manifest, path)
        except OSError as exc:
            raise SnapshotError(f"snapshot {snapshot_id} cannot be kept on disk: {exc}") from None

    async def prepared(self, manifest: Manifest, method: int, make: Callable[[], Arrays]) -> Arrays:
        """Return what is made of a snapshot that was loaded: once per machine, and mapped.

        Args:
            method: another number where the same snapshot makes other arrays.
        """
        path = self._prepared_path(manifest.snapshot_id)
        return await asyncio.to_thread(prepared, path, manifest, method, make)

    async def latest_sound(self, catalogue_id: str, but: str) -> Snapshot | None:
        """Return the latest snapshot that was ever served and can be read; None if none can.

        Args:
            but: one that cannot.
        """
        for manifest in await self.manifests():
            if manifest.was_published and manifest.snapshot_id != but:
                with contextlib.suppress(SnapshotError, NotFoundError):
                    return await self.load(manifest.snapshot_id, catalogue_id)
        return None

    async def _fetch(self, manifest: Manifest, path: Path) -> None:
        n_chunks = -(-manifest.size_bytes // _CHUNK_BYTES)
        chunks: list[bytes] = []
        for n in range(n_chunks):
            chunk = await self._pipe.send("GET", keys.snapshot_chunk(manifest.snapshot_id, n))
            if chunk is None:
                raise SnapshotError(f"snapshot {manifest.snapshot_id} lacks chunk {n}")
            chunks.append(chunk)
        await asyncio.to_thread(written_whole, path, chunks)

    def _path(self, snapshot_id: str) -> Path:
        return self._cache_dir / f"{snapshot_id}.bin"

    def _prepared_path(self, snapshot_id: str) -> Path:
        return self._cache_dir / f"{snapshot_id}.prepared"


def mapped(manifest: Manifest, path: Path) -> Snapshot:
    """Return a snapshot whose arrays are the pages of a file.

    Raises:
        SnapshotError: when they are not as they were written.
    """
    blob = np.memmap(path, np.uint8, "r") if manifest.size_bytes else np.empty(0, np.uint8)
    try:
        arrays = {info.name: written_array(info, blob) for info in manifest.arrays}
    except SnapshotError as exc:
        path.unlink(missing_ok=True)
        raise SnapshotError(f"snapshot {manifest.snapshot_id} is corrupt in {exc}") from None
    return assemble(manifest, arrays)
