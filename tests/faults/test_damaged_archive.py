"""A file of the archive that is damaged or gone is named; what the others hold goes on."""

import os
import random
import shutil
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recsvc.clock import now_us
from recsvc.core.readers.events import Entry
from tests.service import recsvc
from workers.log import manifest
from workers.log.archive import DAMAGE, Archive, table
from workers.log.manifest import COPY, NAME, State

N_FILES = 3


def fill(folder) -> list[str]:
    """Write some files of two events each; return their names."""
    archive = Archive(folder)
    names = []
    for n in range(N_FILES):
        path = archive.write(events(n), {1: f"{n + 1}-1"}, now_us())
        names.append(path.relative_to(folder).as_posix())
    return names


def events(n: int):
    from recsvc.store.log.streams import Logged

    return table(
        (1, Logged(f"{n + 1}-{seq}", {}), Entry("u", "i", "upvote", n, n, event_id=f"{n}.{seq}"))
        for seq in (0, 1)
    )


def flip(path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)


DAMAGES = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "emptied": lambda path: path.write_bytes(b""),
    "a byte turned": flip,
    "deleted": lambda path: path.unlink(),
}


# Without a manifest nothing tells of a file that is gone, or of a byte that turned inside a value.
@pytest.mark.parametrize(
    ("damage", "is_listed"),
    [*((name, True) for name in DAMAGES), ("cut", False), ("emptied", False)],
)
@pytest.mark.parametrize("which", range(N_FILES))
def test_the_others_are_read_and_the_bad_one_is_set_aside_and_named(
    tmp_path, which, damage, is_listed
):
    names = fill(tmp_path)
    if not is_listed:
        (tmp_path / NAME).unlink()
    DAMAGES[damage](tmp_path / names[which])
    state = State.MISSING if damage == "deleted" else State.DAMAGED
    archive = Archive(tmp_path)

    assert archive.gaps() == {names[which]: state}
    assert archive.read().height == 2 * (N_FILES - 1)
    assert archive.tend() == {names[which]: state}
    assert Archive(tmp_path).tend() == {names[which]: state}, "and not forgotten by the next one"
    assert (tmp_path / "damaged" / names[which]).exists() == (state is State.DAMAGED)
    archive.write(events(7), {1: "8-1"}, now_us())
    assert archive.until() == {1: "8-1"}


