"""Makes a data folder of a former release, and what that release answers on it.

    git worktree add /tmp/former <commit>
    .venv/bin/python -m tests.former.make /tmp/former

The folder (`folder.tar.xz`: log, archive, snapshots, a subscription) and the answers
(`answers.json`) are what `test_former_release.py` starts the present code on. Nothing in them lapses:
readers' profiles are kept for a century, and no list in them depends on the hour.
"""

import argparse
import io
import json
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import redis

from recsvc.store.bundled import socket_url
from tests.former.recording import (
    GORSE_FEEDBACK,
    OTHER_NAME,
    PRIVATE,
    SETTINGS,
    SUBSCRIBER,
    answers,
    events,
    items,
)
from tests.outbox import Outbox, address_in
from tests.service import Service, wait_until

HERE = Path(__file__).parent
FOLDER, ANSWERS = HERE / "folder.tar.xz", HERE / "answers.json"
KEPT = ("store/appendonlydir", "archive")


def fill(service: Service) -> None:
    """Give a service something of everything, and wait until all of it has gone its way."""
    done = service.put_all(items())
    assert not done["rejected"], done
    service.http.patch("/v1/items/heron/1", json={"aliases": [OTHER_NAME]}).raise_for_status()
    wishes = {"topics": {"weaving": "follow", "heron": "mute"}}
    service.http.patch("/v1/preferences?user=reader-1", json=wishes).raise_for_status()
    _subscribe(service)
    wanted = events()
    sent = service.send(*wanted, wanted[0])
    service.http.post("/gorse/api/feedback", json=[GORSE_FEEDBACK]).raise_for_status()
    assert (sent["accepted"], sent["duplicates"]) == (len(wanted), 1), sent
    service.settled()
    wait_until(lambda: _is_trained(service, len(wanted) + 1), "a snapshot of all events", 60)
    archived = service.folder / "archive"
    wait_until(lambda: list(archived.rglob("*.parquet")), "an archive", 60)


def _subscribe(service: Service) -> None:
    wish = {"email": SUBSCRIBER, "user": "reader-2"}
    service.http.post("/v1/subscriptions", json=wish).raise_for_status()
    mail = Outbox(service).next_to(SUBSCRIBER)
    service.http.post(address_in(mail, "confirm")).raise_for_status()


def _private_path(service: Service) -> str:
    made = service.http.post("/v1/private-feed", params={"user": PRIVATE}).raise_for_status()
    return urlsplit(made.json()["json"]).path


def _is_trained(service: Service, n_events: int) -> bool:
    found = service.get("/v1/snapshots")
    serving = [s for s in found["snapshots"] if s["id"] == found["serving"]]
    return bool(serving) and serving[0]["n_events"] == n_events


def pack(folder: Path) -> None:
    """Pack what of a stopped service's folder the next start needs."""
    with tarfile.open(FOLDER, "w:xz") as tar:
        for name in KEPT:
            tar.add(folder / name, name)


def unpack(folder: Path) -> None:
    """Lay the former release's data folder down."""
    with tarfile.open(fileobj=io.BytesIO(FOLDER.read_bytes())) as tar:
        tar.extractall(folder, filter="data")


def main() -> None:
    """Run the former release, fill it, and keep its folder and its answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a checkout of the former release")
    checkout = parser.parse_args().checkout.resolve()
    with tempfile.TemporaryDirectory() as made:
        quick = {"train_pause_s": "0.5", "train_every_s": 1, "train_share": 1, "search_s": 0}
        settings = SETTINGS | quick | {"archive_every_s": 1, "factors": 8}
        service = Service(Path(made) / "data", checkout=checkout, **settings).start()
        fill(service)
        found = answers(service) | {"private_path": _private_path(service)}
        with redis.Redis.from_url(socket_url(service.folder)) as client:
            client.bgrewriteaof()  # one small file instead of every write there ever was
            wait_until(
                lambda: not client.info("persistence")["aof_rewrite_in_progress"], "it is written"
            )
        assert service.stop() == 0
        pack(service.folder)
    ANSWERS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(f"{FOLDER.stat().st_size} bytes of folder, snapshot {found['snapshot']}")


if __name__ == "__main__":
    main()
