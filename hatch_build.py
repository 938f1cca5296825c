"""Builds the kernels of `recsvc/core/compiled` when recsvc is installed, if there is a compiler.

`python hatch_build.py` builds them in place, for a tree that is used as it lies.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).parent / "recsvc" / "core" / "compiled"
_LIBRARY = "_kernels.so"
# As in recsvc/core/compiled/kernels.py.
SOURCES = ("kernels.h", "kernels.c", "ranking.c", "reasons.c", "exploration.c")
_TAKES_S = 60

# The same arithmetic as numpy's on any processor of the kind: nothing is contracted or reassociated.
FLAGS = ["-std=c99", "-O3", "-ffp-contract=off", "-fno-math-errno"]


class NoCompilerError(Exception):
    """Raised where the kernels cannot be built."""


def compiler() -> list[str]:
    """Return the command of a C compiler: `CC`, the system's, or that of the wheel `ziglang`.

    Raises:
        NoCompilerError: when there is none.
    """
    if given := os.environ.get("CC"):
        return shlex.split(given)
    for name in ("cc", "gcc", "clang"):
        if (found := shutil.which(name)) is not None:
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        # Unasked it builds for the processor that it runs on.
        return [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]
    raise NoCompilerError("no C compiler: install one, or `pip install ziglang`")


def build(into: Path = FOLDER, source: Path | None = None) -> Path:
    """Build the kernels; return the library.

    Args:
        source: what may be taken for them instead.

    Raises:
        NoCompilerError: when there is no compiler, or none that can.
    """
    sources = [FOLDER / name for name in SOURCES[1:]] if source is None else [source]
    stamp = zlib.crc32(b"".join((FOLDER / name).read_bytes() for name in SOURCES))
    command = [*compiler(), *FLAGS, "-fPIC", "-shared", f"-DKERNELS_STAMP={stamp}u"]
    with tempfile.TemporaryDirectory(dir=into) as folder:
        made = Path(folder) / _LIBRARY
        command += ["-o", str(made), *map(str, sources), "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TAKES_S)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise NoCompilerError(f"{command[0]}: {exc}") from exc
        if done.returncode:
            raise NoCompilerError(f"{shlex.join(command)}: {done.stderr.strip()[-2_000:]}")
        return made.replace(into / _LIBRARY)  # processes that run keep the one they have open


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Puts the library into wheels, and into the tree where that is installed as it lies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before anything is packed; what fails costs the kernels, never the installation."""
        try:
            library = build()
        except NoCompilerError as exc:
            (FOLDER / _LIBRARY).unlink(missing_ok=True)
            self.app.display_warning(f"recsvc computes with numpy alone: {exc}")
            return
        if version != "editable":
            build_data["artifacts"].append(str(library.relative_to(self.root)))
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{build()}\n")
    except NoCompilerError as exc:
        sys.exit(str(exc))
