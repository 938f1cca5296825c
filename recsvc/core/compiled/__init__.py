"""The compiled core: the hot loops of ranking in C, and whether they are there.

numpy decides what is right: every kernel stands behind a function of the core that computes the same
with numpy, and does where there is no library. It is built when recsvc is installed (`hatch_build.py`),
if the machine has a compiler.
"""

from recsvc.core.compiled.switch import computing_with, kernels, use, which

__all__ = ["computing_with", "kernels", "use", "which"]
