"""A store that is lost whole: the archive alone brings the site back."""

import shutil

import pytest

from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.pipe import Pipe
from tests.service import Service, wait_until
from workers.log.site_copies import SiteCopies


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_the_archive_alone_brings_a_site_back(new_service):
    service: Service = new_service(archive_every_s="0.5").start()
    service.put_all([{"id": f"p{n}", "title": f"Paper {n}", "owners": ["eve"]} for n in range(20)])
    for n in range(20):
        service.act(f"r{n}", "upvote", f"p{n % 4}")
    service.act("r0", "hide", "p9")
    mute = {"topics": {"sport": "mute"}}
    service.http.patch("/v1/preferences?user=r0", json=mute).raise_for_status()
    service.settled()
    copies = service.folder / "archive" / "site"
    wait_until(lambda: list(copies.glob("*.site")), "a copy of the site", 60)
    wait_until(lambda: b"sport" in next(copies.glob("*.site")).read_bytes(), "all is copied", 60)
    wait_until(lambda: list((service.folder / "archive").glob("2*/*.parquet")), "an archive", 60)
    (copy,) = copies.glob("*.site")
    assert copy.stat().st_mode & 0o077 == 0, "it holds secrets"
    trending = _votes(service)
    preferences = service.get("/v1/preferences", user="r0")
    service.stop()

    shutil.rmtree(service.folder / "store")
    service.start()
    wait_until(lambda: "recsvc rebuild" in str(_problems(service)), "the loss is told", 60)
    assert service.get("/v1/stats")["items"] == 0
    service.stop()
    done = service.run("rebuild", "--everything")
    assert done.returncode == 0, done.stderr
    service.start()

    assert _votes(service) == trending
    assert service.get("/v1/preferences", user="r0") == preferences
    assert "p9" not in service.ids("/v1/feed", user="r0", limit=100)
    assert not [p for p in _problems(service) if "archive" in p]


async def test_what_is_there_stays_as_it_is(redis: Redis, tmp_path):
    pipe = Pipe(redis)
    copies = SiteCopies(tmp_path, pipe)
    for n in range(3):
        await redis.hset("rs:{site}:items", f"p{n}", b"old")
        await redis.hset("rs:{site}:rows", f"p{n}", n)
    await redis.zadd("rs:{site}:mail:due", {"job": 1.5})
    await copies.write("one")
    await redis.flushall()
    await redis.hset("rs:{site}:items", "p2", b"new")
    await redis.hset("rs:{site}:rows", "p2", 0)

    await copies.put_back("two")

    assert await redis.hget("rs:{site}:items", "p2") == b"new"
    assert await redis.hget("rs:{site}:items", "p1") == b"old"
    assert await redis.zscore("rs:{site}:mail:due", "job") == 1.5
    rows = await Items(pipe).rows()
    assert len(set(rows.values())) == 3, "no two items share a row"
    assert rows["p2"] == 0


def _votes(service: Service) -> dict[str, int]:
    listed = service.get("/v1/new", fields="full", limit=100)["items"]
    return {place["id"]: place["item"]["upvotes"] for place in listed}


def _problems(service: Service) -> list[str]:
    found: list[str] = service.http.get("/health/ready").json()["problems"]
    return found
