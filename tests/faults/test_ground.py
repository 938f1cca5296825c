"""A data folder that is unmounted, or moved, while the service runs: nothing is lost in what is left."""

import pytest

from recsvc.errors import GroundError
from recsvc.ground import Ground
from tests.service import Service, wait_until


@pytest.mark.alone
@pytest.mark.timeout(200)
def test_nothing_leaves_the_store_for_a_place_that_is_not_ours(new_service):
    service: Service = new_service(archive_every_s="0.2").start()
    service.put_all([{"id": f"p{n}", "title": f"Paper {n}"} for n in range(4)])
    service.act("before", "upvote", "p0")
    archive = service.folder / "archive"
    wait_until(lambda: list(archive.glob("2*/*.parquet")), "an archive", 60)
    away = service.folder.with_name("away")

    service.folder.rename(away)
    service.folder.mkdir()  # as the place where a volume was mounted
    acknowledged = [
        n for n in range(20) if service.http.post("/v1/events", json=_vote(n)).status_code == 202
    ]
    wait_until(lambda: "moved or unmounted" in _problems(service), "it is told", 60)
    left = [path for path in service.folder.rglob("*") if path.suffix in (".parquet", ".aof")]
    service.folder.rename(service.folder.with_name("left"))
    away.rename(service.folder)

    assert not left
    wait_until(lambda: _problems(service) == "[]", "all is well", 60)
    for n in set(range(20)) - set(acknowledged):
        wait_until(
            lambda n=n: service.http.post("/v1/events", json=_vote(n)).status_code == 202,
            f"vote {n}",
        )
    service.settled()
    service.stop()
    service.start()
    wait_until(lambda: _votes(service) == {"p0": 1, "p1": 20}, f"each vote once: {_votes(service)}")


def _vote(n: int) -> dict[str, str]:
    return {"user": f"u{n}", "item": "p1", "kind": "upvote", "event_id": f"e{n}"}


def _votes(service: Service) -> dict[str, int]:
    board = service.get("/v1/trending", window="all", fields="full")["items"]
    return {one["id"]: one["item"]["upvotes"] for one in board}


def _problems(service: Service) -> str:
    return str(service.http.get("/health/ready").json()["problems"])


def test_workers_of_a_folder_agree_and_another_folder_of_its_name_is_noticed(tmp_path):
    folder = tmp_path / "archive"
    first, second = Ground(folder), Ground(folder)
    first.check()
    second.check()

    folder.rename(tmp_path / "away")
    with pytest.raises(GroundError):
        first.check()
    Ground(folder).check()
    with pytest.raises(GroundError, match="moved or unmounted"):
        second.check()

    folder.rename(tmp_path / "other")
    (tmp_path / "away").rename(folder)
    first.check()
