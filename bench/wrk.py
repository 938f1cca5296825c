"""`wrk`, and what it says."""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """What one run measured."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def run(url: str, script: str, seconds: float, connections: int = 32) -> Load:
    """Drive a URL for some seconds from one thread of its own process."""
    if shutil.which("wrk") is None:
        sys.exit("the benchmark needs `wrk` (Debian package wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        Path(file.name).write_text(script)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{int(seconds)}s", "--latency",
                   "-s", file.name, url]  # fmt: skip
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    errors = int(wrong[1]) if wrong else 0
    errors += sum(map(int, broken.groups())) if broken else 0
    return Load(
        float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
        _ms(re.search(r"50%\s+([\d.]+)(\w+)", out)),
        _ms(re.search(r"99%\s+([\d.]+)(\w+)", out)),
        errors,
    )


def _ms(match: re.Match[str]) -> float:
    return float(match[1]) * _UNITS_MS[match[2]]
