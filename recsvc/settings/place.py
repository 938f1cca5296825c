"""Place: where the service keeps things, where it listens, and the addresses that follow."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from recsvc.core.access.origins import is_loopback
from recsvc.errors import SettingsError
from recsvc.params import check_url, setting
from recsvc.secret import Secret
from recsvc.store.bundled import socket_url
from recsvc.store.connection import check_address

_KEY_CHARS = 32


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: when there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder of zones
        raise ValueError(f"no such zone {name!r}") from None


def check_key(key: Secret) -> None:
    """Refuse a key that could be guessed.

    Raises:
        ValueError: saying so.
    """
    if key.reveal() and len(key.reveal()) < _KEY_CHARS:
        raise ValueError(f"shorter than {_KEY_CHARS} characters")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process of the service is."""

    host: Annotated[str, setting("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, setting("Port to listen on.", ge=0, le=65535)] = 8000
    public_url: Annotated[
        str,
        setting(
            "Origin that readers reach the service at, e.g. `https://papers.example.org`; "
            "links in mails begin with it. Empty: the address it "
            "listens on.",
            pattern=r"^(https?://[^\s/?#]+/?)?$(?!\n)",
            check=check_url,
        ),
    ] = ""
    data_dir: Annotated[
        str,
        setting("Folder of the bundled store, the archive and the caches."),
    ] = "data"
    redis_url: Annotated[
        Secret,
        setting(
            "Redis or Valkey to use, e.g. `redis://host:6379/0`, `redis+cluster://a:6379,b:6379` or "
            "`redis+sentinel://a:26379,b:26379/name`; empty: the bundled.",
            check=check_address,
        ),
    ] = Secret()
    secrets_key: Annotated[
        Secret,
        setting(
            "What wraps the secrets that the site signs with, in the store and its copies: 32 "
            "characters or more, e.g. of `openssl rand -base64 32`; empty: they are kept as they are.",
            check=check_key,
        ),
    ] = Secret()
    secrets_key_file: Annotated[
        str,
        setting("File outside the data folder that holds it instead."),
    ] = ""
    timezone: Annotated[
        str,
        setting(
            "IANA zone in which days begin and end, for lists by day.",
            check=zone_named,
        ),
    ] = "UTC"

    @property
    def data_path(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    @property
    def store_url(self) -> str:
        """The address of the store: the one configured, or the bundled one's socket."""
        return self.redis_url.reveal() or socket_url(self.data_path)

    @property
    def wrapping_key(self) -> bytes | None:
        """What wraps the secrets that the site signs with; None where nothing does.

        Raises:
            SettingsError: when the file cannot be read, holds no key, or lies beside what it wraps.
        """
        key = self.secrets_key
        if self.secrets_key_file:
            path = Path(self.secrets_key_file)
            if key.reveal():
                raise SettingsError("RECSVC_SECRETS_KEY_FILE: there is RECSVC_SECRETS_KEY, too")
            try:
                if path.resolve().is_relative_to(self.data_path.resolve()):
                    raise ValueError("it lies in the data folder, beside what it wraps")
                key = Secret(path.read_text().strip())
                if not key.reveal():
                    raise ValueError("it is empty")
                check_key(key)
            except (OSError, ValueError) as exc:
                problem = getattr(exc, "strerror", None) or str(exc)
                raise SettingsError(f"RECSVC_SECRETS_KEY_FILE: {problem}") from None
        return key.reveal().encode() or None

    @property
    def is_bundled(self) -> bool:
        """Whether the store is the bundled one."""
        return not self.redis_url.reveal()

    @property
    def site_copies_path(self) -> Path:
        """Where copies of what only the store has go."""
        return self.archive_path / "site"

    @property
    def archive_path(self) -> Path:
        """Folder of the archive."""
        return self.data_path / "archive"

    @property
    def exposures_path(self) -> Path:
        """Folder of what readers were shown."""
        return self.data_path / "exposures"

    @property
    def outbox_path(self) -> Path:
        """Mails, where there is no relay that takes them."""
        return self.data_path / "outbox"

    @property
    def snapshot_cache_path(self) -> Path:
        """Folder of the local copies of snapshots."""
        return self.data_path / "cache" / "snapshots"

    @property
    def keepsake_path(self) -> Path:
        """Folder of what a serving process starts on while the store is away."""
        return self.data_path / "cache" / "keepsake"

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which days begin and end."""
        return zone_named(self.timezone)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)

    @property
    def site_url(self) -> str:
        """Where a reader's browser finds the service, without a slash at the end."""
        return self.public_url.rstrip("/") or self.local_url

    @property
    def local_url(self) -> str:
        """Where this machine finds the service, without a slash at the end."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - as told apart from here
        host = everywhere.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
