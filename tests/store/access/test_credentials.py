import ast
import re
from pathlib import Path

import msgspec
import pytest

from recsvc.access.keyring import Keyring
from recsvc.clock import SECOND_US, now_us
from recsvc.core.access.caller import Scope
from recsvc.errors import (
    ConflictError,
    InvalidError,
    NotAuthenticatedError,
    NotFoundError,
    StoreUnavailableError,
)
from recsvc.store import keys
from recsvc.store.access import credentials as module
from recsvc.store.access.credentials import CredentialKind, Credentials, NewCredential
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe
from tests.service import REPOSITORY

SECRET = NewCredential(CredentialKind.SECRET, "back end")
SIGNING = NewCredential(CredentialKind.SIGNING)


@pytest.fixture
def stored(redis: Redis) -> Credentials:
    return Credentials(Pipe(redis))


@pytest.fixture
def keyring(stored: Credentials) -> Keyring:
    return Keyring(stored)


async def test_a_key_is_kept_as_a_digest_only(stored: Credentials, redis: Redis):
    made, shown = await stored.create(SECRET, now_us())

    raw = await redis.hgetall(keys.CREDENTIALS)
    assert shown.startswith("rsk_")
    assert made.id in shown
    assert shown.encode() not in b"".join(raw.values())
    assert shown.split("_", 2)[2].encode() not in b"".join(raw.values())


async def test_a_key_is_found_and_any_other_is_not(stored: Credentials, keyring: Keyring):
    made, shown = await stored.create(
        NewCredential(CredentialKind.SECRET, scopes=(Scope.READ,)), now_us()
    )
    await keyring.refresh()

    assert keyring.find(shown).id == made.id
    assert keyring.find(shown).scopes == (Scope.READ,)
    wrong = [shown[:-1], shown + "x", shown.swapcase(), shown.replace("rsk_", "rpk_"), "rsk__", "",
             "rsk_unknown_secret", made.id, "rsk_" + made.id, "\x00"]  # fmt: skip
    for text in wrong:
        with pytest.raises(NotAuthenticatedError):
            keyring.find(text)


async def test_a_signing_secret_is_no_key(stored: Credentials, keyring: Keyring):
    _, shown = await stored.create(SIGNING, now_us())
    await keyring.refresh()

    assert keyring.signing_secrets == (shown,)
    with pytest.raises(NotAuthenticatedError):
        keyring.find(shown)


async def test_a_revoked_key_is_gone(stored: Credentials, keyring: Keyring):
    made, shown = await stored.create(SECRET, now_us())
    await keyring.refresh()
    assert keyring.find(shown)

    await stored.revoke(made.id)
    await keyring.refresh()

    with pytest.raises(NotAuthenticatedError):
        keyring.find(shown)
    with pytest.raises(NotFoundError):
        await stored.revoke(made.id)


async def test_a_rotated_key_counts_until_the_overlap_ends(
    stored: Credentials, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
):
    old, old_shown = await stored.create(SECRET, now_us())

    new, new_shown = await stored.rotate(old.id, 3600, now_us())

    await keyring.refresh()
    assert (new.name, new.scopes, new.replaces) == (old.name, old.scopes, old.id)
    assert keyring.find(old_shown).id == old.id
    assert keyring.find(new_shown).id == new.id
    later = now_us() + 3601 * SECOND_US
    assert [c.id for c in await stored.all(later)] == [new.id]
    monkeypatch.setattr("recsvc.access.keyring.now_us", lambda: later)
    with pytest.raises(NotAuthenticatedError):
        keyring.find(old_shown)
    await keyring.refresh()
    assert keyring.find(new_shown).id == new.id


async def test_a_key_rotated_without_overlap_ends_at_once(stored: Credentials, keyring: Keyring):
    old, old_shown = await stored.create(SIGNING, now_us())

    _, new_shown = await stored.rotate(old.id, 0, now_us())

    await keyring.refresh()
    assert keyring.signing_secrets == (new_shown,)
    assert old_shown != new_shown


async def test_two_signing_secrets_count_at_a_time_and_not_three(
    stored: Credentials, keyring: Keyring
):
    first, _ = await stored.create(SIGNING, now_us())
    await stored.rotate(first.id, 3600, now_us())

    await keyring.refresh()
    assert len(keyring.signing_secrets) == 2
    with pytest.raises(ConflictError):
        await stored.create(SIGNING, now_us())


