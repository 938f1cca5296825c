"""Prepared arrays: what is computed from a snapshot alone, once per machine, mapped by its processes.

A file beside the snapshot's own: 8 bytes that say how long its head is, the head, the arrays. The head
says of which snapshot and by which method they were made; arrays of another one, or with another
checksum, are computed anew. Where nothing can be written, each process keeps them for itself.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.core.fitting import UNREADABLE
from recsvc.core.model.snapshot import ArrayInfo, Manifest
from recsvc.errors import SnapshotError
from recsvc.store.models.arrays import ALIGN, packed_arrays, written_array, written_whole

Arrays = dict[str, NDArray[Any]]

_LENGTH_BYTES = 8


class _Head(msgspec.Struct, frozen=True):
    """What a file holds.

    Attributes:
        made_of: `_fingerprint` of the snapshot and the method.
    """

    made_of: str
    arrays: tuple[ArrayInfo, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Head).decode


def prepared(path: Path, manifest: Manifest, method: int, make: Callable[[], Arrays]) -> Arrays:
    """Return what is made of a snapshot, as the pages of a file where that can be.

    Args:
        method: another number where the same snapshot makes other arrays.
    """
    made_of = _fingerprint(manifest, method)
    with contextlib.suppress(OSError, SnapshotError):
        return _mapped(path, made_of)
    arrays = make()
    with contextlib.suppress(OSError, SnapshotError):
        _write(path, made_of, arrays)
        return _mapped(path, made_of)
    return arrays


def _fingerprint(manifest: Manifest, method: int) -> str:
    said = [str(method), manifest.snapshot_id, *(info.sha256 for info in manifest.arrays)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _write(path: Path, made_of: str, arrays: Arrays) -> None:
    blob, infos = packed_arrays(arrays)
    head = _encode(_Head(made_of, tuple(infos)))
    head += b" " * (-(_LENGTH_BYTES + len(head)) % ALIGN)
    written_whole(path, [len(head).to_bytes(_LENGTH_BYTES, "little"), head, blob])


def _mapped(path: Path, made_of: str) -> Arrays:
    """Return the arrays of a file.

    Raises:
        OSError: when there is none, or none that can be mapped.
        SnapshotError: when it is not whole, or was made of something else.
    """
    if path.stat().st_size < _LENGTH_BYTES:
        raise SnapshotError("there is no head")
    raw = np.memmap(path, np.uint8, "r")
    begin = _LENGTH_BYTES + int.from_bytes(raw[:_LENGTH_BYTES].tobytes(), "little")
    try:
        head = _decode(raw[_LENGTH_BYTES:begin].tobytes())
    except UNREADABLE as exc:
        raise SnapshotError(f"the head cannot be read: {exc}") from None
    if head.made_of != made_of:
        raise SnapshotError("it was made of something else")
    return {info.name: written_array(info, raw[begin:]) for info in head.arrays}
