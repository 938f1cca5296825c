"""Nobody but the user who runs the service reads its data folder."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recsvc.errors import SettingsError
from recsvc.store.bundled import socket_path
from recsvc.store.privacy import make_private
from tests.service import Service, recsvc

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

# As another user: every file below the folders that can be listed or read at all.
_LOOK = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for top in sys.argv[1:]:
    for above, folders, files in os.walk(top):
        for name in (*folders, *files):
            print(os.path.join(above, name))
    try:
        print(open(os.path.join(top, "access-token")).read())
    except PermissionError:
        pass
"""


@pytest.fixture(autouse=True)
def umask_restored():
    before = os.umask(0o022)
    yield
    os.umask(before)


def opened(folder: Path) -> list[Path]:
    """What is open to anybody else."""
    found = [folder, *folder.rglob("*")]
    return [p for p in found if not p.is_symlink() and p.lstat().st_mode & 0o077]


def of_a_former_release(folder: Path) -> None:
    (folder / "store").mkdir(parents=True)
    (folder / "access-token").write_text("rat_x")
    (folder / "store" / "valkey.log").write_text("")
    for path in (folder, folder / "store"):
        path.chmod(0o755)


def test_what_an_earlier_release_left_open_is_closed_and_stays_usable(tmp_path: Path):
    folder = tmp_path / "data"
    of_a_former_release(folder)
    (folder / "tool").write_text("#!/bin/sh")
    (folder / "tool").chmod(0o755)
    assert opened(folder)

    make_private(folder)

    assert opened(folder) == []
    assert stat.S_IMODE((folder / "tool").stat().st_mode) == 0o700
    (folder / "new").mkdir()
    (folder / "new" / "file").write_text("")
    assert opened(folder) == []


def test_a_link_out_of_the_folder_is_left_alone(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "data"
    outside.write_text("")
    outside.chmod(0o644)
    folder.mkdir()
    (folder / "link").symlink_to(outside)

    make_private(folder)

    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


@needs_root
def test_what_is_open_and_another_users_is_refused_with_the_command_that_mends_it(tmp_path: Path):
    folder = tmp_path / "data"
    of_a_former_release(folder)
    os.chown(folder / "store", 65534, 65534)

    with pytest.raises(SettingsError, match="sudo chmod -R go= "):
        make_private(folder)
    done = recsvc("up", data_dir=folder, demo="false")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@needs_root
def test_another_user_of_the_machine_reads_nothing_of_a_running_service(
    new_service: Callable[..., Service],
):
    service = new_service().start()
    service.put("pouch.1")
    for folder in (service.folder.parent.parent, service.folder.parent):
        folder.chmod(0o755)  # the way there is open
    sockets = socket_path(service.folder)

    assert opened(service.folder) == []
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o600
    assert stat.S_IMODE(sockets.parent.stat().st_mode) == 0o700
    look = [sys.executable, "-c", _LOOK, str(service.folder), str(sockets.parent)]
    seen = subprocess.run(look, capture_output=True, text=True, timeout=60)
    assert (seen.returncode, seen.stdout) == (0, ""), seen.stderr
