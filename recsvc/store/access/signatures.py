"""What the service signs: addresses that must not be guessed or forged, each for one purpose.

One secret per site lives in the store, made once, so that every process signs and checks alike. A
signature for one purpose is worth nothing for another.
"""

import base64
import hashlib
import hmac
import secrets

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer

from recsvc.errors import NotAllowedError
from recsvc.store import keys
from recsvc.store.access import wrapping
from recsvc.store.access.cipher import Cipher
from recsvc.store.pipe import Pipe

_SEAL_CHARS = 22
_encode = msgspec.json.Encoder(order="deterministic").encode


class Signatures:
    """Signs and checks."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # Copied for each seal: set up anew it takes twice as long, and each feed has one.
        self._keyed = hmac.new(secret, digestmod="sha256")
        self._cipher = Cipher(secret, "concealing")

    def conceal(self, purpose: str, payload: object) -> str:
        """Return a payload as text that is safe in a URL and that nobody else reads or makes.

        Args:
            payload: what JSON can hold.
        """
        return self._cipher.encrypt(_encode(payload), purpose)

    def reveal(self, purpose: str, concealed: str) -> object:
        """Return what was concealed; or signed, as it was before anything was concealed.

        Raises:
            NotAllowedError: when neither was done here, or for another purpose.
        """
        if "." in concealed:  # between a payload and its signature
            return self.read(purpose, concealed)
        return msgspec.json.decode(self._cipher.decrypt(concealed, purpose))

    def sign(self, purpose: str, payload: object) -> str:
        """Return a payload as signed text that is safe in a URL.

        Args:
            payload: what JSON can hold; it is readable, not encrypted.
        """
        return str(URLSafeSerializer(self._secret, salt=purpose).dumps(payload))

    def digest(self, purpose: str, text: str) -> bytes:
        """Return a keyed digest of a text: whoever lacks the secret cannot test guesses against it.

        Args:
            purpose: at most 16 ASCII characters.
        """
        keyed = hashlib.blake2b(
            text.encode(), key=self._secret, person=purpose.encode(), digest_size=32
        )
        return keyed.digest()

    def read(self, purpose: str, signed: str) -> object:
        """Return what was signed.

        Raises:
            NotAllowedError: when it was not signed here, or for another purpose.
        """
        try:
            payload: object = URLSafeSerializer(self._secret, salt=purpose).loads(signed)
        except BadSignature:
            raise NotAllowedError("this address is not valid (any more)") from None
        return payload

    def seal(self, purpose: str, payload: bytes) -> str:
        """Return a payload as signed text of letters, digits, `-` and `_`: 22 characters more."""
        text = _text(payload)
        return text + self._seal(purpose, text)

    def unseal(self, purpose: str, sealed: str) -> bytes:
        """Return what was sealed. The text itself is signed: no other text stands for the same.

        Raises:
            NotAllowedError: when it was not sealed here, or for another purpose.
        """
        text, seal = sealed[:-_SEAL_CHARS], sealed[-_SEAL_CHARS:]
        if not hmac.compare_digest(self._seal(purpose, text).encode(), seal.encode()):
            raise NotAllowedError("this was not sealed here")
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def _seal(self, purpose: str, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(f"{purpose}\n{text}".encode())
        return _text(keyed.digest()[:16])

    def fingerprint(self, purpose: str, text: str) -> str:
        """Return what stands for a text without revealing it: the same here, another elsewhere."""
        return base64.urlsafe_b64encode(self.digest(purpose, text)[:15]).decode()


def reader_digest(signs: Signatures, user: str) -> bytes:
    """Return what stands for a reader where event ids are remembered."""
    return signs.digest("reader", user)[:8]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def signatures(pipe: Pipe) -> Signatures:
    """Return the site's signatures, making its secret where there is none yet.

    Raises:
        SettingsError: when the secret is wrapped with a key that this process was not given.
    """
    known = await pipe.send("GET", keys.SECRET)  # a store that is full takes no other
    if known is None:
        made = wrapping.wrapped(keys.SECRET, secrets.token_bytes(32))
        await pipe.send("SET", keys.SECRET, made, "NX")
        known = await pipe.send("GET", keys.SECRET)
    return signatures_with(known)


def signatures_with(secret: bytes) -> Signatures:
    """Return the site's signatures, given its secret as the store keeps it.

    Raises:
        SettingsError: when it is wrapped with a key that this process was not given.
    """
    return Signatures(wrapping.unwrapped(keys.SECRET, bytes(secret)))
