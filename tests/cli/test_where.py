"""A command says which store it talks to, and looking at one that is not there makes none."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.service import REPOSITORY, environment, wait_until

LOOKING = [
    ["search", "words"],
    ["feed", "somebody"],
    ["trending"],
    ["export", "items"],
    ["keys", "list"],
    ["keys", "revoke", "k"],
    ["snapshots", "list"],
    ["train"],
    ["digest", "status"],
    ["people", "export", "--user", "u"],
    ["people", "erase", "--user", "u"],
    ["demo", "remove"],
    ["rebuild", "boards"],
    ["backup", "copy"],
]


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_looking_where_no_store_is_says_so_and_makes_none(
    command: list[str], cli: Cli, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(cli.folder)

    done = cli.run(*command, redis_url="", data_dir="mistyped")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"recsvc: no store in {cli.folder / 'mistyped'}, and no service")
    assert done.stderr.count("\n") == 1
    assert not (cli.folder / "mistyped").exists()


def test_an_existing_folder_that_is_no_service_is_left_as_it_is(cli: Cli):
    other = cli.folder / "other"
    other.mkdir()
    other.chmod(0o755)  # whatever mask an earlier command left to this process
    (other / "lock").write_text("not ours")

    done = cli.run("trending", redis_url="", data_dir=other)

    assert done.exit_code == 2
    assert [path.name for path in other.iterdir()] == ["lock"]
    assert other.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300])
def test_a_folder_that_cannot_be_one_is_named_in_one_line(cli: Cli, name: str):
    cli.file("file", "not a folder")

    done = cli.run("trending", redis_url="", data_dir=cli.folder / name)

    assert done.exit_code == 2
    assert done.stderr.startswith("recsvc: RECSVC_DATA_DIR: ")
    assert done.stderr.count("\n") == 1


def test_a_store_elsewhere_is_named_without_its_password(cli: Cli):
    url = "redis://me:hunter2@127.0.0.1:1/3"

    done = cli.run("trending", redis_url=url)

    assert done.exit_code == 2
    assert done.stderr.splitlines()[0] == "store: the one at redis://127.0.0.1:1/3"
    assert "recsvc: the store does not answer" in done.stderr
    assert "hunter2" not in done.stderr


def test_importing_says_that_it_makes_a_store_and_a_dry_run_makes_none(cli: Cli):
    path = cli.file("papers.jsonl", '{"id": "a", "title": "Snails"}\n')
    place = {"redis_url": "", "data_dir": cli.folder / "new"}

    dry = cli.run("import", path, "--dry-run", **place)
    exists = (cli.folder / "new").exists()
    done = cli.run("import", path, **place)
    found = cli.run("search", "snails", **place)

    assert (dry.exit_code, exists) == (0, False)
    assert "1 would be new" in dry.stdout
    assert done.stderr.splitlines()[0].startswith(f"store: a new one in {cli.folder / 'new'}")
    assert found.stderr.startswith(f"store: the one in {cli.folder / 'new'}, where no service runs")
    assert "Snails" in found.stdout


def test_the_running_service_of_the_folder_is_found(service):
    done = service.run("keys", "list")

    assert done.stderr == f"store: that of the service running on {Path(service.folder)}\n"


def test_the_help_of_imports_shows_the_options_of_files(cli: Cli):
    shown = cli.run("import", "--help").stdout

    assert all(option in shown for option in ("--reader", "--dry-run", "--columns", "hf-daily"))


def test_ctrl_c_while_starting_leaves_no_traceback(tmp_path: Path):
    starting = subprocess.Popen(
        [sys.executable, "-m", "recsvc", "up"],
        env=environment(data_dir=tmp_path / "data", port=0, demo="false"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
        start_new_session=True,
    )
    wait_until((tmp_path / "data" / "lock").exists, "it has begun")

    starting.send_signal(signal.SIGINT)

    said, _ = starting.communicate(timeout=60)
    assert not re.search("Traceback|Error", said)
