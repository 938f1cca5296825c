"""`recsvc evaluate` divides a log by time and says how every method did, with intervals."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from recsvc.core.ranking.voices import VOICES
from tests.cli.conftest import Cli
from tests.workers.training import world


@pytest.fixture
def files(cli: Cli) -> tuple[Path, Path]:
    """The small world as two files: events and items."""
    events = world.events().to_dicts()
    lines = ["user,item,kind,at"]
    lines += [f"{e['user']},{e['item']},upvote,{_instant(e['at_us'])}" for e in events]
    items = [{"id": i.id, "title": i.title} for i in world.items().values()]
    return (
        cli.file("events.csv", "\n".join(lines)),
        cli.file("items.jsonl", "\n".join(map(json.dumps, items))),
    )


def _instant(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat()


def test_every_method_is_measured_with_intervals_on_files(cli: Cli, files: tuple[Path, Path]):
    report = json.loads(cli.run("evaluate", *files, "--json", factors="16").stdout)

    by_name = {m["method"]: m for m in report["methods"]}
    heard = report["weights"]["linear"] > 0
    alone = [f"{voice.name} alone" for voice in VOICES if heard or voice.name != "linear"]
    windows = [f"popularity, {days}" for days in ("1 day", "3 days", "7 days")]
    opponents = ["popularity", *windows, "trending", "recency"]
    assert list(by_name) == ["the feed", "the feed, voices as set", *alone, *opponents]
    for method in by_name.values():
        for figure in method["figures"].values():
            assert 0 <= figure["low"] <= figure["mean"] <= figure["high"] <= 1
        assert 0 < method["coverage"] <= 1
    assert report["n_items"] == world.N_ITEMS
    assert by_name["the feed"]["difference"]["mean"] == 0
    # Readers keep to their subject, which neither popularity nor the titles tell.
    for blind in ("content alone", *opponents):
        assert by_name[blind]["difference"]["low"] > 0
    assert sum(s["n"] for s in report["by_length"]) == report["n_readers"]
    assert cli.n_events() == 0


def test_the_same_log_through_the_store_gives_the_same_figures(cli: Cli, files: tuple[Path, Path]):
    of_files = json.loads(cli.run("evaluate", *files, "--json", factors="16").stdout)
    cli.run("import", *files)

    own = json.loads(cli.run("evaluate", "--json", factors="16").stdout)

    assert own["n_events"] == of_files["n_events"]
    assert own["n_readers"] == of_files["n_readers"]
    recall = [
        next(m for m in r["methods"] if m["method"] == "similar alone")["figures"]["recall@20"][
            "mean"
        ]
        for r in (own, of_files)
    ]
    assert recall[0] == pytest.approx(recall[1], abs=0.03)  # rows, which ties fall back on, differ


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for n, v in attrs if n in ("src", "href", "srcset")]


def test_the_report_is_one_page_with_plots_light_and_dark_that_needs_no_network(
    cli: Cli, files: tuple[Path, Path]
):
    target = cli.folder / "report.html"

    done = cli.run("evaluate", *files, "--html", target, factors="16")

    assert "popularity" in done.stdout
    text = target.read_text()
    page = _Page()
    page.feed(text)
    assert page.tags.count("svg") == 3
    assert page.addresses == []
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)
    assert "prefers-color-scheme:dark" in text


def test_a_log_that_cannot_be_divided_is_refused_in_a_sentence(cli: Cli):
    one = cli.file("one.csv", "user,item,kind\nann,a,upvote\n")

    done = cli.run("evaluate", one)

    assert done.exit_code == 2
    assert "both before and after" in done.stderr
