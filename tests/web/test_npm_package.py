"""The npm package as front ends use it: packed, installed, typed, bundled, and at work in a browser."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.service import REPOSITORY, wait_until
from tests.web.host import PAPERS
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


@pytest.mark.parametrize("name", ["react", "vue"])
def test_a_bundle_logs_a_vote_and_shows_it(front_end, node, papers, host, visit, name):
    done = subprocess.run(
        [
            node, "node_modules/esbuild/bin/esbuild", f"{name}-app.ts", "--bundle", "--format=esm",
            "--splitting", f"--outdir=out-{name}",
            f"--define:API={json.dumps(str(papers.http.base_url))}",
            '--define:process.env.NODE_ENV="production"',
        ],
        cwd=front_end, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for file in (front_end / f"out-{name}").iterdir():
        host.put(f"/{name}/{file.name}", file.read_text(), "text/javascript")
    script = f'<script type="module" src="/{name}/{name}-app.js"></script>'

    page = visit(host.put(f"/{name}/", f'<!doctype html><div id="app"></div>{script}'))
    button = page.get_by_role("button", name=f"Upvote {PAPERS[0]['title']}")
    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_title(f"{PAPERS[0]['id']} true")
    wait_until(lambda: "upvote" in kinds(papers, f"npm-{name}"), "the vote arrives")
    expect(page.get_by_role("button", name="Show more")).to_be_visible()
    assert page.lines == []
