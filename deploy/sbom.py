"""The bill of materials of what is installed: `make sbom` writes `sbom.json` and `docs/licences.md`.

CycloneDX 1.6 (ECMA-424), made from the lock and from what each package says of itself: the same
lock, the same bytes. Tools that make one from an environment list what only tests need as well.
"""

import hashlib
import json
import re
import sys
import uuid
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"

_PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# Of those that are for other systems or Pythons than the one that makes the list.
_ELSEWHERE = {
    "async-timeout": "Apache-2.0", "backports-zstd": "PSF-2.0", "colorama": "BSD-3-Clause",
}  # fmt: skip
_NO_LICENCE = "not said"


class Package(NamedTuple):
    """One line of the lock.

    Attributes:
        marker: where it is installed; empty for everywhere.
        licence: as it says itself, in SPDX's words where it uses them.
    """

    name: str
    version: str
    marker: str
    hashes: list[str]
    licence: str


def packages(lock: str) -> list[Package]:
    """Return what a lock pins, in its order."""
    found = list(_PINNED.finditer(lock))
    ends = [one.start() for one in found[1:]] + [len(lock)]
    return [
        Package(
            one[1], one[2], one[3] or "", _HASH.findall(lock[one.end() : end]), licence_of(one[1])
        )
        for one, end in zip(found, ends, strict=True)
    ]


def licence_of(name: str) -> str:
    """Return the licence of a package by its own word, as short as it has it."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return _ELSEWHERE.get(name, _NO_LICENCE)
    if expression := said.get("License-Expression"):
        return str(expression)
    classified = [
        line.rpartition("::")[2].strip()
        for line in said.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    first = str(said.get("License") or "").partition("\n")[0].strip()
    return " OR ".join(classified) or first or _NO_LICENCE


def bill(lock: str, version: str) -> dict[str, object]:
    """Return the bill of materials of a lock."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(hashlib.sha256(lock.encode()).hexdigest()[:32])}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "recsvc", "version": version}},
        "components": [_component(package) for package in packages(lock)],
    }


def _component(package: Package) -> dict[str, object]:
    purl = f"pkg:pypi/{package.name}@{package.version}"
    place = [{"name": "recsvc:marker", "value": package.marker}] if package.marker else []
    return {
        "type": "library",
        "bom-ref": f"{purl}#{package.marker}",
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": content} for content in package.hashes],
        "licenses": [{"license": {"name": package.licence}}],
        "properties": place,
    }


def table(lock: str) -> str:
    """Return the licences as a page of the documentation."""
    rows = {(p.name, p.licence) for p in packages(lock)}
    lines = [f"| `{name}` | {licence} |" for name, licence in sorted(rows)]
    head = "# Licences\n\nOf what `requirements.lock` installs, each by its own word; `make sbom` "
    head += "writes this page.\n"
    return "\n".join([head, "| package | licence |", "| --- | --- |", *lines, ""])


if __name__ == "__main__":
    text = LOCK.read_text()
    (ROOT / "docs" / "licences.md").write_text(table(text))
    json.dump(bill(text, metadata("recsvc")["Version"]), sys.stdout, indent=1)
