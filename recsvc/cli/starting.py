"""Starting: what a part of the service cannot start with is said once, in one line, by its setting."""

import errno
import os
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from recsvc.errors import SettingsError
from recsvc.settings import Settings
from recsvc.store.bundled import is_owned
from recsvc.store.privacy import make_private

_PORT_WAIT_S = 10.0


def prepare_folder(settings: Settings) -> None:
    """Make the data folder, closed to other users.

    Raises:
        SettingsError: when it cannot be made or closed, or nothing can be written into it.
    """
    folder = settings.data_path
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError) as exc:
        raise _unusable(folder, exc) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SettingsError(f"RECSVC_DATA_DIR: {str(folder)!r} cannot be written")
    make_private(folder)


def check_engine(settings: Settings) -> None:
    """Look whether what trains is installed, without importing it.

    Raises:
        SettingsError: when it is not.
    """
    if settings.training.engine == "spark" and find_spec("pyspark") is None:
        raise SettingsError("RECSVC_TRAIN_ENGINE: `spark` needs `pip install 'recsvc[spark]'`")


def is_used(settings: Settings) -> bool:
    """Return whether a service is or was in the data folder; nothing is made there or changed.

    Raises:
        SettingsError: when it cannot be looked into.
    """
    folder = settings.data_path
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as exc:
        raise _unusable(folder, exc) from None
    return bool(names & {"store", "archive"}) or is_owned(folder)


def _unusable(folder: Path, exc: OSError | ValueError) -> SettingsError:
    if isinstance(exc, FileExistsError | NotADirectoryError):
        return SettingsError(f"RECSVC_DATA_DIR: {str(folder)!r} is not a folder")
    problem = getattr(exc, "strerror", None) or str(exc)
    return SettingsError(f"RECSVC_DATA_DIR: {str(folder)!r}: {problem}")


def wait_for_port(settings: Settings) -> None:
    """Wait until the port is free: a service that was killed may hold it for another moment.

    Raises:
        SettingsError: when another program keeps it, and when it cannot be had at all.
    """
    deadline = time.monotonic() + _PORT_WAIT_S
    while (problem := _problem(settings.host, settings.port)) is not None:
        is_taken = problem.errno == errno.EADDRINUSE
        if not is_taken or time.monotonic() > deadline:
            name = "RECSVC_PORT" if is_taken or problem.errno == errno.EACCES else "RECSVC_HOST"
            where = f"{settings.host}:{settings.port}"
            raise SettingsError(f"{name}: cannot listen on {where}: {problem.strerror}")
        time.sleep(0.2)


def _problem(host: str, port: int) -> OSError | None:
    """Return why nothing can listen there; None if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except UnicodeError:
            return OSError(errno.EINVAL, "not a name")
        except OSError as exc:
            return exc
    return None
