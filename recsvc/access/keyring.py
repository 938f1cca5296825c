"""The keyring: every credential in memory, so that checking one costs no round trip.

A task reads the stored credentials twice a second - they are few - and takes over what changed. While
the store is away the last known ones go on counting: feeds are served from memory then, and nobody
can revoke a key in a store that is not there.
"""

import contextlib
import hmac

import msgspec

from recsvc.background import Background, pause_in_step
from recsvc.clock import HOUR_S, SECOND_US, now_us
from recsvc.errors import NotAllowedError, NotAuthenticatedError, StoreError
from recsvc.store.access.credentials import (
    PREFIXES,
    Credential,
    CredentialKind,
    Credentials,
    decode,
    digest,
)
from recsvc.store.access.signatures import Signatures
from recsvc.store.pipe import Pipe

_REFRESH_S = 0.5
_SESSION = "console-session"
SESSION_S = 12 * HOUR_S
_UNKNOWN = bytes(32)


class Session(msgspec.Struct, frozen=True):
    """That somebody showed a secret key in a browser, which keeps this instead of the key."""

    key_id: str
    until_us: int


class Keyring:
    """What one process knows of credentials.

    Attributes:
        origins: of all publishable keys together.
        signing_secrets: what user tokens may be signed with, newest first.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._signs: Signatures | None = None
        self._raw: dict[bytes, bytes] = {}
        self._was_keyed = False
        self._by_id: dict[str, Credential] = {}
        self._ends_us: int | None = None
        self._loops = Background()
        self.origins: frozenset[str] = frozenset()
        self.signing_secrets: tuple[str, ...] = ()

    async def start(self, kept: Pipe | None = None) -> None:
        """Read the credentials, then follow them in the background.

        Args:
            kept: what stands for the store while it is away.
        """
        await self._read(self._credentials if kept is None else Credentials(kept))
        self._loops.start(self._follow, "keyring")

    async def stop(self) -> None:
        """Stop following."""
        await self._loops.stop()

    @property
    def is_untouched(self) -> bool:
        """Whether no credential exists, and none ever did in this store.

        The last one's end must not open what it had closed.
        """
        return not self._raw and not self._was_keyed

    def find(self, shown: str) -> Credential:
        """Return the key that was shown, compared in constant time.

        Raises:
            NotAuthenticatedError: when there is none like it (any more).
        """
        prefix, _, rest = shown.partition("_")
        credential = self._by_id.get(rest.partition("_")[0])
        known = _UNKNOWN if credential is None else credential.digest
        assert self._signs is not None
        is_equal = hmac.compare_digest(known, digest(self._signs, shown))
        if not is_equal or credential is None or prefix != PREFIXES[credential.kind]:
            raise NotAuthenticatedError("this key is not valid (any more)")
        if credential.kind is CredentialKind.SIGNING or not credential.is_active(now_us()):
            raise NotAuthenticatedError("this key is not valid (any more)")
        return credential

    def session(self, key_id: str) -> str:
        """Return what a browser keeps for a while in place of a key that was shown in it."""
        assert self._signs is not None
        until_us = now_us() + SESSION_S * SECOND_US
        return self._signs.conceal(_SESSION, msgspec.to_builtins(Session(key_id, until_us)))

    def in_session(self, kept: str) -> Credential:
        """Return the key behind what a browser kept: it ends with the key, or by itself.

        Raises:
            NotAuthenticatedError: when it has ended, or was not made here.
        """
        assert self._signs is not None
        try:
            session = msgspec.convert(self._signs.reveal(_SESSION, kept), Session)
        except (NotAllowedError, msgspec.ValidationError):
            session = None
        now = now_us()
        found = None if session is None else self._by_id.get(session.key_id)
        if session is None or found is None or now > session.until_us or not found.is_active(now):
            raise NotAuthenticatedError("sign in again", is_presented=False)
        return found

    async def refresh(self) -> None:
        """Take over what is stored now.

        Raises:
            StoreUnavailableError: when the store does not answer; what was known goes on counting.
        """
        await self._read(self._credentials)

    async def _read(self, credentials: Credentials) -> None:
        stored = await credentials.load()
        self._signs, raw = stored.signs, stored.raw
        self._was_keyed = self._was_keyed or stored.ever
        if raw and not self._was_keyed:  # made by a version that did not remember it
            await credentials.remember()
        has_ended = self._ends_us is not None and now_us() >= self._ends_us
        if raw != self._raw or has_ended:
            self._take(raw)

    def _take(self, raw: dict[bytes, bytes]) -> None:
        now = now_us()
        found = [c for c in map(decode, raw.values()) if c.is_active(now)]
        found.sort(key=lambda c: (c.created_us, c.id), reverse=True)
        self._raw = raw
        self._by_id = {c.id: c for c in found}
        self._ends_us = min((c.expires_us for c in found if c.expires_us is not None), default=None)
        self.origins = frozenset(origin for c in found for origin in c.origins)
        self.signing_secrets = tuple(c.secret for c in found if c.secret is not None)

    async def _follow(self) -> None:
        await pause_in_step(_REFRESH_S)
        with contextlib.suppress(StoreError):
            await self.refresh()
