"""The cipher: text that only this site reads, the same for the same text (AES-SIV, RFC 5297).

Deterministic, since a private address has to come out the same each time; what that gives away is that
two texts for one purpose are the same. Altered text, and text for another purpose, does not decrypt.
"""

import base64
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

from recsvc.errors import NotAllowedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_PERSON_BYTES = 16


class Cipher:
    """Encrypts and decrypts under one key.

    Args:
        key: of any length; what encrypts is derived from it.
        use: what for, at most 16 ASCII characters: one key serves several uses, none of which reads
            another's.
    """

    def __init__(self, key: bytes, use: str) -> None:
        self._key = hashlib.blake2b(key, person=use.encode().ljust(_PERSON_BYTES)).digest()

    def encrypt(self, plain: bytes, purpose: str) -> str:
        """Return text of letters, digits, `-` and `_`."""
        # An empty text would be one of no bytes, which the library refuses.
        sealed = self._siv.encrypt(b"\0" + plain, [purpose.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def decrypt(self, text: str, purpose: str) -> bytes:
        """Return what was encrypted.

        Raises:
            NotAllowedError: when it was not encrypted with this key, or for another purpose.
        """
        from cryptography.exceptions import InvalidTag

        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._siv.decrypt(sealed, [purpose.encode()])
        except (ValueError, InvalidTag):
            raise NotAllowedError("this was not encrypted here") from None
        if self.encrypt(plain[1:], purpose) != text:
            raise NotAllowedError("this was not encrypted here")  # other letters for the same bytes
        return plain[1:]

    @cached_property
    def _siv(self) -> "AESSIV":
        # Here and not above: whoever encrypts nothing is spared some megabytes.
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        return AESSIV(self._key)
