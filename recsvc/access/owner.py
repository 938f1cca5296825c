"""The owner: whoever runs the service, known without a key by a token or by the kernel's word.

`recsvc up` keeps an access token in a file of the data folder and prints an address that carries it, as
Jupyter does. Whoever could read that file is the owner anyway: so is a program of the same user on
this machine, whose socket the kernel lists with its user id. Another user's program is not, and neither
is a reverse proxy that runs as a user of its own, however much its requests look like local ones.
Where the kernel does not tell (no /proc), the token remains.
"""

import hmac
import os
import re
import secrets
import sys
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from recsvc.errors import SettingsError

TOKEN_PREFIX = "rat_"  # noqa: S105 - how it begins, not what it is
_FILE = "access-token"
_RANDOM_BYTES = 32
_TOKEN = re.compile(rb"rat_[A-Za-z0-9_-]{43}\s*")
_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))

Address = tuple[str, int]


class Owner:
    """Recognises the owner of this service.

    Attributes:
        token: what `recsvc up` prints.
    """

    def __init__(self, token: str) -> None:
        self.token = token

    def shows_token(self, shown: str | None) -> bool:
        """Return whether somebody showed the access token, compared in constant time."""
        return shown is not None and hmac.compare_digest(shown.encode(), self.token.encode())

    def is_same_user(self, peer: Address, server: Address) -> bool:
        """Return whether a connection comes from a program of our own user on this machine.

        Args:
            peer: the connection's far end as this process sees it.
            server: its near end.
        """
        return _uid_of(peer, server) == os.geteuid()


def owner_of(data_path: Path) -> Owner:
    """Return the owner of a data folder; its first caller makes the token.

    What is no token any more, since the disk lost or changed it, is replaced: an empty one would be
    shown by everybody.

    Raises:
        SettingsError: when the token can be neither read nor made.
    """
    path = data_path / _FILE
    try:
        data_path.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{_FILE}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(f"{TOKEN_PREFIX}{secrets.token_urlsafe(_RANDOM_BYTES)}\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and only the first one
        except FileExistsError:
            if not _TOKEN.fullmatch(path.read_bytes()):
                fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        return Owner(path.read_text().strip())
    except OSError as exc:
        raise SettingsError(f"cannot keep the access token in {path}: {exc.strerror}") from None


def _uid_of(peer: Address, server: Address) -> int | None:
    """Return the user whose socket a peer of this machine is; None for others."""
    try:
        plain = f"{_hex(peer)} {_hex(server)}"
        mapped = f"{_hex(peer, is_mapped=True)} {_hex(server, is_mapped=True)}"
    except ValueError:
        return None  # no internet address, such as a Unix socket's
    for table in _TABLES:
        try:
            lines = table.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            fields = line.split(maxsplit=8)
            if len(fields) > 8 and f"{fields[1]} {fields[2]}" in (plain, mapped):
                return int(fields[7])
    return None


def _hex(address: Address, *, is_mapped: bool = False) -> str:
    """Return an address as the kernel's tables have it: words of four bytes in the machine's order."""
    found = ip_address(address[0].partition("%")[0])
    packed = found.packed
    if is_mapped and isinstance(found, IPv4Address):
        packed = b"\0" * 10 + b"\xff\xff" + packed
    words = (packed[i : i + 4] for i in range(0, len(packed), 4))
    in_order = (word[::-1] if sys.byteorder == "little" else word for word in words)
    return f"{b''.join(in_order).hex().upper()}:{address[1]:04X}"
