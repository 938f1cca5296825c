"""`recsvc estimate`, on a store with a few items and readers in it."""

import asyncio

import pytest

from recsvc.cli.estimating import size
from recsvc.store.connection import connect
from tests.cli.conftest import Cli
from tests.store.test_memory import filled


@pytest.fixture
def used(cli: Cli) -> Cli:
    """Commands on a store of 100 items and readers."""

    async def fill() -> None:
        client = connect(cli.env["RECSVC_REDIS_URL"])
        await filled(client, 100)
        await client.aclose()

    asyncio.run(fill())
    return cli


def test_what_is_not_asked_for_stays_as_it_is(used: Cli):
    told = used.summary("estimate", "--readers", "1000")

    assert told["now"]["counts"]["reader"] == 100
    assert told["for"] | {"items": 100, "readers": 1000} == told["for"]
    now = {family["name"]: family["size_bytes"] for family in told["now"]["families"]}
    assert told["then"]["items"] == now["items"]
    assert told["then"]["profile"] == pytest.approx(10 * now["profile"], abs=10)
    assert told["then_bytes"] == sum(told["then"].values())


def test_the_table_says_what_it_was_asked(used: Cli):
    plain = used.run("estimate")
    asked = used.run("estimate", "--items", "50000", "--subscribers", "10")

    assert plain.exit_code == asked.exit_code == 0
    assert "now: 100 items, 100 readers, 1,000 events" in plain.stdout
    assert "then" not in plain.stdout
    assert "then: 50,000 items, 100 readers" in asked.stdout
    assert "profile" in asked.stdout


def test_an_empty_store_is_told_apart(cli: Cli):
    asked = cli.run("estimate", "--readers", "10")

    assert asked.exit_code == 0
    assert "now: 0 items, 0 readers" in asked.stdout
    assert "there is nothing yet to judge by" in asked.stdout


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (12_345_678, "12 MB"), (8.1e9, "8.1 GB")],
)
def test_sizes_are_readable(n_bytes, text):
    assert size(int(n_bytes)) == text
