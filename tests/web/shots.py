"""`make screenshots`: every page as a phone and a desk show it, light and dark, for people to look at.

Of the demo, or of the files given (`python -m tests.web.shots FILE …`), which `recsvc import` reads.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.service import Service
from tests.web.conftest import ARGUMENTS, SCREENSHOTS

WIDTHS = {"phone": (390, 844), "desk": (1440, 900)}
SCHEMES = ("light", "dark")


def main() -> None:
    """Make the pictures and say where they are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--to", type=Path, default=SCREENSHOTS / "pages")
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on this machine")
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", demo="false" if asked.files else "true").start()
        try:
            if asked.files:
                done = service.run("import", *map(str, asked.files))
                assert done.returncode == 0, done.stderr
            service.settled()
            asked.to.mkdir(parents=True, exist_ok=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
                for width in WIDTHS:
                    for scheme in SCHEMES:
                        _shoot(browser, service, asked.to, width, scheme)
                browser.close()
        finally:
            service.stop()
            service.http.close()
    print(asked.to)


def _shoot(browser: Browser, service: Service, to: Path, width: str, scheme: str) -> None:
    context = browser.new_context(
        viewport=dict(zip(("width", "height"), WIDTHS[width], strict=True)),
        color_scheme=scheme,
        base_url=str(service.http.base_url),
        is_mobile=width == "phone",
        has_touch=width == "phone",
    )
    page = context.new_page()
    for name, path in _pages(service).items():
        if name == "for-you-voted":  # from here on as somebody who did something
            for kind, item in zip(("upvote", "save", "upvote"), _some(service), strict=False):
                context.request.post("/vote", form={"kind": kind, "item": item})
        page.goto(path, wait_until="networkidle")
        page.screenshot(path=to / f"{name}-{width}-{scheme}.png")
    context.close()


def _some(service: Service) -> list[str]:
    return service.ids("/v1/new", limit=3)


def _pages(service: Service) -> dict[str, str]:
    (item, *_) = _some(service)
    return {
        "home": "/", "for-you": "/for-you", "daily": "/daily", "weekly": "/weekly",
        "monthly": "/monthly", "trending": "/trending", "search": "/search",
        "search-found": "/search?q=the+language+attenton", "search-nothing": "/search?q=zzqq",
        "paper": f"/papers/{item}", "you-new": "/you", "subscribe": "/subscribe", "embed": "/embed",
        "frame": "/embed/feed?list=trending&reasons=true&excerpt=true&heading=Trending",
        "missing": "/nowhere", "empty": "/daily/2020-01-01",
        "reference": "/schema", "mail": "/digest/preview?view=html", "mail-links": "/preferences",
        "console": "/console", "console-models": "/console/models",
        "console-experiments": "/console/experiments", "console-operations": "/console/operations",
        "console-reader": "/console/reader?user=simulated-reader",
        "for-you-voted": "/for-you", "home-voted": "/", "saved": "/saved", "you": "/you?link=true",
    }  # fmt: skip


if __name__ == "__main__":
    main()
