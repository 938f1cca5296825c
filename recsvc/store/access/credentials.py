"""Credentials in Redis: keys that callers show, and the secrets that hosts sign user tokens with.

A key is shown once, when it is made, and kept as a keyed digest. A fast hash is right for that: slow
ones exist to make guessing a human's password expensive, and 256 random bits cannot be guessed at any
speed. What hosts sign with has to be kept as it is, since HMAC checks with the very secret it signs
with; where the process has a key for that, it is kept wrapped (`wrapping.py`).
"""

import enum
import secrets
from typing import NamedTuple

import msgspec

from recsvc.clock import SECOND_US
from recsvc.core.access.caller import Scope
from recsvc.errors import ConflictError, InvalidError, NotFoundError
from recsvc.store import keys, scripts
from recsvc.store.access import wrapping
from recsvc.store.access.signatures import Signatures, signatures, signatures_with
from recsvc.store.pipe import Pipe

MAX_CREDENTIALS = 1_000
MAX_SIGNING = 2
ALL_SCOPES = tuple(Scope)
# Which scopes there were when a key was made: none said, the four of the first release.
_SCOPES_OF = 2

_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LENGTH = 10
_PURPOSE = "credential"


class CredentialKind(enum.StrEnum):
    """What a credential is for."""

    SECRET = enum.auto()
    PUBLISHABLE = enum.auto()
    SIGNING = enum.auto()


# Prefixes that secret scanners can look for, and that tell people what they have in their hands.
PREFIXES = {
    CredentialKind.SECRET: "rsk",
    CredentialKind.PUBLISHABLE: "rpk",
    CredentialKind.SIGNING: "rss",
}


