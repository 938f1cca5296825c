"""`recsvc import FILE...`: what a person sees, and what is in the store afterwards."""

import gzip
import json
import os
import re
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.service import Service, recsvc
from tests.sources.reading import FORMATS

LIBRARY = """
@article{a, title = {Attention is all you need}, eprint = {1706.03762},
  date-added = {2024-05-06T07:08:09Z}}
@article{b, title = {Pointer  networks}, date-added = {2023-01-02}}
@article{c, title = {By its DOI}, doi = {10.1000/ABC}}
@article{d, title = {Nobody knows it}, author = {Ann A.}}
"""


def jsonl(*rows: dict) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def papers(cli: Cli) -> Path:
    return cli.file(
        "papers.jsonl",
        jsonl(
            {"id": "1706.03762", "title": "Attention Is All You Need"},
            {"id": "pointer-networks", "title": "Pointer Networks"},
            {"id": "site-7", "title": "Elsewhere", "aliases": ["10.1000/abc"]},
        ),
    )


def test_the_saved_pages_give_444_papers_and_importing_twice_changes_nothing(
    cli: Cli, seeds: list[Path]
):
    first = cli.run("import", "--year", 2025, *seeds)
    stored = cli.items()
    again = cli.run("import", *seeds, "--year", 2025)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout == (
        "457 read: 444 new, 0 changed, 0 unchanged, 13 duplicate, 0 not understood\n"
    )
    assert again.stdout == (
        "457 read: 0 new, 0 changed, 444 unchanged, 13 duplicate, 0 not understood\n"
    )
    assert cli.items() == stored
    assert len(stored) == 444
    assert {item["origin"] for item in stored.values()} == {"seed-pages"}


ITEMS = jsonl({"id": "a", "title": "A paper"}, {"id": "b", "title": "Another"}).encode()


@pytest.mark.parametrize("sent", [ITEMS, gzip.compress(ITEMS)], ids=["plain", "gzip"])
def test_what_comes_through_a_pipe_is_read_as_a_file_is(cli: Cli, sent: bytes):
    pipe = cli.folder / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_bytes, args=[sent])
    writing.start()

    piped = cli.run("import", pipe)
    writing.join()
    again = cli.run("import", "-", stdin=sent)

    assert piped.stdout == "2 read: 2 new, 0 changed, 0 unchanged, 0 duplicate, 0 not understood\n"
    assert again.stdout == "2 read: 0 new, 0 changed, 2 unchanged, 0 duplicate, 0 not understood\n"


def test_what_is_wrong_with_standard_input_is_said_of_it(cli: Cli):
    done = cli.run("import", "-", stdin=b"")

    assert done.exit_code == 1
    assert "standard input: the file is empty" in done.stderr


def test_a_dry_run_says_the_same_and_writes_nothing(cli: Cli, seeds: list[Path]):
    done = cli.run("import", "--dry-run", "--year", 2025, *seeds)

    assert done.stdout.startswith("457 read: 444 would be new, 0 would be changed, 0 unchanged, 13")
    assert cli.redis.dbsize() == 0


def test_a_missing_year_is_said(cli: Cli, seeds: list[Path]):
    done = cli.run("import", seeds[2])

    assert done.exit_code == 0
    assert "the page's date 'Dec 9' names no year; give --year or --page-date" in done.stderr
    assert "17 papers' dates name no year; they are left out" in done.stderr
    dates = [i["published_at"] for i in cli.items().values() if i.get("published_at")]
    assert len(dates) == 30


def test_every_real_record_file_comes_in_and_changes_nothing_again(cli: Cli):
    if not FORMATS.is_dir():
        pytest.skip(f"no real records at {FORMATS}")
    files = [FORMATS / "arxiv_oai_arXivRaw_1000.xml", *FORMATS.glob("arxiv_atom/*testing*")]
    files += sorted(FORMATS.glob("semantic_scholar/*.yaml"))

    first, again = cli.summary("import", *files), cli.summary("import", *files)

    assert (first["read"], first["new"], first["duplicates"], first["problems"]) == (
        2210,
        2200,
        10,
        [],
    )
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2200)
    assert {"0811.36489", "0811.3649"} <= cli.items().keys()


def test_an_unknown_file_is_named_and_nothing_at_all_is_written(cli: Cli, papers: Path):
    unknown = cli.file("notes.txt", "Just some prose.\n")

    done = cli.run("import", papers, unknown)

    assert done.exit_code == 1
    assert f"{unknown}: none of the known formats (seed-pages, " in done.stderr
    assert "nothing was written" in done.stderr
    assert cli.redis.dbsize() == 0


def test_what_is_not_understood_is_named_and_the_rest_goes_in(cli: Cli):
    path = cli.file("items.csv", "id,title,comments\na,A,1\nb,B,many\nc,C,2\n")

    done = cli.run("import", path)

    assert done.exit_code == 1
    assert f"{path}:3: comments: not a whole number: 'many'" in done.stderr
    assert done.stdout.endswith(
        "2 read: 2 new, 0 changed, 0 unchanged, 0 duplicate, 1 not understood\n"
    )
    assert set(cli.items()) == {"a", "c"}


