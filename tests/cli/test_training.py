"""`recsvc train`, and an engine that is not there; `tests/workers/training/test_spark.py` has Spark."""

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from tests.cli.conftest import Cli

PAPERS = "".join(f'{{"id": "p{n}", "title": "paper {n}"}}\n' for n in range(5))


@pytest.fixture
def without_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def found(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "pyspark" else find(name, package)

    monkeypatch.setattr("recsvc.cli.starting.find_spec", found)


def test_a_model_is_trained_and_published_by_command(cli: Cli):
    cli.run("import", cli.file("papers.jsonl", PAPERS))

    done = cli.run("train", train_engine="none", train_threads=1)

    assert done.exit_code == 0, done.stderr
    (kept,) = cli.summary("snapshots", "list")["snapshots"]
    assert done.stdout.startswith(f"{kept['id']}: 0 events, 0 interactions, 5 items\npassed: ")
    assert cli.summary("snapshots", "list")["current"] == kept["id"]


def test_there_must_be_something_to_train_on(cli: Cli):
    done = cli.run("train")

    assert done.exit_code == 2
    assert "no items" in done.stderr


@pytest.mark.parametrize("command", [["train"], ["worker"], ["up", "--no-demo"]], ids=" ".join)
def test_an_engine_that_is_not_installed_is_said_at_once(
    command: list[str], cli: Cli, without_spark: None
):
    done = cli.run(*command, train_engine="spark")

    assert done.exit_code == 2
    assert "RECSVC_TRAIN_ENGINE" in done.stderr
    assert "pip install 'recsvc[spark]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_a_killed_training_left_of_readers_is_gone_with_the_next(cli: Cli):
    cli.run("import", cli.file("papers.jsonl", PAPERS))
    left = cli.folder / "spark" / "left"
    left.mkdir(parents=True)
    (left / "events.parquet").write_bytes(b"who did what")

    assert cli.run("train", train_threads=1).exit_code == 0

    assert not left.exists()
