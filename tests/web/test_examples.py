"""The examples, run as their readers would run them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.service import REPOSITORY, Service, environment, free_port, wait_until
from tests.web.host import PAPERS
from tests.web.test_widget import kinds, logged

pytestmark = pytest.mark.web

EXAMPLES = REPOSITORY / "examples"


def address(service: Service) -> str:
    return str(service.http.base_url)


@pytest.fixture
def server_rendered(papers, tmp_path: Path) -> Iterator[str]:
    """The server-rendered host, running; what it logs is shown when a test fails."""
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, EXAMPLES / "server_rendered" / "app.py"],
            env=environment() | {"RECSVC_URL": address(papers), "PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return httpx.get(url).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(answers, "the site answers", 30)
    yield url
    process.terminate()
    process.wait(20)


def test_a_server_rendered_site_works_without_scripts(server_rendered, papers, visit):
    page = visit("about:blank", java_script_enabled=False)
    page.context.add_cookies([{"name": "reader", "value": "ssr-reader", "url": server_rendered}])
    page.goto(server_rendered)
    titles = page.locator("li a").all_text_contents()
    assert PAPERS[0]["title"] in titles

    page.locator("li", has_text=PAPERS[0]["title"]).get_by_role("button").click()

    expect(page.locator("li a", has_text=PAPERS[0]["title"])).to_have_count(0)
    expect(page.locator("li small").first).to_contain_text("Because you upvoted")
    wait_until(lambda: "impression" in kinds(papers, "ssr-reader"), "views arrive")
    vote = next(e for e in logged(papers, "ssr-reader") if e.kind == "upvote")
    assert vote.feed_id
    assert vote.position == titles.index(PAPERS[0]["title"])


def test_a_click_goes_to_the_paper_and_is_noted(server_rendered, papers):
    papers.settled()
    with httpx.Client(cookies={"reader": "ssr-clicker"}) as http:
        answer = http.get(
            f"{server_rendered}/go",
            params={"item": PAPERS[0]["id"], "feed_id": "f", "position": 3},
        )

    assert answer.headers["location"] == PAPERS[0]["url"]
    wait_until(lambda: kinds(papers, "ssr-clicker") == ["click"], "the click arrives")


def test_a_single_page_application_reflects_a_vote_at_once(papers, host, visit):
    for name, kind in (("index.html", "text/html"), ("app.js", "text/javascript")):
        text = (EXAMPLES / "single_page" / name).read_text()
        host.put(f"/app/{name}", text.replace("http://127.0.0.1:8000", address(papers)), kind)
    page = visit(f"{host.origin}/app/index.html")
    page.get_by_label("Reader").fill("spa-reader")
    with page.expect_response("**/v1/feed?user=spa-reader*"):
        page.get_by_role("button", name="Read").click()
    card = page.locator("li", has_text=PAPERS[0]["title"])

    card.get_by_role("button").click()

    expect(page.locator("li a", has_text=PAPERS[0]["title"])).to_have_count(0)
    expect(page.locator("li small").first).to_contain_text("Because you upvoted")
    wait_until(lambda: "impression" in kinds(papers, "spa-reader"), "views arrive")
    assert kinds(papers, "spa-reader").count("upvote") == 1
    assert page.lines == []


def test_a_static_site_is_complete_without_scripts_and_personal_with_them(
    papers, host, visit, tmp_path, shot
):
    out = tmp_path / "dist"
    done = subprocess.run(
        [sys.executable, EXAMPLES / "static_site" / "build.py"],
        env=os.environ | {"RECSVC_URL": address(papers), "OUT": str(out)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for file in out.iterdir():
        kind = "text/css" if file.suffix == ".css" else "text/html; charset=utf-8"
        host.put(f"/static/{file.name}", file.read_text(), kind)

    plain = visit(f"{host.origin}/static/index.html", java_script_enabled=False)
    plain.get_by_role("link", name=PAPERS[2]["title"]).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text(PAPERS[2]["title"])
    assert plain.get_by_text("upvotes").is_visible()

    page = visit(f"{host.origin}/static/index.html")
    page.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}").click()
    page.get_by_role("button", name="Update this list").click()
    expect(page.locator("recsvc-feed [part=reasons]").first).to_contain_text("Because you upvoted")
    page.goto(plain.url)
    page.get_by_role("button", name=f"Upvote {PAPERS[2]['title']}").wait_for()
    assert page.lines == []
    shot(page, "static-site-paper")
