"""Every page in light and dark, wide and on a phone: accessible, no wider than the screen, at rest."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.service import Service
from tests.web.conftest import SCREENSHOTS
from tests.web.site import FORMULAE

pytestmark = pytest.mark.web

PAGES = {
    "home": "/",
    "for-you": "/for-you",
    "daily": "/daily/2025-12-09",
    "daily-empty": "/daily/2025-12-07",
    "weekly": "/weekly",
    "monthly": "/monthly",
    "trending": "/trending",
    "search": "/search",
    "search-found": "/search?q=attention&topic=attention&sort=new",
    "search-nothing": "/search?q=zzzzqqqq",
    "paper": f"/papers/{FORMULAE.replace('/', '%2F')}",
    "you": "/you",
    "saved": "/saved",
    "embed": "/embed",
    "subscribe": "/subscribe",
    "reference": "/schema#recordEvents",
    "console": "/console",
    "console-models": "/console/models",
    "console-experiments": "/console/experiments",
    "console-reader": "/console/reader?user=voter-0&item=attention-2",
    "console-operations": "/console/operations",
    "console-sign-in": "/console/sign-in",
    "missing": "/nowhere",
}
SHAPES = {"light": (1280, 900), "dark": (390, 844)}

# What WCAG 1.4.10 asks every page to fit.
NARROWEST = 320

# Everything that moves after it was painted, unless a reader's own doing moved it.
_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value);
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture(scope="module")
def axe(node_modules: Path) -> str:
    return (node_modules / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(params=list(SHAPES))
def reader(site: Service, browser: Browser, request) -> Iterator[tuple[str, BrowserContext]]:
    """A reader with something on every part of their page."""
    width, height = SHAPES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=request.param,
        base_url=str(site.http.base_url),
    )
    context.add_init_script(_SHIFTS)
    doings = [
        ("/vote", {"item": "attention-2", "kind": "upvote"}),
        ("/vote", {"item": "diffusion-7", "kind": "hide"}),
        ("/vote", {"item": "attention-3", "kind": "save"}),
        ("/you/preferences", {"kind": "topics", "name": "attention", "stance": "follow"}),
        ("/you/preferences", {"kind": "words", "name": "w" * 60, "stance": "mute"}),
        ("/you/address", {"wanted": "make"}),
    ]
    for path, form in doings:
        assert context.request.post(path, form=form).ok
    yield request.param, context
    context.close()


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{v['id']}: {n['html'][:200]} {n['failureSummary']}" for v in found for n in v["nodes"]
    ]


def after_the_first_paint(route: Route) -> None:
    """Let a script come as late as over a slow network: what it moves, it moves visibly."""
    time.sleep(0.2)
    route.continue_()


def test_every_page_is_accessible_fits_and_stays_where_it_is(reader, axe):
    scheme, context = reader
    width, height = SHAPES[scheme]
    page = context.new_page()
    page.route("**/*.js", after_the_first_paint)
    complaints: list[str] = []
    page.on(
        "console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    wrong: dict[str, list[str]] = {}

    for name, path in PAGES.items():
        page.goto(path)
        page.screenshot(path=SCREENSHOTS / f"site-{name}-{scheme}.png", full_page=True)
        faults = violations(page, axe)
        faults += [f"moved by {value}" for value in page.evaluate("window.shifts")]
        page.set_viewport_size({"width": NARROWEST, "height": height})
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > NARROWEST:
            faults.append(f"{found} px wide")
        page.set_viewport_size({"width": width, "height": height})
        if name != "missing":  # the browser itself reports that answer
            faults += complaints
        complaints.clear()
        if faults:
            wrong[name] = faults

    assert not wrong, "\n".join(f"{name}: {one}" for name, each in wrong.items() for one in each)