async def test_a_key_ends_when_it_was_to_and_so_does_its_successor(stored: Credentials):
    until_us = now_us() + 3600 * SECOND_US
    made, _ = await stored.create(NewCredential(CredentialKind.SECRET, until_us=until_us), now_us())
    again, _ = await stored.rotate(made.id, 60, now_us())

    assert made.expires_us == again.expires_us == until_us
    assert await stored.all(until_us) == []
    with pytest.raises(InvalidError):
        await stored.create(NewCredential(CredentialKind.SECRET, until_us=1), now_us())


async def test_a_key_of_the_former_release_reaches_what_it_did_and_so_does_its_successor(
    stored: Credentials, keyring: Keyring, redis: Redis
):
    made, shown = await stored.create(
        NewCredential(CredentialKind.SECRET, scopes=(Scope.READ,)), now_us()
    )
    raw = msgspec.json.decode(await redis.hget(keys.CREDENTIALS, made.id))
    raw.pop("scopes_of")  # as that release wrote it
    await redis.hset(keys.CREDENTIALS, made.id, msgspec.json.encode(raw))
    await keyring.refresh()

    assert not made.is_former
    assert keyring.find(shown).is_former
    again, _ = await stored.rotate(made.id, 60, now_us())
    assert again.is_former


async def test_ended_keys_make_room(stored: Credentials, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_CREDENTIALS", 2)
    first, _ = await stored.create(SECRET, now_us())
    await stored.rotate(first.id, 0, now_us())

    await stored.create(SECRET, now_us())

    with pytest.raises(ConflictError):
        await stored.create(SECRET, now_us())


async def test_a_store_that_was_emptied_is_noticed(
    stored: Credentials, keyring: Keyring, redis: Redis
):
    await stored.create(SECRET, now_us())
    await keyring.refresh()

    await redis.flushall()
    await keyring.refresh()
    _, shown = await stored.create(SECRET, now_us())  # under another secret of the site
    await keyring.refresh()

    assert keyring.find(shown)


@pytest.mark.one_server
async def test_while_the_store_is_away_the_last_known_keys_count(
    stored: Credentials, keyring: Keyring, redis: Redis, tmp_path: Path
):
    _, shown = await stored.create(SECRET, now_us())
    await keyring.refresh()
    redis.connection_pool.connection_kwargs["path"] = str(tmp_path / "nobody")
    await redis.connection_pool.disconnect()
    redis.connection_pool.reset()

    with pytest.raises(StoreUnavailableError):
        await keyring.refresh()

    assert keyring.find(shown)


async def test_what_is_secret_begins_so_that_scanners_find_it(stored: Credentials):
    begin = {}
    for wanted in (SECRET, SIGNING):
        _, shown = await stored.create(wanted, now_us())
        begin[wanted.kind] = re.match(r"rs[ks]_[a-z2-9]{10}_[\w-]{43}$", shown)

    assert all(begin.values())


def test_what_tells_credentials_apart_compares_in_constant_time():
    """Nobody compares what must not be guessed with `==`, which ends at the first difference."""
    secret = re.compile(r"token|secret|digest|seal\b|signature|mark\b|shown", re.IGNORECASE)
    harmless = ("kind", "prefix", "TOKEN_PREFIX", "CallerKind", "None", "len(")
    found = []
    for folder in ("recsvc/access", "recsvc/store/access", "recsvc/core/access", "recsvc/mail"):
        for path in sorted((REPOSITORY / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                    text = ast.unparse(node)
                    if secret.search(text) and not any(word in text for word in harmless):
                        found.append(f"{path.name}: {text}")

    assert found == []


@pytest.mark.parametrize(
    ("kind", "scopes", "origins"),
    [
        (CredentialKind.PUBLISHABLE, (), ()),
        (CredentialKind.PUBLISHABLE, (Scope.READ,), ("https://a.example",)),
        (CredentialKind.SECRET, (), ("https://a.example",)),
        (CredentialKind.SIGNING, (Scope.READ,), ()),
    ],
)
def test_what_does_not_fit_together_is_refused(kind, scopes, origins):
    with pytest.raises(InvalidError):
        NewCredential(kind, "", scopes, origins)
