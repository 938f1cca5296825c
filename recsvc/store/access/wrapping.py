"""Wrapping: what the site signs with, kept in the store under a key that is not kept there.

Whoever has a copy of the store or of the data folder - a backup, a disk - and not the key can sign for
nobody. Who can read the memory or the environment of a process has both.

The key is the process's, as its log is: said once, when the process begins (`use`).
"""

from recsvc.errors import NotAllowedError, SettingsError
from recsvc.store import keys
from recsvc.store.access.cipher import Cipher
from recsvc.store.pipe import Pipe

_MARK = "wrapped:1:"
_cipher: Cipher | None = None


def use(key: bytes | None) -> None:
    """Wrap with a key from now on in this process; None: leave what is new as it is."""
    global _cipher
    _cipher = None if key is None else Cipher(key, "wrapping")


def is_wrapped(kept: bytes) -> bool:
    """Return whether a key is needed to read something."""
    return kept.startswith(_MARK.encode())


def wrapped(name: str, plain: bytes) -> bytes:
    """Return what is kept of a secret."""
    if _cipher is None:
        return plain
    return (_MARK + _cipher.encrypt(plain, name)).encode()


def unwrapped(name: str, kept: bytes) -> bytes:
    """Return a secret; one that was kept before there was a key is as it is.

    Raises:
        SettingsError: when it is wrapped, and the key is not given or is another one.
    """
    if not is_wrapped(kept):
        return kept
    if _cipher is None:
        raise SettingsError(
            "RECSVC_SECRETS_KEY: what this site signs with is wrapped; give the key that it was wrapped "
            "with, or RECSVC_SECRETS_KEY_FILE. Without it no key, cookie or link made so far can be "
            "checked, and there is no other way to read it (docs/security.md)"
        )
    try:
        return _cipher.decrypt(kept.decode()[len(_MARK) :], name)
    except NotAllowedError:
        raise SettingsError(
            "RECSVC_SECRETS_KEY: this is not the key that what this site signs with was wrapped with"
        ) from None


async def wrap_former(pipe: Pipe) -> bool:
    """Wrap the site's secret that was kept before there was a key; return whether there was one.

    Raises:
        SettingsError: when it is wrapped, and the key is not given or is another one.
    """
    kept: bytes | None = await pipe.send("GET", keys.SECRET)
    if kept is None:
        return False
    plain = unwrapped(keys.SECRET, kept)
    if _cipher is None or is_wrapped(kept):
        return False
    await pipe.send("SET", keys.SECRET, wrapped(keys.SECRET, plain), "XX")
    return True
