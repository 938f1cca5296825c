"""Arrays as runs of bytes: packed one behind another, and seen again in the pages of a file."""

import hashlib
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsvc.core.model.snapshot import ArrayInfo
from recsvc.errors import SnapshotError

ALIGN = 64

_DTYPE = re.compile(r"[<|](?:f[248]|[iu][1248])")


def packed_arrays(arrays: dict[str, NDArray[Any]]) -> tuple[bytes, list[ArrayInfo]]:
    """Return arrays as one run of bytes, and where each lies in it."""
    blob = bytearray()
    infos = []
    for name, array in arrays.items():
        blob += b"\0" * (-len(blob) % ALIGN)
        raw = np.ascontiguousarray(array).tobytes()
        checksum = hashlib.sha256(raw).hexdigest()
        infos.append(ArrayInfo(name, array.dtype.str, array.shape, len(blob), checksum))
        blob += raw
    return bytes(blob), infos


def written_whole(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with unfinished.open("wb") as out:
        out.writelines(chunks)
    unfinished.replace(path)


def written_array(info: ArrayInfo, blob: NDArray[np.uint8]) -> NDArray[Any]:
    """Return an array of a run of bytes, sharing memory.

    Raises:
        SnapshotError: naming it, when it is not as it was written.
    """
    # What is no plain number numpy would read as Python.
    if _DTYPE.fullmatch(info.dtype) and info.offset >= 0 and all(n >= 0 for n in info.shape):
        dtype = np.dtype(info.dtype)
        size = math.prod(info.shape) * dtype.itemsize
        raw = blob[info.offset : info.offset + size]
        if len(raw) == size and hashlib.sha256(raw.data).hexdigest() == info.sha256:
            return np.asarray(raw).view(dtype).reshape(info.shape)
    raise SnapshotError(repr(info.name))
