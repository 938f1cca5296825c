"""The log's manifest: which files the log consists of, checked before a server believes it.

A server begins anew where it has no manifest, and passes over files that a manifest does not list. So a
manifest that was lost or cut short would cost everything that is in the others, without a word.
"""

import re
from pathlib import Path
from typing import NamedTuple

from recsvc.store.bundled.causes import Cause, down

_LINE = re.compile(r"file (\S+) seq (\d+) type ([bhi])(?: \S+ \S+)*")
_BASE, _LOG = "b", "i"


class Part(NamedTuple):
    """A file of a log: its picture at the beginning (`b`), commands (`i`), or neither any more (`h`)."""

    name: str
    kind: str


def parts_of(folder: Path) -> list[Part]:
    """Return the files of the log under a store's folder; none at the first start.

    Raises:
        StoreDownError: when the manifest does not list all there is.
    """
    logs = folder / "appendonlydir"
    path = logs / "appendonly.aof.manifest"
    present = {file.name for file in (*logs.glob("*.base.*"), *logs.glob("*.incr.aof"))}
    if not path.exists() or path.stat().st_size == 0:
        if present:
            raise down(Cause.DAMAGED, folder, f"{path} is missing")
        return []
    found = [_LINE.fullmatch(line) for line in path.read_text(errors="replace").splitlines()]
    parts = [Part(line[1], line[3]) for line in found if line is not None]
    # A rewrite that was cut short leaves a file that nothing was written to yet.
    filled = {name for name in present if ".incr." in name and (logs / name).stat().st_size}
    unlisted = filled - {part.name for part in parts}
    if None in found or not {_BASE, _LOG} <= {part.kind for part in parts} or unlisted:
        named = f", and lists not {sorted(unlisted)[0]}" if unlisted else ""
        raise down(Cause.DAMAGED, folder, f"{path} is damaged{named}")
    return parts


def logs_of(folder: Path) -> list[Path]:
    """Return the files of commands that a log consists of; its base is a picture, with a checksum."""
    return [folder / "appendonlydir" / p.name for p in parts_of(folder) if p.kind == _LOG]
