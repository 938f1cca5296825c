"""The bundled store: a server as a child process, its files, and what is done when it cannot start."""

from recsvc.store.bundled.folder import (
    FolderLock,
    forget_mended,
    is_owned,
    mended_problem,
    remove_damaged_copies,
    served_at,
    socket_path,
    socket_url,
)
from recsvc.store.bundled.server import BundledStore
from recsvc.store.bundled.supervisor import Supervisor

__all__ = [
    "BundledStore",
    "FolderLock",
    "Supervisor",
    "forget_mended",
    "is_owned",
    "mended_problem",
    "remove_damaged_copies",
    "served_at",
    "socket_path",
    "socket_url",
]
