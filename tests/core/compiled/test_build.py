"""The kernels are built where a compiler is; nothing else is taken for them, and nothing needs them."""

import sys
from pathlib import Path

import pytest

import hatch_build
from recsvc.core import compiled
from recsvc.core.compiled.kernels import NotBuiltError, opened


def test_without_a_library_numpy_computes_and_why_is_said(tmp_path):
    with pytest.raises(NotBuiltError, match="for want of a C compiler"):
        opened(tmp_path / "_kernels.so")

    with compiled.computing_with(None):
        assert compiled.kernels() is None
        assert compiled.which()[0] == "numpy"


def test_a_setting_leaves_the_work_to_numpy(kernels):
    with compiled.computing_with(kernels):
        compiled.use(is_wanted=False)
        assert compiled.kernels() is None
        assert compiled.which() == ("numpy", "RECSVC_COMPILED says so")


@pytest.mark.parametrize("content", [b"", b"\x7fELF and nothing else", b"#!/bin/sh\n"])
def test_what_is_no_library_is_not_taken_for_one(tmp_path, content):
    library = tmp_path / "_kernels.so"
    library.write_bytes(content)

    with pytest.raises(NotBuiltError):
        opened(library)


def test_a_library_of_another_source_is_not_taken(kernels, tmp_path):
    source = tmp_path / "kernels.c"
    source.write_text("unsigned kernels_stamp(void) { return 1; }\n")
    library = hatch_build.build(tmp_path, source=source)

    with pytest.raises(NotBuiltError, match="another version"):
        opened(library)


@pytest.mark.parametrize("command", [f"{sys.executable} -c exit(3)", "/no/such/compiler"])
def test_a_compiler_that_fails_costs_the_kernels_and_nothing_else(monkeypatch, tmp_path, command):
    monkeypatch.setenv("CC", command)

    with pytest.raises(hatch_build.NoCompilerError):
        hatch_build.build(tmp_path)

    assert list(Path(tmp_path).iterdir()) == [], "nothing half made is left"
