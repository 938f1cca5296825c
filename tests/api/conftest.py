from collections.abc import Iterator

import pytest

from tests.secured import Secured, secure


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A running service that wants credentials; calls come from addresses of their own."""
    found = secure(tmp_path_factory.mktemp("secured") / "data")
    yield found
    found.service.stop()
    found.service.http.close()
