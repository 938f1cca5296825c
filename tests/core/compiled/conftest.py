from pathlib import Path

import pytest

from hatch_build import NoCompilerError, build
from recsvc.core.compiled.kernels import Kernels, opened


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """The kernels, built from this source; without a compiler there is nothing to compare."""
    try:
        return opened(build(Path(tmp_path_factory.mktemp("kernels"))))
    except NoCompilerError as exc:
        pytest.skip(f"the kernels cannot be built here: {exc}")
