"""Files of parts: what was read of the store, on local disk, for its owner only.

Each part stands behind its length; the last one holds the digest of those before, so that a file that
was cut short or damaged is known as that before anything in it is used.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from recsvc.core.fitting import UNREADABLE
from recsvc.errors import InvalidError
from recsvc.store.site import Part

_LENGTH_BYTES = 4
_DIGEST = "digest"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


async def write_parts(path: Path, parts: AsyncIterator[Part]) -> bytes:
    """Write a file, durable when this returns; return the digest of what is in it."""
    digest = hashlib.blake2b()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        async for part in parts:
            packed = _encode(part)
            digest.update(packed)
            _append(descriptor, packed)
        _append(descriptor, _encode(Part(b"", _DIGEST, [(b"", digest.digest())])))
        await asyncio.to_thread(os.fsync, descriptor)
    finally:
        os.close(descriptor)
    return digest.digest()


def read_parts(path: Path) -> Iterator[Part]:
    """Yield the parts of a file, once it was read to its end and found whole.

    Files of the former release have no digest: they are whole if each part can be read.

    Raises:
        InvalidError: when the file is not as it was written.
    """
    digest, told = hashlib.blake2b(), None
    try:
        for packed in _packed(path):
            part = _decode(packed)
            if part.kind == _DIGEST:
                told = part.pairs[0][1]
            else:
                digest.update(packed)
    except (*UNREADABLE, IndexError) as exc:
        raise InvalidError(f"{path} is damaged: {exc}") from None
    if told not in (None, digest.digest()):
        raise InvalidError(f"{path} is damaged: its digest is another")
    for packed in _packed(path):
        part = _decode(packed)
        if part.kind != _DIGEST:
            yield part


def _packed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while length := file.read(_LENGTH_BYTES):
            packed = file.read(int.from_bytes(length, "big"))
            if len(packed) != int.from_bytes(length, "big"):
                raise InvalidError(f"{path} is damaged: it was cut short")
            yield packed


def _append(descriptor: int, packed: bytes) -> None:
    content = len(packed).to_bytes(_LENGTH_BYTES, "big") + packed
    while content:
        content = content[os.write(descriptor, content) :]