class Stored(NamedTuple):
    """What is stored of credentials.

    Attributes:
        signs: the site's signatures.
        raw: the credentials by id, packed.
        ever: whether one was ever made in this store.
    """

    signs: Signatures
    raw: dict[bytes, bytes]
    ever: bool


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credential as the store keeps it.

    Attributes:
        id: part of the key as shown; not a secret.
        scopes: of a secret key.
        origins: of a publishable key, exact.
        digest: of the key as shown.
        secret: the text itself, for signing only.
        expires_us: when it ends; None: when it is revoked.
        until_us: the end that was asked for when it was made; what replaces it ends then too.
        replaces: id of the credential that this one was made to replace.
        scopes_of: 1 while there were `read`, `events`, `items` and `admin`; the first two meant more.
    """

    id: str
    kind: CredentialKind
    created_us: int
    digest: bytes
    name: str = ""
    scopes: tuple[Scope, ...] = ()
    origins: tuple[str, ...] = ()
    secret: str | None = None
    expires_us: int | None = None
    until_us: int | None = None
    replaces: str | None = None
    scopes_of: int = 1

    @property
    def is_former(self) -> bool:
        """Whether it was made while there were four scopes: it still reaches what it reached."""
        return self.scopes_of < _SCOPES_OF

    def is_active(self, now_us: int) -> bool:
        """Return whether it still counts."""
        return self.expires_us is None or now_us < self.expires_us


class NewCredential(msgspec.Struct, frozen=True):
    """What a new credential is to be.

    Attributes:
        until_us: when it is to end.

    Raises:
        InvalidError: when the parts do not fit together, naming the one that does not.
    """

    kind: CredentialKind
    name: str = ""
    scopes: tuple[Scope, ...] = ()
    origins: tuple[str, ...] = ()
    until_us: int | None = None
    scopes_of: int = _SCOPES_OF

    def __post_init__(self) -> None:
        if self.scopes and self.kind is not CredentialKind.SECRET:
            raise InvalidError("only secret keys have scopes", "scopes")
        if self.origins and self.kind is not CredentialKind.PUBLISHABLE:
            raise InvalidError("only publishable keys have origins", "origins")
        if self.kind is CredentialKind.PUBLISHABLE and not self.origins:
            raise InvalidError("a publishable key needs the origins it works on", "origins")


class Credentials:
    """Makes, lists, rotates and revokes credentials."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def load(self) -> Stored:
        """Return what is stored, in one round trip: every process asks twice a second."""
        secret, raw, ever = await self._pipe.send_all(
            [("GET", keys.SECRET), ("HGETALL", keys.CREDENTIALS), ("EXISTS", keys.KEYED)]
        )
        signs = await signatures(self._pipe) if secret is None else signatures_with(secret)
        return Stored(signs, raw, bool(ever))

    async def wrap_former(self) -> int:
        """Wrap signing secrets that were kept before there was a key; return how many.

        Raises:
            SettingsError: when one is wrapped with a key that this process was not given.
        """
        raw = (await self.load()).raw
        n = 0
        for identity, packed in raw.items():
            again = _encoded(decode(packed))
            if again != packed and _decode(packed).secret is not None:
                args = [identity, packed, again]
                n += await scripts.call(self._pipe, "swap", [keys.CREDENTIALS], args)
        return n

    async def ever(self) -> bool:
        """Return whether a credential was ever made in this store."""
        return bool(await self._pipe.send("EXISTS", keys.KEYED))

    async def remember(self) -> None:
        """Remember for ever that a credential was made: its end must not open what it had closed."""
        await scripts.reserved(self._pipe, "SET", keys.KEYED, "1", "NX")

    async def all(self, now_us: int) -> list[Credential]:
        """Return the credentials that count, oldest first."""
        raw = (await self.load()).raw
        found = [c for c in map(decode, raw.values()) if c.is_active(now_us)]
        return sorted(found, key=lambda c: (c.created_us, c.id))

    async def create(
        self, wanted: NewCredential, now_us: int, replaces: str | None = None
    ) -> tuple[Credential, str]:
        """Make a credential; return it, and the key that nobody will see again.

        Raises:
            ConflictError: when there are too many already.
            InvalidError: when it would end before it begins.
        """
        if wanted.until_us is not None and wanted.until_us <= now_us:
            raise InvalidError("a key ends in the future", "expires_at")
        stored = await self.load()
        await self._make_room(stored.raw, wanted.kind, now_us)
        identity = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
        shown = f"{PREFIXES[wanted.kind]}_{identity}_{secrets.token_urlsafe(32)}"
        credential = Credential(
            id=identity,
            kind=wanted.kind,
            created_us=now_us,
            digest=digest(stored.signs, shown),
            name=wanted.name,
            scopes=(wanted.scopes or ALL_SCOPES) if wanted.kind is CredentialKind.SECRET else (),
            origins=wanted.origins,
            secret=shown if wanted.kind is CredentialKind.SIGNING else None,
            expires_us=wanted.until_us,
            until_us=wanted.until_us,
            replaces=replaces,
            scopes_of=wanted.scopes_of,
        )
        await self._put(credential)
        return credential, shown

    async def rotate(self, identity: str, overlap_s: float, now_us: int) -> tuple[Credential, str]:
        """Make a credential like another, which ends after the overlap; return the new one.

        Raises:
            NotFoundError: when there is no such credential.
            ConflictError: when a signing secret is rotated while two of them count.
        """
        old = await self._get(identity, now_us)
        wanted = NewCredential(
            old.kind, old.name, old.scopes, old.origins, old.until_us, old.scopes_of
        )
        made = await self.create(wanted, now_us, replaces=identity)
        ends_us = now_us + int(overlap_s * SECOND_US)
        if old.expires_us is None or ends_us < old.expires_us:
            await self._put(msgspec.structs.replace(old, expires_us=ends_us))
        return made

    async def revoke(self, identity: str) -> None:
        """End a credential: every process forgets it within two seconds.

        Raises:
            NotFoundError: when there is no such credential.
        """
        if not await self._pipe.send("HDEL", keys.CREDENTIALS, identity):
            raise NotFoundError(f"there is no key {identity!r}")

    async def _get(self, identity: str, now_us: int) -> Credential:
        raw: bytes | None = await self._pipe.send("HGET", keys.CREDENTIALS, identity)
        credential = None if raw is None else decode(raw)
        if credential is None or not credential.is_active(now_us):
            raise NotFoundError(f"there is no key {identity!r}")
        return credential

    async def _put(self, credential: Credential) -> None:
        packed = _encoded(credential)
        await self.remember()
        await scripts.reserved(self._pipe, "HSET", keys.CREDENTIALS, credential.id, packed)

    async def _make_room(self, raw: dict[bytes, bytes], kind: CredentialKind, now_us: int) -> None:
        """Drop what has ended, and refuse what would be too many.

        Two people who create at the same instant may exceed a bound by one; nothing depends on it.
        """
        found = [decode(packed) for packed in raw.values()]
        ended = [c.id for c in found if not c.is_active(now_us)]
        if ended:
            await self._pipe.send("HDEL", keys.CREDENTIALS, *ended)
        if len(found) - len(ended) >= MAX_CREDENTIALS:
            raise ConflictError(f"at most {MAX_CREDENTIALS} keys; revoke some")
        signing = [c for c in found if c.kind is CredentialKind.SIGNING and c.is_active(now_us)]
        if kind is CredentialKind.SIGNING and len(signing) >= MAX_SIGNING:
            raise ConflictError(f"at most {MAX_SIGNING} signing secrets at a time; revoke one")


def digest(signs: Signatures, shown: str) -> bytes:
    """Return what is kept of a key."""
    return signs.digest(_PURPOSE, shown)


def decode(packed: bytes) -> Credential:
    """Return a stored credential, its secret unwrapped.

    Raises:
        SettingsError: when that was wrapped with a key that this process was not given.
    """
    credential = _decode(packed)
    if credential.secret is None:
        return credential
    secret = wrapping.unwrapped(credential.id, credential.secret.encode()).decode()
    return msgspec.structs.replace(credential, secret=secret)


def _encoded(credential: Credential) -> bytes:
    if credential.secret is not None:
        kept = wrapping.wrapped(credential.id, credential.secret.encode()).decode()
        credential = msgspec.structs.replace(credential, secret=kept)
    return msgspec.json.encode(credential)


_decode = msgspec.json.Decoder(Credential).decode
