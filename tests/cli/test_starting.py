"""What the service cannot start with is said once, in one line that names the setting."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsvc.cli.starting import prepare_folder, wait_for_port
from recsvc.errors import SettingsError
from recsvc.settings import from_environment
from tests.service import recsvc

WRONG = {
    "redis_url": ["nonsense", "http://host:6379", "redis://host:port", "redis://host?no=such"],
    "timezone": ["Mars/Olympus", "America", "/etc/passwd", ""],
    "data_dir": ["file", "file/below"],
    "host": ["no.such.host.invalid", "x" * 300, "203.0.113.7"],
    "cors_origins": ["*"],
}


def begin(**settings: object) -> None:
    found = from_environment({}, **settings)
    prepare_folder(found)
    wait_for_port(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("not a folder")
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_can_never_work_is_refused_by_its_name(
    folder: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match=f"^RECSVC_{name.upper()}: ") as refused:
        begin(port=0, **{name: value})

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", [["up"], ["serve"], ["worker"], ["worker", "digest"]])
def test_every_command_says_it_in_one_line_and_ends(folder: Path, command: list[str]):
    done = recsvc(*command, data_dir=folder / "file")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("recsvc: RECSVC_DATA_DIR: ")


def test_a_port_that_another_program_keeps_is_named_and_nothing_is_served(
    folder: Path, taken: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("recsvc.cli.starting._PORT_WAIT_S", 0.5)
    with pytest.raises(SettingsError, match=f"^RECSVC_PORT: .*{taken}"):
        wait_for_port(from_environment({}, port=taken))

    done = recsvc("serve", data_dir=folder / "data", port=taken)

    assert done.returncode == 2
    assert done.stderr.startswith("recsvc: RECSVC_PORT: ")
    assert done.stderr.count("\n") == 1
