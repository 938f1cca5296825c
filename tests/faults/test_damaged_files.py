"""Small files of the data folder hold anything after a fault of the disk: no start ends on one."""

import random
from pathlib import Path

import pytest

from recsvc.access.owner import owner_of
from recsvc.live.wish_file import WishFile
from recsvc.store.bundled.folder import mended_problem, note_mended
from workers.log import manifest
from workers.log.backup_erasures import erased_since, remember_backup, tell_backups
from workers.log.depot import Folder
from workers.mail.journal import Journal, left_behind

_CHANCE = random.Random(12)
DAMAGES = [
    b"", b"\n", b"\0" * 47, b"\xff\xfe" * 20, b"rat_", "é".encode("latin-1"),
    *(_CHANCE.randbytes(n) for n in (1, 48, 600, 5_000)),
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_the_owner_has_a_token_that_cannot_be_guessed_whatever_became_of_the_last(
    tmp_path: Path, damage: bytes
):
    former = owner_of(tmp_path).token
    assert owner_of(tmp_path).token == former
    (tmp_path / "access-token").write_bytes(damage)

    owner = owner_of(tmp_path)

    assert owner.token not in ("", former)
    assert owner_of(tmp_path).token == owner.token
    assert not any(owner.shows_token(shown) for shown in ("", "\n", "rat_", former, None))
    assert (tmp_path / "access-token").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_every_other_one_is_read_as_far_as_it_goes(tmp_path: Path, damage: bytes):
    backup, store = tmp_path / "backup", tmp_path / "store"
    for folder in (backup, store):
        folder.mkdir()
    remember_backup(tmp_path, Folder(backup))
    tell_backups(tmp_path, ["ada"], 2)
    note_mended(store, 7)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    journal = Journal(tmp_path, 4)
    (of_a_living,) = tmp_path.glob("*.journal")
    of_a_dead = of_a_living.with_stem(f"{of_a_living.stem}-dead")
    for path in [*files, of_a_dead, tmp_path / "wishes", tmp_path / "manifest.json"]:
        path.write_bytes(damage)

    assert "rebuild" in (mended_problem(tmp_path) or "")
    assert erased_since(Folder(backup), 1) == []
    tell_backups(tmp_path, ["ben"], 2)
    remember_backup(tmp_path, Folder(backup))
    tell_backups(tmp_path, ["eve"], 2)
    assert "eve" in erased_since(Folder(backup), 1)
    assert WishFile(tmp_path).read() == {}
    assert manifest.read(tmp_path) == {}
    assert list(left_behind(tmp_path)) == []
    assert not of_a_dead.exists()
    journal.close()
