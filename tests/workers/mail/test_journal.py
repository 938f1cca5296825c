import multiprocessing
import os
import signal
from pathlib import Path

from tests.service import wait_until
from workers.mail.journal import Journal, Left, left_behind


def holding(folder: Path) -> None:
    """Take jobs in hand and never come to an end."""
    journal = Journal(folder, 4)
    journal.slots[0].take("d:alice", "token-a")
    journal.slots[1].take("d:bob", "token-b")
    journal.slots[1].ending()
    journal.slots[2].take("d:carol", "token-c")
    journal.slots[2].free()
    (folder / "ready").touch()
    signal.pause()


def test_a_killed_workers_mails_are_found_as_far_as_they_had_got(tmp_path: Path):
    process = multiprocessing.get_context("spawn").Process(target=holding, args=(tmp_path,))
    process.start()
    wait_until((tmp_path / "ready").exists, "the worker has mails in hand", 30)
    assert list(left_behind(tmp_path)) == [], "it lives"

    os.kill(process.pid, signal.SIGKILL)
    process.join()

    assert list(left_behind(tmp_path)) == [
        Left("d:alice", "token-a", handed=False),
        Left("d:bob", "token-b", handed=True),
    ]
    assert list(left_behind(tmp_path)) == [], "once"


def test_a_worker_that_ends_leaves_nothing(tmp_path: Path):
    journal = Journal(tmp_path, 2)
    journal.slots[0].take("d:alice", "token")
    journal.close()

    assert list(left_behind(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_journal_from_before_the_machine_went_down_is_not_believed(tmp_path: Path):
    raw = bytes([1]) + len(b'["d:alice","t"]').to_bytes(2, "big") + b'["d:alice","t"]'
    (tmp_path / "another-boot.0.journal").write_bytes(raw.ljust(512, b"\0"))

    assert list(left_behind(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
