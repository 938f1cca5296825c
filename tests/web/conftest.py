from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.service import REPOSITORY, Service
from tests.web.host import PAPERS, Host
from tests.web.site import started

SCREENSHOTS = REPOSITORY / "tests" / "web" / "screenshots"

# Without the switches for background networking, Chromium asks its maker's servers at every start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser per module: while one runs, its event loop keeps asyncio from others."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which anything the console complains about fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    one = context.new_page()
    complaints: list[str] = []
    one.on(
        "console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None
    )
    one.on("pageerror", lambda error: complaints.append(str(error)))
    yield one
    context.close()
    assert not complaints


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages as new readers, with whatever a browser context can be told."""
    contexts: list[BrowserContext] = []

    def open_page(url: str, **options: object) -> Page:
        contexts.append(
            browser.new_context(**({"viewport": {"width": 900, "height": 700}} | options))
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.lines = []  # type: ignore[attr-defined]
        page.on("console", lambda line: page.lines.append(line.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.lines.append(f"uncaught: {error}"))  # type: ignore[attr-defined]
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A site of another origin."""
    made = Host()
    yield made
    made.close()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with a few papers that somebody has voted for; its log stays in the store."""
    service = Service(tmp_path_factory.mktemp("papers") / "data", archive_every_s=3600).start()
    done = service.put_all(PAPERS)
    assert not done["rejected"], done
    for n, paper in enumerate(PAPERS[:5]):
        for voter in range(5 - n):
            service.act(f"voter-{voter}", "upvote", paper["id"])
    service.settled()
    yield service
    service.stop()
    service.http.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running site with two days of papers; each test reads it as somebody new."""
    service = started(tmp_path_factory.mktemp("site") / "data")
    yield service
    service.stop()
    service.http.close()


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Saves what a page looks like."""

    def save(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return save
