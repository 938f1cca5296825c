import asyncio
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from recsvc.clock import now_us
from recsvc.sources import demo
from recsvc.store.bundled import BundledStore
from recsvc.store.connection import Redis, connect
from tests.cluster import Cluster
from tests.service import SEEDS, Service, wait_until

N_SEED_PAPERS = 444

# By default an example may take 0.2 s: that says more of what runs beside it than of the code.
settings.register_profile("beside others", deadline=None)
settings.load_profile("beside others")

# Who asks for one of these starts a server, a browser or Node: `make test-fast` leaves such tests out.
STARTERS = {"store_url", "service", "own_service", "new_service", "seeded", "chromium", "node"}


@pytest.hookimpl(trylast=True)  # after the order was drawn
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    n_starts: Counter[Path] = Counter()
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if STARTERS & fixtures:
            item.add_marker("server")
        n_starts[item.path] += 5 * ("new_service" in fixtures) + bool(STARTERS & fixtures)
    # Side by side, the longest modules begin: else one of them is what all wait for in the end.
    items.sort(key=lambda item: -n_starts[item.path])


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """A command that a test runs in this process sets how it logs and who may read its files."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server for tests that need no service around it; a cluster where that is asked for."""
    if os.environ.get("RECSVC_TEST_CLUSTER"):
        with Cluster(tmp_path_factory.mktemp("cluster")).running() as cluster:
            yield cluster.url
        return
    store = BundledStore(tmp_path_factory.mktemp("store"), "everysec")
    asyncio.run(store.start())
    yield store.url
    asyncio.run(store.stop())


@pytest.fixture
def empty_store_url(store_url: str) -> str:
    """The same server, with nothing left on it by other tests."""

    async def empty() -> None:
        client = connect(store_url)
        await client.flushall()
        await client.aclose()

    asyncio.run(empty())
    return store_url


@pytest.fixture
async def redis(store_url: str) -> AsyncIterator[Redis]:
    """A connection to an empty server."""
    client = connect(store_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service that everybody shares: tests use items, topics and users of their own."""
    yield from running(tmp_path_factory)


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service for a module whose tests speak of the whole catalogue."""
    yield from running(tmp_path_factory)


def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service(tmp_path_factory.mktemp("service") / "data").start()
    yield started
    started.stop()
    started.http.close()


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes services that a test may stop, kill and start again."""
    made: list[Service] = []

    def make(**settings: object) -> Service:
        made.append(Service(tmp_path / f"data{len(made)}", **settings))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.stop()
        one.http.close()


@pytest.fixture(scope="session")
def seeds() -> list[Path]:
    """The saved pages that the importer was written for."""
    if not SEEDS.is_dir():
        pytest.skip(f"no saved pages at {SEEDS}")
    return sorted(SEEDS.glob("*.txt"))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with papers in its catalogue: the saved pages, or else the demo's titles."""
    running = Service(
        tmp_path_factory.mktemp("seeded") / "data",
        train_pause_s="0.5",
        train_every_s=1,
        train_share=1,
    ).start()
    if SEEDS.is_dir():
        done = running.run("import", "--year", "2025", *map(str, sorted(SEEDS.glob("*.txt"))))
        assert done.returncode == 0, done.stderr
        wait_until(lambda: running.get("/v1/stats")["items"] == N_SEED_PAPERS, "all are listed")
    else:
        papers = demo.papers(now_us())
        running.put_all([{"id": paper.id, "title": paper.title} for paper in papers])
    yield running
    running.stop()
    running.http.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a real browser: tests skip without one, except in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("CI"):
        pytest.fail("no Chromium on this machine, and CI requires it")
    pytest.skip("no Chromium on this machine")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node 20 or newer, npm beside it: tests skip without it, except in CI."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if int(version.strip().lstrip("v").partition(".")[0]) >= 20:
            return found
    if os.environ.get("CI"):
        pytest.fail("no Node 20 with npm on this machine, and CI requires it")
    pytest.skip("no Node 20 with npm on this machine")


@pytest.fixture(scope="session")
def node_modules(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of tests/node in its node_modules."""
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).parent / "node" / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"npm cannot install the packages: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    return folder
