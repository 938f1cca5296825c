"""The archive's manifest: which files there are, what is in them, and how to tell that they are whole.

A file is listed, durably, before anything it holds leaves the store; what is not listed yet was cut
short or comes from a release without manifests, and is listed once it could be read to its end. A file
that is damaged or gone stays listed as that: what is missing has a name until it is put back. The list
is there twice, each with its own digest, since it alone says what is missing: one of the two may be
damaged or gone, and bytes that turned are not taken for what was written.
"""

import enum
import hashlib
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import msgspec

from recsvc import durable
from recsvc.core.fitting import UNREADABLE
from recsvc.store.formats import refuse_newer_file

NAME = "manifest.json"
COPY = "manifest.copy.json"
ARCHIVE_FORMAT = 1

_BLOCK_BYTES = 1 << 20


class State(enum.StrEnum):
    """How a file is."""

    OK = enum.auto()
    DAMAGED = enum.auto()
    MISSING = enum.auto()


def named(gaps: Mapping[str, State], most: int | None = None) -> str:
    """Return files that are not as they should be, each with what it is, for a sentence."""
    return ", ".join(f"{name} ({state})" for name, state in islice(gaps.items(), most))


class Listed(msgspec.Struct, frozen=True):
    """A file as it was written.

    Attributes:
        name: folder of the day and file name.
        ranges: by shard, the first entry in it and the last that it covers.
        becoming: digest of what takes its place, noted before it does.
    """

    name: str
    rows: int
    sha256: str
    ranges: dict[int, tuple[str, str]]
    state: State = State.OK
    becoming: str = ""


class _Manifest(msgspec.Struct, frozen=True):
    """What is in the file: the list as it stands there, and its SHA-256, as of this release."""

    files: msgspec.Raw
    sha256: str = ""
    format: int = ARCHIVE_FORMAT


_decode = msgspec.json.Decoder(_Manifest).decode
_decode_files = msgspec.json.Decoder(list[Listed]).decode


def read(folder: Path) -> dict[str, Listed]:
    """Return what is listed, by name; nothing where neither list can be read.

    Raises:
        NewerError: when a newer release wrote it: the files may not mean what they seem to.
    """
    for name in (NAME, COPY):
        listed = _read(folder / name)
        if listed is not None:
            return listed
    return {}


def is_whole(folder: Path) -> bool:
    """Return whether both lists can be read and say the same: a former release writes but one."""
    try:
        raw, copy = (folder / NAME).read_bytes(), (folder / COPY).read_bytes()
    except FileNotFoundError:
        return False
    return raw == copy and decoded(raw) is not None


def _read(path: Path) -> dict[str, Listed] | None:
    try:
        listed = decoded(path.read_bytes())
    except FileNotFoundError:
        return None
    return None if listed is None else {one.name: one for one in listed}


def decoded(raw: bytes) -> list[Listed] | None:
    """Return what a manifest lists; None where it cannot be read, or is not as it was written.

    Raises:
        NewerError: as `read`.
    """
    try:
        refuse_newer_file("the archive", raw, ARCHIVE_FORMAT)
        found = _decode(raw)
        if found.sha256 not in ("", hashlib.sha256(found.files).hexdigest()):
            return None
        return _decode_files(found.files)
    except UNREADABLE:
        return None


def write(folder: Path, listed: dict[str, Listed]) -> None:
    """Replace what is listed, and then its copy; durable when this returns."""
    files = msgspec.json.format(msgspec.json.encode([listed[name] for name in sorted(listed)]))
    sha256 = hashlib.sha256(files).hexdigest()
    raw = msgspec.json.encode(_Manifest(msgspec.Raw(files), sha256))
    for name in (NAME, COPY):
        unfinished = folder / f"{name}.{os.getpid()}.tmp"
        unfinished.write_bytes(raw)
        durable.replace(folder / name, by=unfinished)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()
