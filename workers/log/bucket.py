"""A bucket of an object store as the place of a backup (`s3://bucket/prefix`); the only door to obstore.

An object appears when it was uploaded whole, and its digest is checked as it arrives. Objects cannot be
appended to: lines of one name are as many objects, `name/<any>`, of which each stays until it was read.
"""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recsvc.errors import InvalidError, SettingsError, SourceError
from workers.log.depot import appearing

try:
    from obstore import sign
    from obstore.exceptions import BaseError
    from obstore.store import S3Store
except ImportError:
    raise SettingsError("what speaks to object stores is not installed: recsvc[s3]") from None

if TYPE_CHECKING:
    from obstore.store import S3Config

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_PATIENCE = timedelta(seconds=60)
_LENT_FOR = timedelta(days=1)
_TRIES = 4
_BLOCK_BYTES = 1 << 20


class Bucket:
    """A bucket, or what begins with a prefix in it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise InvalidError(f"{address!r}: backups go to a folder or to s3://bucket/prefix")
        self.address = f"s3://{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
        self._sizes: dict[str, int] = {}
        said = (os.environ.get(name) for name in _ENDPOINTS)
        endpoint = next(filter(None, said), "")
        config: S3Config = {"checksum_algorithm": "SHA256"}
        if endpoint:
            config["endpoint"] = endpoint
        with self._translated():
            self._store = S3Store.from_url(
                self.address,
                config=config,
                client_options={"allow_http": endpoint.startswith("http://")},
                retry_config={"max_retries": _TRIES, "retry_timeout": _PATIENCE},
            )

    def prepare(self) -> None:
        """Look what is there. Who may read a bucket is said where it is made."""
        self._sizes = self._listed()

    def names(self) -> list[str]:
        """Return the names of all objects."""
        return list(self._listed())

    def read(self, name: str) -> bytes:
        """Return what an object holds."""
        with self._translated(is_reading=True):
            return bytes(self._store.get(name).bytes())

    def write(self, name: str, content: bytes) -> None:
        """Write an object."""
        with self._translated():
            self._store.put(name, content)

    def put(self, source: Path, name: str) -> None:
        """Upload a file."""
        with self._translated():
            self._store.put(name, source)

    def holds(self, name: str, size_bytes: int) -> bool:
        """Return whether an object is there that is as long: its content was checked when it came."""
        return self._sizes.get(name) == size_bytes

    def fetch(self, name: str, to: Path, mode: int) -> None:
        """Download an object."""
        with self._translated(), appearing(to, mode) as unfinished, unfinished.open("wb") as out:
            for block in self._store.get(name).stream(min_chunk_size=_BLOCK_BYTES):
                out.write(block)

    def lent(self, name: str) -> str:
        """Return a signed address of an object: whoever has it may read the object for a day."""
        with self._translated():
            return sign(self._store, "GET", name, _LENT_FOR)

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of an object."""
        found = hashlib.sha256()
        try:
            with self._translated(is_reading=True):
                for block in self._store.get(name).stream(min_chunk_size=_BLOCK_BYTES):
                    found.update(block)
        except FileNotFoundError:
            return None
        return found.hexdigest()

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self._translated():
            self._store.delete(name)

    def append(self, name: str, lines: bytes) -> None:
        """Write lines of a name as an object of its own."""
        self.write(f"{name}/{uuid.uuid4().hex}", lines)

    def appended(self, name: str) -> bytes:
        """Return the lines of all objects of a name."""
        return b"\n".join(self.read(one) for one in self._parts(name))

    def reduce(self, name: str, is_needed: Callable[[bytes], bool]) -> None:
        """Remove the objects of which no line is needed: one that comes meanwhile is left alone."""
        for one in self._parts(name):
            if not any(is_needed(line) for line in self.read(one).split(b"\n") if line):
                self.remove(one)

    def _parts(self, name: str) -> list[str]:
        return sorted(one for one in self._listed() if one.startswith(f"{name}/"))

    def _listed(self) -> dict[str, int]:
        with self._translated():
            return {one["path"]: one["size"] for page in self._store.list() for one in page}

    @contextmanager
    def _translated(self, *, is_reading: bool = False) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as exc:
            if is_reading and isinstance(exc, FileNotFoundError):
                raise
            said = str(exc).partition("\n")[0]
            raise SourceError(f"{self.address}: {said}") from None
