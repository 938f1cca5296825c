"""The npm package as front ends use it: packed, installed, typed, bundled, and at work in a browser."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.service import REPOSITORY, wait_until
from tests.web.host import PAPERS, Host
from tests.web.test_widget import kinds

pytestmark = [pytest.mark.web, pytest.mark.slow]

REACT = """
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { RecsvcFeed } from "recsvc-embed/react";
const heard = (event: CustomEvent<{ item: string; on: boolean }>) => {
  document.title = `${event.detail.item} ${event.detail.on}`;
};
createRoot(document.getElementById("app")!).render(
  createElement(
    RecsvcFeed,
    { api: API, user: "npm-react", list: "trending", limit: 3, more: true, onVote: heard },
    "Fallback",
  ),
);
"""
VUE = """
import { createApp, h } from "vue";
import { RecsvcFeed } from "recsvc-embed/vue";
const heard = (event: CustomEvent<{ item: string; on: boolean }>) => {
  document.title = `${event.detail.item} ${event.detail.on}`;
};
const asked = { api: API, user: "npm-vue", list: "trending", limit: 3, more: true } as const;
createApp({
  render: () => h(RecsvcFeed, { ...asked, onVote: heard }, () => "Fallback"),
}).mount("#app");
"""
PLAIN = """
import "recsvc-embed/elements";
import { Recsvc } from "recsvc-embed";
const feed = document.querySelector("recsvc-feed")!;
feed.token = () => fetch("/token").then((answer) => answer.text());
feed.addEventListener("recsvc-vote", (event) => console.log(event.detail.item, event.detail.on));
new Recsvc(API, { key: "k" }).search("x", { facets: true }).then(({ search }) => search.found.toFixed());
"""
PROGRAMS = {"react": REACT, "vue": VUE, "plain": PLAIN}
DECLARED = "declare const API: string;\n"
WRONG = {
    "react": 'import { RecsvcFeed as F } from "recsvc-embed/react"; F({ api: "x", list: "no" });',
    "vue": """
import { h } from "vue";
import { RecsvcFeed } from "recsvc-embed/vue";
h(RecsvcFeed, { api: 1 });
""",
}
TSC = [
    "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022",
    "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable",
]  # fmt: skip


@pytest.fixture(scope="module")
def front_end(node_modules: Path) -> Path:
    """A folder into which the package was installed as npm packed it, and three programs that use it."""
    packed = subprocess.run(
        [sys.executable, "npm/pack.py", node_modules],
        cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    folder = node_modules / "node_modules" / "recsvc-embed"
    with tarfile.open(packed.stdout.strip()) as archive:
        archive.extractall(node_modules / "unpacked", filter="data")
    (node_modules / "unpacked" / "package").rename(folder)
    for name, text in PROGRAMS.items():
        (node_modules / f"{name}-app.ts").write_text(DECLARED + text)
    return node_modules


def complaints(front_end: Path, node: str, programs: list[str]) -> str:
    """What the TypeScript compiler says of programs."""
    return subprocess.run(
        [node, *TSC, *programs], cwd=front_end, capture_output=True, text=True
    ).stdout


def test_programs_compile_and_mistakes_do_not(front_end: Path, node: str):
    for name, text in WRONG.items():
        (front_end / f"wrong-{name}.ts").write_text(text)

    assert complaints(front_end, node, [f"{name}-app.ts" for name in PROGRAMS]) == ""
    said = complaints(front_end, node, [f"wrong-{name}.ts" for name in WRONG])
    assert all(f"wrong-{name}.ts" in said for name in WRONG)


def published(host: Host, node: str, folder: Path, path: str) -> str:
    """Build a folder with Vite, put what comes out on a host, and return where its page is."""
    done = subprocess.run(
        [node, "../node_modules/vite/bin/vite.js", "build"],
        cwd=folder, capture_output=True, text=True, env=os.environ | {"NODE_ENV": "production"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for file in (folder / "dist" / "assets").iterdir():
        host.put(f"{path}assets/{file.name}", file.read_text(), "text/javascript")
    return host.put(path, (folder / "dist" / "index.html").read_text())


@pytest.mark.parametrize("name", ["react", "vue"])
def test_a_bundle_logs_a_vote_and_shows_it(front_end, node, papers, host, visit, name):
    folder = front_end / f"bundle-{name}"
    folder.mkdir()
    api = f"const API = {json.dumps(str(papers.http.base_url))};\n"
    (folder / "app.ts").write_text(api + PROGRAMS[name])
    script = '<script type="module" src="/app.ts"></script>'
    (folder / "index.html").write_text(f'<!doctype html><div id="app"></div>{script}')
    (folder / "vite.config.js").write_text('export default { base: "./" };')

    page = visit(published(host, node, folder, f"/{name}/"))
    button = page.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}")
    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_title(f"{PAPERS[0]['id']} true")
    wait_until(lambda: "upvote" in kinds(papers, f"npm-{name}"), "the vote arrives")
    expect(page.get_by_role("button", name="Show more")).to_be_visible()
    assert page.lines == []


def test_the_vite_react_application_logs_a_vote_and_redraws(front_end, node, papers, host, visit):
    folder = front_end / "vite_react"
    shutil.copytree(REPOSITORY / "examples" / "vite_react", folder)
    (folder / ".env").write_text(f"VITE_RECSVC_URL={papers.http.base_url}\n")

    page = visit(published(host, node, folder, "/vite/") + "?reader=vite-reader")
    own, trending = (page.get_by_role("region", name=name) for name in ("For you", "Trending"))
    expect(own.get_by_role("link", name=PAPERS[0]["title"])).to_be_visible()
    trending.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}").click()

    expect(page.get_by_role("status")).to_have_text(f"1 upvoted: {PAPERS[0]['id']}")
    expect(own.locator("[part=reasons]").first).to_contain_text("Because you upvoted")
    expect(own.get_by_role("link", name=PAPERS[0]["title"])).to_have_count(0)
    assert kinds(papers, "vite-reader").count("upvote") == 1
    assert page.lines == []