def test_a_paper_known_by_its_title_and_the_same_with_an_arxiv_id_are_one(cli: Cli, papers: Path):
    cli.run("import", papers)
    hf = [{"paper": {"id": "1506.03134v3", "title": "Pointer\nNetworks", "upvotes": 5,
                     "summary": "We point.", "authors": [], "discussionId": "x",
                     "publishedAt": "2015-06-09T20:00:00Z"}, "title": "Pointer Networks"}]  # fmt: skip
    path = cli.file("daily.json", json.dumps(hf))

    summary, again = cli.summary("import", path), cli.summary("import", path)

    assert (summary["new"], summary["changed"]) == (0, 1)
    assert again["unchanged"] == 1
    item = cli.items()["pointer-networks"]
    assert (item["aliases"], item["upvotes"], item["text"]) == (["1506.03134"], 5, "We point.")
    assert cli.aliases()["1506.03134"] == "pointer-networks"
    assert len(cli.items()) == 3


def test_two_items_that_a_record_shows_to_be_one_become_one(cli: Cli):
    old = cli.file("a.jsonl", jsonl({"id": "a", "title": "Nets", "aliases": ["10.1000/x"]}))
    new = cli.file("b.jsonl", jsonl({"id": "2001.00001", "title": "Nets, a preprint"}))
    cli.run("import", old, new)
    kaggle = {"id": "2001.00001", "title": "Nets, a preprint", "doi": "10.1000/X", "abstract": "We.",
              "categories": "cs.LG", "versions": []}  # fmt: skip

    cli.run("import", cli.file("kaggle.json", jsonl(kaggle)))

    (item,) = cli.items().values()
    assert item["id"] in ("a", "2001.00001")
    assert {item["id"], *item["aliases"]} == {"a", "2001.00001", "10.1000/x"}
    assert item["text"] == "We."


def test_an_item_with_too_many_names_is_reported_and_the_rest_goes_in(cli: Cli):
    names = [f"n{i}" for i in range(20)]
    cli.run("import", cli.file("a.jsonl", jsonl({"id": "a", "title": "A", "aliases": names})))
    rows = jsonl({"id": "b", "title": "B"}, {"id": "a", "title": "A", "aliases": ["n20"]})

    done = cli.run("import", cli.file("b.jsonl", rows))

    assert done.exit_code == 1
    assert "item 'a' has more than 20 aliases" in done.stderr
    assert set(cli.items()) == {"a", "b"}


def test_problems_without_end_are_counted_and_the_first_are_shown(cli: Cli):
    path = cli.file(
        "bad.jsonl", jsonl({"id": "a", "title": "A"}) + '{"id": 0.5, "title": "x"}\n' * 1200
    )

    done, summary = cli.run("import", path), cli.summary("import", path)

    assert done.stderr.count("bad.jsonl:") == 50
    assert "… and 1150 more" in done.stderr
    assert done.stdout.endswith("1200 not understood\n")
    assert (summary["n_problems"], len(summary["problems"])) == (1200, 1000)


def test_a_library_becomes_saves_of_the_day_they_were_added(cli: Cli, papers: Path):
    cli.run("import", papers)
    library = cli.file("library.bib", LIBRARY)

    done = cli.run("import", "--reader", "ann", library)
    again = cli.run("import", "--reader", "ann", library)

    assert done.exit_code == 0
    assert done.stdout == "4 in the library: 3 saved, 0 saved before, 1 not in the catalogue\n"
    assert f"not in the catalogue: {library}:6: Nobody knows it" in done.stderr
    assert again.stdout == "4 in the library: 0 saved, 3 saved before, 1 not in the catalogue\n"
    assert cli.n_events() == 3
    assert len(cli.items()) == 3


def test_a_librarys_other_papers_can_be_added(cli: Cli, papers: Path):
    cli.run("import", papers)

    summary = cli.summary("import", "--reader", "ann", "--add-items", cli.file("l.bib", LIBRARY))

    assert (summary["saved"], summary["new"], summary["not_in_catalogue"]) == (4, 1, [])
    assert cli.items()["nobody-knows-it"]["authors"] == ["Ann A."]


def test_a_library_without_a_reader_is_refused(cli: Cli):
    done = cli.run("import", cli.file("l.bib", LIBRARY))

    assert done.exit_code == 1
    assert "is a reader's library (bibtex): say whose with --reader USER" in done.stderr
    assert cli.redis.dbsize() == 0


def test_a_later_unsave_is_not_undone_by_importing_again(cli: Cli, papers: Path):
    cli.run("import", papers)
    library = cli.file("library.bib", LIBRARY)
    cli.run("import", "--reader", "ann", library)
    unsave = {"user": "ann", "item": "pointer-networks", "kind": "unsave"}
    cli.run("import", cli.file("unsave.jsonl", jsonl(unsave)))

    again = cli.summary("import", "--reader", "ann", library)

    assert (again["saved"], again["saved_before"]) == (0, 3)


