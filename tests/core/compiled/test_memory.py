"""Whatever stands in an array, no kernel reads or writes outside of it."""

import subprocess
from pathlib import Path

import pytest

from hatch_build import FLAGS, FOLDER, SOURCES, NoCompilerError, compiler

_ROUNDS = 20_000
# What is looked for is wherever it is compiled for; half a second of optimising finds no more.
_SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def test_any_bytes_stay_within(tmp_path):
    try:
        command = [*compiler(), *FLAGS, *_SANITIZED, f"-I{FOLDER}"]
    except NoCompilerError as exc:
        pytest.skip(str(exc))
    program = tmp_path / "fuzz"
    sources = [Path(__file__).parent / "fuzz.c", *(FOLDER / name for name in SOURCES[1:])]
    command += ["-o", str(program), *map(str, sources), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode and ("sanitize" in built.stderr or "asan" in built.stderr):
        pytest.skip(f"this compiler has no sanitizers: {built.stderr[-300:]}")
    assert built.returncode == 0, built.stderr

    ran = subprocess.run([program, str(_ROUNDS), "7"], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= _ROUNDS / 2, "what is right was computed"