def corrupted(path, at: int, n: int = 64) -> None:
    """Damage some bytes as a disk does: nothing about the file tells."""
    status = path.stat()
    raw = bytearray(path.read_bytes())
    raw[at : at + n] = bytes(255 - byte for byte in raw[at : at + n])
    path.write_bytes(raw)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_file_that_is_damaged_before_it_is_listed_is_not_listed_as_it_is_then(
    tmp_path, monkeypatch
):
    archive, put = Archive(tmp_path), Archive._put

    def damaged(self, path, *args):
        listed = put(self, path, *args)
        corrupted(path, path.stat().st_size // 2)
        return listed

    monkeypatch.setattr(Archive, "_put", damaged)
    path = archive.write(events(0), {1: "1-1"}, now_us())

    assert Archive(tmp_path).gaps() == {path.relative_to(tmp_path).as_posix(): State.DAMAGED}


def test_what_a_disk_damages_silently_is_found_once_reading_fails_and_by_looking_now_and_then(
    tmp_path,
):
    names = fill(tmp_path)
    n_bytes = (tmp_path / names[0]).stat().st_size
    for at in range(0, n_bytes, 97):
        archive = Archive(tmp_path)
        assert archive.gaps() == {}
        whole = (tmp_path / names[0]).read_bytes()
        corrupted(tmp_path / names[0], at)

        rng = random.Random(at)
        scrubbed = Archive(tmp_path)
        scrubbed._sound = dict(archive._sound)
        for _ in range(N_FILES):
            scrubbed.scrub(rng)
        archive.doubt()

        assert archive.gaps() == scrubbed.gaps() == {names[0]: State.DAMAGED}, at
        assert archive.read().height == 2 * (N_FILES - 1)
        (tmp_path / names[0]).write_bytes(whole)


def test_a_file_that_was_listed_as_damaged_as_it_is_counts_as_damaged_once_it_is_doubted(tmp_path):
    names = fill(tmp_path)
    path = tmp_path / names[0]
    corrupted(path, 0, path.stat().st_size)
    listed = manifest.read(tmp_path)
    listed[names[0]] = msgspec.structs.replace(listed[names[0]], sha256=manifest.digest(path))
    manifest.write(tmp_path, listed)
    archive = Archive(tmp_path)
    with pytest.raises(DAMAGE):
        archive.read()

    archive.doubt()

    assert archive.gaps() == {names[0]: State.DAMAGED}
    assert archive.read().height == 2 * (N_FILES - 1)


def test_a_file_that_is_put_back_counts_again(tmp_path):
    names = fill(tmp_path)
    whole = shutil.copy(tmp_path / names[-1], tmp_path / "whole")
    flip(tmp_path / names[-1])
    Archive(tmp_path).tend()

    shutil.copy(whole, tmp_path / names[-1])

    assert Archive(tmp_path).tend() == {}
    assert Archive(tmp_path).read().height == 2 * N_FILES


def test_a_file_that_was_set_aside_while_it_was_copied_back_is_taken_from_there(tmp_path):
    names = fill(tmp_path)
    whole = (tmp_path / names[-1]).read_bytes()
    (tmp_path / names[-1]).unlink()

    with (tmp_path / names[-1]).open("wb") as copy:
        copy.write(whole[: len(whole) // 2])
        copy.flush()
        assert Archive(tmp_path).tend() == {names[-1]: State.DAMAGED}
        copy.write(whole[len(whole) // 2 :])

    assert Archive(tmp_path).tend() == {}
    assert Archive(tmp_path).read().height == 2 * N_FILES


def test_erasing_and_dropping_leave_no_gap_wherever_they_are_cut_short(tmp_path, monkeypatch):
    fill(tmp_path)
    archive = Archive(tmp_path)

    def dies(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "_list", dies)
    with pytest.raises(KeyboardInterrupt):
        archive.erase({"u": "2-0"})

    assert Archive(tmp_path).tend() == {}
    assert Archive(tmp_path).read().height == 2 * N_FILES - 2


def test_verify_names_what_is_not_ok_and_fails(tmp_path):
    names = fill(tmp_path / "archive")
    assert recsvc("archive", "verify", data_dir=tmp_path).returncode == 0
    (tmp_path / "archive" / names[0]).unlink()
    flip(tmp_path / "archive" / names[1])

    done = recsvc("archive", "verify", data_dir=tmp_path)

    assert done.returncode == 1
    states = dict(reversed(line.split()) for line in done.stdout.splitlines()[:-1])
    assert states == {names[0]: "missing", names[1]: "damaged", names[2]: "ok"}


def test_rebuilding_refuses_to_take_away_what_is_missing_unless_told(tmp_path):
    names = fill(tmp_path / "archive")
    (tmp_path / "archive" / names[0]).unlink()

    refused = recsvc("rebuild", "boards", data_dir=tmp_path)
    done = recsvc("rebuild", "boards", "--despite-gaps", data_dir=tmp_path)

    assert refused.returncode == 2
    assert names[0] in refused.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [NAME, COPY])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([*DAMAGES, "bytes turned"]),
    at=st.integers(0),
    turned=st.binary(min_size=1),
)
@example(kind="deleted", at=0, turned=b"x")
def test_the_list_itself_may_be_damaged_and_still_names_what_is_gone(
    tmp_path, name, kind, at, turned
):
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    names = fill(folder)
    before = manifest.read(folder)
    damaged = folder / name
    if kind == "bytes turned":
        raw = bytearray(damaged.read_bytes())
        at %= raw.rindex(b'"format"') - len(turned) if len(turned) < raw.rindex(b'"format"') else 1
        raw[at : at + len(turned)] = turned
        damaged.write_bytes(raw)
    else:
        DAMAGES[kind](damaged)
    (folder / names[1]).unlink()

    assert manifest.read(folder) == before
    assert Archive(folder).tend() == {names[1]: State.MISSING}
    assert manifest.is_whole(folder)


def test_a_list_that_a_former_release_went_on_with_is_copied_again(tmp_path):
    names = fill(tmp_path)
    was = (tmp_path / COPY).read_bytes()
    listed = manifest.read(tmp_path)
    former = {"files": [listed[name] for name in names[:2]], "format": 1}
    (tmp_path / NAME).write_bytes(msgspec.json.encode(former))
    (tmp_path / names[2]).unlink()

    assert Archive(tmp_path).tend() == {}
    assert (tmp_path / NAME).read_bytes() == (tmp_path / COPY).read_bytes() != was
    (tmp_path / NAME).unlink()
    assert Archive(tmp_path).gaps() == {}
