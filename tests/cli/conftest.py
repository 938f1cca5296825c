"""Commands in this process, on a real store: many runs in the time of one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis

from recsvc.cli import main
from recsvc.store import keys
from tests.archive_server import Answer, Archive


class Cli:
    """Runs commands against one store."""

    def __init__(self, url: str, folder: Path) -> None:
        self.env = {
            "RECSVC_REDIS_URL": url,
            "RECSVC_DATA_DIR": str(folder),
            "RECSVC_ARXIV_PAUSE_S": "0",
        }
        self.redis = Redis.from_url(url, decode_responses=True, protocol=3)
        self.folder = folder

    def run(self, *arguments: object, stdin: bytes = b"", **settings: object) -> Result:
        env = self.env | {f"RECSVC_{name.upper()}": str(value) for name, value in settings.items()}
        done = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin, env=env)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def summary(self, *arguments: object, **settings: object) -> dict[str, Any]:
        done = self.run(*arguments, "--json", **settings)
        return json.loads(done.stdout)

    def items(self) -> dict[str, dict[str, Any]]:
        return {i: json.loads(raw) for i, raw in self.redis.hgetall(keys.ITEMS).items()}

    def aliases(self) -> dict[str, str]:
        return self.redis.hgetall(keys.ALIASES)

    def n_events(self) -> int:
        return sum(self.redis.xlen(keys.events(s)) for s in range(keys.N_SHARDS))

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


@pytest.fixture
def cli(store_url: str, tmp_path: Path) -> Iterator[Cli]:
    """Commands on an empty store."""
    made = Cli(store_url, tmp_path)
    made.redis.flushall()
    yield made
    made.redis.close()


@pytest.fixture
def archive() -> Iterator[Callable[..., Archive]]:
    """Makes servers that answer as a test says."""
    made: list[Archive] = []

    def make(answer: Callable[..., Answer]) -> Archive:
        made.append(Archive(answer))
        return made[-1]

    yield make
    for one in made:
        one.close()
