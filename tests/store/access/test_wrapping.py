"""What a site signs with is worth nothing to whoever has the store and not the key."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.access.keyring import Keyring
from recsvc.clock import now_us
from recsvc.errors import NotAllowedError, SettingsError
from recsvc.store import keys
from recsvc.store.access import wrapping
from recsvc.store.access.cipher import Cipher
from recsvc.store.access.credentials import CredentialKind, Credentials, NewCredential
from recsvc.store.access.signatures import Signatures, signatures
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe

KEY, OTHER = b"k" * 32, b"o" * 32
SIGNING = NewCredential(CredentialKind.SIGNING)
SECRET = NewCredential(CredentialKind.SECRET)


@pytest.fixture(autouse=True)
def unwrapped_afterwards() -> Iterator[None]:
    yield
    wrapping.use(None)


async def held(redis: Redis) -> bytes:
    """All that the store has of secrets, as a copy of it would."""
    return await redis.get(keys.SECRET) + b"".join(await redis.hvals(keys.CREDENTIALS))


async def test_with_a_key_the_store_holds_no_secret_and_everything_works(redis: Redis):
    wrapping.use(KEY)
    pipe = Pipe(redis)
    _, shown = await Credentials(pipe).create(SIGNING, now_us())
    _, key = await Credentials(pipe).create(SECRET, now_us())
    signed = (await signatures(pipe)).sign("test", "x")

    keyring = Keyring(Credentials(pipe))
    await keyring.refresh()

    assert keyring.signing_secrets == (shown,)
    assert keyring.find(key)
    assert (await signatures(pipe)).read("test", signed) == "x"
    assert shown.encode() not in await held(redis)
    with pytest.raises(NotAllowedError):
        Signatures(await redis.get(keys.SECRET)).read("test", signed)


async def test_what_was_kept_before_there_was_a_key_is_wrapped_and_stays_what_it_was(redis: Redis):
    pipe = Pipe(redis)
    credentials = Credentials(pipe)
    first, shown = await credentials.create(SIGNING, now_us())
    _, key = await credentials.create(SECRET, now_us())
    signed, plain = (await signatures(pipe)).sign("test", "x"), await redis.get(keys.SECRET)

    wrapping.use(KEY)
    done = [await wrapping.wrap_former(pipe), await credentials.wrap_former()]
    again = [await wrapping.wrap_former(pipe), await credentials.wrap_former()]

    assert (done, again) == ([True, 1], [False, 0])
    assert shown.encode() not in await held(redis)
    assert plain not in await held(redis)
    assert (await signatures(pipe)).read("test", signed) == "x"
    keyring = Keyring(credentials)
    await keyring.refresh()
    assert keyring.find(key)
    _, fresh = await credentials.rotate(first.id, 3600, now_us())
    await keyring.refresh()
    assert set(keyring.signing_secrets) == {shown, fresh}
    assert fresh.encode() not in await held(redis)


@pytest.mark.parametrize(("given", "said"), [(None, "give the key"), (OTHER, "not the key")])
async def test_without_the_key_it_is_said_what_is_missing(
    redis: Redis, given: bytes | None, said: str
):
    wrapping.use(KEY)
    pipe = Pipe(redis)
    await Credentials(pipe).create(SIGNING, now_us())
    kept = await held(redis)

    wrapping.use(given)

    for ask in (
        signatures(pipe),
        Credentials(pipe).all(now_us()),
        wrapping.wrap_former(pipe),
        Credentials(pipe).wrap_former(),
        Credentials(pipe).create(SIGNING, now_us()),
    ):
        with pytest.raises(SettingsError, match="RECSVC_SECRETS_KEY.*" + said):
            await ask
    assert await held(redis) == kept, "and nothing is written over"


texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=300)


@given(text=texts, other=texts, at=st.integers(0))
def test_what_is_concealed_is_read_here_and_nowhere_else(text: str, other: str, at: int):
    signs = Signatures(b"a secret")

    concealed = signs.conceal("cookie", text)

    assert signs.reveal("cookie", concealed) == text
    assert concealed == signs.conceal("cookie", text), "an address comes out the same again"
    assert len(text) < 4 or text not in concealed
    changed = concealed[: at % len(concealed)] + "A" + concealed[at % len(concealed) + 1 :]
    for forged in {changed, concealed + "=", concealed[:-1], other, f" {concealed}"} - {concealed}:
        with pytest.raises(NotAllowedError):
            signs.reveal("cookie", forged)
    with pytest.raises(NotAllowedError):
        signs.reveal("address", concealed)
    with pytest.raises(NotAllowedError):
        Signatures(b"another").reveal("cookie", concealed)


@given(payload=st.lists(st.integers() | texts, max_size=3))
def test_what_the_former_release_signed_is_still_read(payload: list[object]):
    signs = Signatures(b"a secret")

    assert signs.reveal("address", signs.sign("address", payload)) == payload


def test_keys_for_different_uses_do_not_read_each_others():
    one, other = Cipher(b"k", "wrapping"), Cipher(b"k", "concealing")

    with pytest.raises(NotAllowedError):
        other.decrypt(one.encrypt(b"x", "p"), "p")