def test_events_come_in_once_however_often_their_file_does(cli: Cli):
    rows = [{"user": "u", "item": "a", "kind": "click", "at": "2026-11-02T10:00:00Z"}] * 2
    rows += [{"user": "v", "item": "b", "kind": "star"}, {"user": "v", "item": "b", "kind": "buy"}]
    path = cli.file("events.jsonl", jsonl(*rows))

    done = cli.run("import", "--kind", "star=upvote", path)
    again = cli.summary("import", "--kind", "star=upvote", path)
    longer = cli.file("longer.jsonl", jsonl(*rows, {"user": "w", "item": "a", "kind": "click"}))
    third = cli.summary("import", "--kind", "star=upvote", longer)

    assert done.exit_code == 1
    assert f"{path}:4: unknown kind 'buy'; known are" in done.stderr
    assert "(--kind THEIRS=OURS)" in done.stderr
    assert done.stdout.startswith("3 events: 3 recorded, 0 known before\n"), "both clicks count"
    assert (again["events"], again["events_known"]) == (0, 3)
    assert (third["events"], third["events_known"]) == (1, 3)
    assert cli.n_events() == 4


def test_a_file_of_events_is_known_for_ever_not_for_days(cli: Cli):
    path = cli.file("events.jsonl", jsonl({"user": "u", "item": "a", "kind": "click"}))
    cli.run("import", path)
    for key in cli.redis.scan_iter("rs:*:ids:*"):
        cli.redis.delete(key)  # what happens by itself after some days

    assert cli.summary("import", path)["events_known"] == 1
    assert cli.summary("import", "--again", path)["events"] == 1


def test_events_by_an_alias_reach_the_item(cli: Cli, papers: Path):
    cli.run("import", papers)
    path = cli.file("events.csv", "who,what\nu,10.1000/abc\n")

    cli.run("import", "--column", "user=who", "--column", "item=what", "--set", "kind=upvote", path)

    (profile,) = cli.redis.scan_iter("rs:*:profile:u")
    assert set(cli.redis.hkeys(profile)) == {"", "\1", "\3", "site-7"}


def test_a_file_in_another_encoding(cli: Cli):
    path = cli.folder / "gbk.csv"
    path.write_bytes("id,title\na,注意力机制\n".encode("gbk"))

    refused = cli.run("import", path)
    cli.run("import", "--encoding", "gbk", path)

    assert "gbk.csv:2: not UTF-8 text; --encoding says what else it is" in refused.stderr
    assert cli.items()["a"]["title"] == "注意力机制"


@pytest.mark.parametrize(
    ("row", "bad"), [('{"id": "a%d", "title": "%s"}', b'{"id": "\xff"}'), ("a%d,%s", b"\xff,\xff")]
)
def test_lines_that_are_no_text_are_named_and_the_rest_goes_in(cli: Cli, row: str, bad: bytes):
    path = cli.folder / "late"
    rows = [row % (n, "A " * 400) for n in range(1500)]
    head = [] if row.startswith("{") else ["id,title"]
    path.write_bytes(
        "\n".join([*head, *rows, ""]).encode() + bad + b"\n" + (row % (9999, "B")).encode()
    )

    done = cli.run("import", path)

    assert done.exit_code == 1
    assert len(cli.items()) == 1501
    assert f"{path}:{1501 + len(head)}: not text in the encoding of the file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--column", "id"], "--column: 'id' is not of the form NAME=VALUE"),
        (["--page-date", "11 March"], "--page-date: '11 March' is not a date"),
    ],
)
def test_wrong_options_are_named(cli: Cli, papers: Path, arguments: list[str], said: str):
    done = cli.run("import", *arguments, papers)

    assert done.exit_code == 2
    assert said in done.stderr


def test_help_names_the_files_and_the_commands(cli: Cli):
    done = cli.run("import", "--help")

    assert re.search(r"recsvc import FILE", done.stdout)
    assert "hf-daily" in done.stdout
    assert "arxiv" in done.stdout


def test_on_a_running_service_and_on_a_stopped_one(new_service, tmp_path: Path):
    papers = tmp_path / "papers.jsonl"
    papers.write_text(jsonl({"id": "a", "title": "Attention"}))
    more = tmp_path / "more.jsonl"
    more.write_text(jsonl({"id": "b", "title": "More attention", "aliases": ["10.1/b"]}))
    service: Service = new_service()

    stopped = recsvc("import", str(papers), data_dir=service.folder)
    service.start()
    running = service.run("import", str(more))

    assert (
        stopped.stdout == "1 read: 1 new, 0 changed, 0 unchanged, 0 duplicate, 0 not understood\n"
    )
    assert running.returncode == 0, running.stderr
    assert service.get("/v1/items/10.1/b")["id"] == "b"
    assert set(service.ids("/v1/new")) == {"a", "b"}
