"""Programs of other people that tests need."""

import os
import shutil

import pytest


def required(name: str) -> str:
    """The path of a program: tests skip without it, except in CI."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and os.environ.get("CI"):
        pytest.fail(f"no {name} on this machine, and CI requires it")
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found
