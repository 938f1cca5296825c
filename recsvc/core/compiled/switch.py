"""Which runs in this process: the library, or numpy because it is not there or was switched off."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from recsvc.core.compiled.kernels import Kernels, NotBuiltError, opened

Found = tuple[Kernels | None, str]

_chosen: Found | None = None  # None: whatever there is


def use(*, is_wanted: bool) -> None:
    """Compute with the library from now on in this process, where it is there; or with numpy."""
    global _chosen
    _chosen = None if is_wanted else (None, "RECSVC_COMPILED says so")


@contextmanager
def computing_with(kernels: Kernels | None) -> Iterator[None]:
    """Compute with some kernels meanwhile, or with numpy: to compare them."""
    global _chosen
    before, _chosen = _chosen, (kernels, "asked for")
    try:
        yield
    finally:
        _chosen = before


def kernels() -> Kernels | None:
    """Return what computes; None: numpy does."""
    return (_chosen or _found())[0]


def which() -> tuple[str, str]:
    """Return what computes, `compiled` or `numpy`, and for people why it is no other."""
    found, why = _chosen or _found()
    return ("numpy" if found is None else "compiled"), why


@cache
def _found() -> Found:
    try:
        return opened(), "the kernels were built here"
    except NotBuiltError as exc:
        return None, str(exc)
