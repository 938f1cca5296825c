from collections.abc import Iterator

import pytest

from tests.doors.seen import Seen
from tests.service import Service

# Gorse has no word for reading with seconds: its `read` says that something was shown.
FEEDBACK = '{"reading": "read", "purchase": "save", "glance": "impression"}'


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for every door: each brings readers and items of its own."""
    # Nothing leaves the log for the archive meanwhile: the tests look at it.
    running = Service(
        tmp_path_factory.mktemp("doors") / "data", gorse_feedback=FEEDBACK, archive_every_s=3_600
    ).start()
    yield running
    running.stop()
    running.http.close()


@pytest.fixture(scope="session")
def seen(house: Service) -> Iterator[Seen]:
    found = Seen(house)
    yield found
    found.close()
