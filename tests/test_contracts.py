"""The import contracts hold in every package: what they forbid is planted there, and found."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.service import REPOSITORY

CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
ROOTS = CONTRACTS["root_packages"]
EXHAUSTIVE = [c for c in CONTRACTS["contracts"] if c.get("exhaustive")]
DOORS = [c for c in CONTRACTS["contracts"] if c["type"] == "protected" and c["allowed_importers"]]


def packages() -> list[str]:
    """Every package of ours, a new one included."""
    found = [p.parent for root in ROOTS for p in (REPOSITORY / root).rglob("__init__.py")]
    return sorted(".".join(p.relative_to(REPOSITORY).parts) for p in found)


def within(package: str, other: str) -> bool:
    return f"{package}.".startswith(f"{other}.")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the contracts are about."""
    for root in ROOTS:
        ignored = shutil.ignore_patterns("__pycache__", "static", "templates")
        shutil.copytree(REPOSITORY / root, tmp_path / root, ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(tree: Path, module: str, imported: str) -> None:
    path = tree.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    file.write_text(f"{file.read_text()}\nimport {imported}\n")


def check(tree: Path) -> tuple[int, str]:
    """Run the check on a tree; its exit code and what it says."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "500"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def found(said: str) -> set[tuple[str, str]]:
    """The imports that the check complains of."""
    return set(re.findall(r"([\w.]+) -> ([\w.]+) \(l\.", said))


def test_the_tree_as_it_is_breaks_no_contract(tree):
    code, said = check(tree)

    assert code == 0, said
    assert "0 broken" in said


def test_every_package_is_kept_from_whatever_has_its_door_elsewhere(tree):
    planted = {
        (package, behind)
        for door in DOORS
        for behind in door["protected_modules"]
        for package in packages()
        if not any(within(package, allowed) for allowed in [behind, *door["allowed_importers"]])
    }
    for package, behind in planted:
        plant(tree, package, behind)

    code, said = check(tree)

    assert code == 1
    assert {package for package, _ in planted} == set(packages())
    assert planted <= found(said)


def climbs() -> set[tuple[str, str]]:
    """In each room with floors: from every one to one a floor above it."""
    found = set()
    for contract in EXHAUSTIVE:
        (container,) = contract["containers"]
        floors = [floor.split(" | ") for floor in contract["layers"]]
        for above, below in itertools.pairwise(floors):
            found |= {(f"{container}.{low}", f"{container}.{above[0]}") for low in below}
    return found


def test_nobody_imports_from_the_floor_above(tree):
    for low, high in climbs():
        plant(tree, low, high)

    code, said = check(tree)

    assert code == 1
    assert climbs() <= found(said)


@pytest.mark.parametrize("library", ["time", "random", "asyncio", "os", "logging"])
def test_the_core_sees_no_clock_no_chance_and_no_machine(tree, library):
    planted = [p for p in packages() if within(p, "recsvc.core")]
    for package in planted:
        plant(tree, package, library)

    code, said = check(tree)

    assert code == 1
    assert {(p, library) for p in planted} <= found(said)


def test_a_room_that_was_given_no_floor_fails(tree):
    for contract in EXHAUSTIVE:
        (container,) = contract["containers"]
        room = tree.joinpath(*container.split("."), "attic")
        room.mkdir()
        (room / "__init__.py").touch()

    code, said = check(tree)

    assert code == 1
    assert said.count("attic") == len(EXHAUSTIVE)
