"""`make fuzz`: each target for a while, led by what its code does with the bytes (atheris, libFuzzer).

    python -m tests.fuzzing --seconds 600 --keep

The seconds are shared by the targets. What raises something else than a refusal in our words is printed
and is a failure; `--keep` keeps some of the inputs that took a way that none before them had taken.
"""

import argparse
import base64
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzzing.corpus import keep, kept
from tests.fuzzing.targets import TARGETS
from tests.service import REPOSITORY

_LARGEST = 20_000
_RUN = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_REACHED = re.compile(r"cov: (\d+) ft: (\d+)")


def main() -> None:
    """Fuzz, print a line per target, and exit with 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep some inputs that took a new way")
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("led by coverage, it takes atheris, which there is for Linux on x86-64 only")
        return
    names = asked.targets or list(TARGETS)
    found = [
        _fuzz(name, max(1, asked.seconds // len(names)), asked.seed, asked.keep) for name in names
    ]
    sys.exit(1 if any(found) else 0)


def _fuzz(name: str, seconds: int, seed: int, keeps: bool) -> bool:
    """Fuzz a target; return whether anything was found."""
    from tests.fuzzing.seeds import sound

    with tempfile.TemporaryDirectory() as top:
        begun = Path(top) / "begun"
        begun.mkdir()
        for n, data in enumerate([*sound(name), *kept(name)]):
            (begun / f"seed-{n}").write_bytes(data)
        said = _run(
            name, top, [f"-max_total_time={seconds}", f"-max_len={_LARGEST}", f"-seed={seed}",
                   "-print_final_stats=1", f"-artifact_prefix={top}/failed-", str(begun)],
        )  # fmt: skip
        if keeps:
            added = {path.read_bytes() for path in begun.iterdir() if path.name[:5] != "seed-"}
            keep(name, added | set(kept(name)))
        failed = list(Path(top).glob("failed-*"))
        n_run = _RUN.findall(said)
        reached = _REACHED.findall(said)
        print(
            f"{name:18} {int(n_run[-1]) if n_run else 0:12,} inputs  "
            f"{reached[-1][0] if reached else 0:>6} edges  {len(kept(name)):4} kept  "
            f"{'FAILED' if failed or not n_run else 'nothing found'}",
            flush=True,
        )
        for path in failed:
            why = said[max(0, said.find("=== Uncaught")) :][:4_000]
            print(f"{why}\n{path.name}: {base64.b64encode(path.read_bytes()).decode()}", flush=True)
        return bool(failed) or not n_run


def _run(name: str, folder: str, arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing.led", name, *arguments],
        cwd=REPOSITORY, env=os.environ | {"TMPDIR": folder},
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
