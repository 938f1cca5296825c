import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result

from recsvc.access import tokens
from recsvc.cli import main
from recsvc.cli.exposure import refuse_to_expose
from recsvc.clock import now_us
from recsvc.errors import SettingsError
from recsvc.settings import from_environment
from recsvc.store.access import wrapping
from recsvc.store.access.credentials import CredentialKind, Credentials, NewCredential
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe
from tests.service import recsvc

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def keys(redis: Redis, store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("RECSVC_REDIS_URL", store_url)
    monkeypatch.setenv("RECSVC_DATA_DIR", str(tmp_path))
    # In a thread: commands run an event loop of their own.
    return lambda *arguments: to_thread.run_sync(
        lambda: CliRunner().invoke(main, ["keys", *arguments])
    )


async def test_keys_are_made_listed_rotated_and_revoked(keys: Run):
    made = await keys("create", "secret", "--scope", "read", "--scope", "items", "--name", "job")
    assert made.stdout.startswith("rsk_"), "the key alone, so that it can be piped"
    (first,) = json.loads((await keys("list", "--json")).stdout)
    assert (first["name"], first["scopes"]) == ("job", ["read", "items"])
    assert "rsk_" not in (await keys("list")).stdout

    rotated = (await keys("rotate", first["id"], "--overlap-hours", "0")).stdout
    (second,) = json.loads((await keys("list", "--json")).stdout)
    assert second["id"] in rotated != made.stdout
    await keys("revoke", second["id"])

    assert json.loads((await keys("list", "--json")).stdout) == []


async def test_a_key_may_end_on_a_day(keys: Run):
    assert (await keys("create", "secret", "--until", "2001-01-01")).exit_code == 2

    await keys("create", "secret", "--until", "2101-01-01")

    (made,) = json.loads((await keys("list", "--json")).stdout)
    assert made["expires_at"] == "2101-01-01T00:00:00Z"


async def test_a_token_can_be_tried_out(keys: Run):
    refused = await keys("token", "alice")
    assert refused.exit_code == 2
    assert "recsvc keys create signing" in refused.stderr

    secret = (await keys("create", "signing")).stdout.strip()
    token = (await keys("token", "alice")).stdout.strip()

    assert tokens.read(token, (secret,), "recsvc", now_us()) == "alice"


async def test_what_does_not_fit_is_said_in_one_line(keys: Run):
    for arguments in (
        ["create", "publishable"],
        ["create", "publishable", "--origin", "*"],
        ["create", "root"],
        ["revoke", "unknown"],
    ):
        done = await keys(*arguments)
        assert done.exit_code == 2
        assert "Traceback" not in done.stderr


def test_other_machines_are_not_served_while_no_key_exists(tmp_path: Path):
    done = recsvc("up", "--host", "0.0.0.0", data_dir=tmp_path, port=0, demo="false")

    assert done.returncode == 2
    assert "recsvc keys create secret" in done.stderr
    assert "--insecure" in done.stderr


async def test_other_machines_are_served_on_purpose_or_with_a_key(redis: Redis, store_url: str):
    exposed = from_environment({}, host="0.0.0.0", redis_url=store_url)
    with pytest.raises(SettingsError):
        await refuse_to_expose(exposed)
    await refuse_to_expose(from_environment({}, host="0.0.0.0", redis_url=store_url, insecure=True))
    await refuse_to_expose(from_environment({}, host="::1", redis_url=store_url))

    await Credentials(Pipe(redis)).create(NewCredential(CredentialKind.SECRET), now_us())

    await refuse_to_expose(exposed)


async def test_a_key_that_is_given_in_a_file_wraps_and_its_loss_is_said(
    keys: Run,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    store_url: str,
):
    monkeypatch.setattr(
        wrapping, "_cipher", None
    )  # as it was, for whoever comes after in this process
    path = tmp_path_factory.mktemp("beside") / "key"
    path.write_text("k" * 44 + "\n")
    monkeypatch.setenv("RECSVC_SECRETS_KEY_FILE", str(path))
    assert (await keys("create", "signing")).exit_code == 0
    assert (await keys("token", "alice")).exit_code == 0
    monkeypatch.delenv("RECSVC_SECRETS_KEY_FILE")

    lost = recsvc("keys", "list", redis_url=store_url, data_dir=tmp_path / "data")

    assert lost.returncode != 0
    assert "RECSVC_SECRETS_KEY: what this site signs with is wrapped" in lost.stderr
    assert "Traceback" not in lost.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"secrets_key": "short"}, "shorter than 32"),
        ({"secrets_key_file": "nowhere"}, "No such file"),
        ({"secrets_key_file": "data/key"}, "in the data folder"),
        ({"secrets_key_file": "short"}, "shorter than 32"),
        ({"secrets_key_file": "empty"}, "is empty"),
        ({"secrets_key_file": "good", "secrets_key": "k" * 32}, "RECSVC_SECRETS_KEY, too"),
    ],
)
def test_a_key_that_wraps_nothing_well_stops_the_start(
    tmp_path: Path, given: dict[str, str], said: str
):
    for name, text in {"short": "k", "empty": " ", "good": "k" * 32, "data/key": "k" * 32}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if "secrets_key_file" in given:
        given = given | {"secrets_key_file": str(tmp_path / given["secrets_key_file"])}

    with pytest.raises(SettingsError, match=said):
        assert from_environment({}, data_dir=str(tmp_path / "data"), **given).wrapping_key
