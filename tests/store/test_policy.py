"""What a server must be set to, looked at when the service starts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from recsvc.errors import SettingsError
from recsvc.store.connection import Redis, connect
from recsvc.store.policy import check, too_old
from tests.service import recsvc

EVICTING = [
    f"{keys}-{order}"
    for keys in ("allkeys", "volatile")
    for order in ("lru", "lfu", "random", "ttl")
    if (keys, order) != ("allkeys", "ttl")
]
PARTS = [["up", "--no-demo"], ["serve"], ["worker"], ["worker", "digest"]]


@pytest.fixture
async def server(redis: Redis) -> AsyncIterator[Redis]:
    """The server, its settings put back in the end."""
    names = ["maxmemory-policy", "appendonly", "save"]
    before = await redis.config_get(*names)
    yield redis
    for name in names:
        await redis.config_set(name, before[name])


@pytest.mark.parametrize("policy", EVICTING)
async def test_a_server_that_evicts_is_refused_in_one_line_that_says_what_to_set(
    server: Redis, policy: str
) -> None:
    await server.config_set("maxmemory-policy", policy)
    with pytest.raises(SettingsError) as caught:
        await check(server)
    assert policy in str(caught.value)
    assert "set maxmemory-policy noeviction" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_server_that_keeps_everything_is_fine(server: Redis) -> None:
    with capture_logs() as logs:
        await check(server)
    assert logs == []


@pytest.mark.parametrize(
    ("save", "risk"), [("", "nothing is kept"), ("3600 1", "since its last dump")]
)
async def test_a_server_that_does_not_log_its_writes_is_warned_of(
    server: Redis, save: str, risk: str
) -> None:
    await server.config_set("appendonly", "no")
    await server.config_set("save", save)
    with capture_logs() as logs:
        await check(server)
    (line,) = logs
    assert line["log_level"] == "warning"
    assert risk in line["risk"]


@pytest.mark.one_server
async def test_a_server_whose_settings_may_not_be_seen_is_taken_as_it_is(
    server: Redis, store_url: str
) -> None:
    await server.config_set("maxmemory-policy", "allkeys-lru")
    await server.acl_setuser(
        "limited", enabled=True, passwords=["+pass"], keys=["*"], categories=["+@all"],
        commands=["-config"],
    )  # fmt: skip
    limited = connect(store_url.replace("unix://", "unix://limited:pass@"))
    try:
        await check(limited)
    finally:
        await limited.aclose()
        await server.acl_deluser("limited")


@pytest.mark.parametrize(
    ("info", "fits"),
    [
        ({"redis_version": "6.2.14"}, False),
        ({"redis_version": "7.0.0"}, True),
        ({"redis_version": "8.2.1"}, True),
        ({"redis_version": "7.2.4", "valkey_version": "7.2.5"}, True),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.0"}, True),
        ({"redis_version": "255.255.255"}, True),
        ({"redis_version": "unstable"}, True),
        ({}, True),
    ],
)
def test_an_old_server_is_refused(info: dict[str, str], fits: bool) -> None:
    assert (too_old(info) is None) is fits


@pytest.mark.parametrize("part", PARTS)
async def test_no_part_starts_on_a_server_that_evicts(
    server: Redis, store_url: str, tmp_path: object, part: list[str]
) -> None:
    await server.config_set("maxmemory-policy", "allkeys-lru")
    done = await asyncio.to_thread(recsvc, *part, redis_url=store_url, data_dir=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("recsvc: the store's maxmemory-policy is")
    assert "Traceback" not in done.stderr
