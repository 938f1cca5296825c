"""Connections: how many one network holds open in a process, how long in silence, and how long unread.

The server below takes every connection up to its bound and gives no say in which. What the kernel knows
of them is read here: whoever says nothing, or never reads the answer, goes after a while, and of one
network beyond its share the latest go, so that nobody has all the places. Proxies that are trusted and
programs of this machine speak for many, and are spared the share.

Only where the system shows a process its own connections (Linux); elsewhere a proxy has to do it.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from litestar import Litestar
from prometheus_client import Counter

from recsvc.api.http.metrics import registry
from recsvc.background import Background, pause_in_step
from recsvc.core.access.networks import Network, is_in, parse_networks, plain, prefix, wide
from recsvc.settings import Settings

ENDED = Counter(
    "recsvc_connections_ended", "Connections that were ended, by why.", ["why"], registry=registry
)

_LOOK_S = 1.0
_FEW = 50  # to hand them to a thread takes longer than to look at them
_PAUSES = 20  # times as long as a look took: it takes a twentieth of a processor at most
_SILENT_S = 30.0  # a client on a busy machine may connect long before it says anything
# What was sent is not read, and nothing has moved for so long: the kernel ends the connection (tcp(7)).
_UNREAD_MS = 60_000
_OPEN_FILES = Path("/proc/self/fd")
_SPARED = "127.0.0.0/8 ::1/128"
# `struct tcp_info` of linux/tcp.h: `tcpi_bytes_received`, since Linux 4.1.
_TCP_INFO_BYTES = 136
_RECEIVED_AT = 128


class _Connection:
    """A connection that was met.

    Attributes:
        file: its number in this process.
        network: whose share it is part of; empty for one that is spared.
        has_spoken: whether anything ever came.
    """

    def __init__(self, file: int, network: str, met_s: float) -> None:
        self.file = file
        self.network = network
        self.met_s = met_s
        self.has_spoken = False


class Connections:
    """The connections that a process took at a port.

    Args:
        per_network: how many one /24 or /48 may have.
        spared: those whose connections are not counted.
    """

    def __init__(self, port: int, per_network: int, spared: tuple[Network, ...]) -> None:
        self._port = port
        self._per_network = per_network
        self._spared = spared
        self._known: dict[int, _Connection | None] = {}

    @property
    def n(self) -> int:
        """How many sockets there were at the last look, what is not counted among them."""
        return len(self._known)

    def look(self, now_s: float) -> None:
        """Look at every connection, and end those that are silent or too many."""
        here: dict[int, _Connection | None] = {}
        for file, inode in _sockets():
            known = inode in self._known
            here[inode] = self._known[inode] if known else self._meet(file, inode, now_s)
        self._known = here
        self._end_silent(now_s)
        self._end_crowds()

    def _meet(self, file: int, inode: int, now_s: float) -> _Connection | None:
        """Return a connection that was not met before; None for what is none of ours."""
        with _opened(file, inode) as found:
            if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
                return None
            try:
                peer = plain(found.getpeername()[0])
                is_ours = found.getsockname()[1] == self._port
            except OSError:
                return None  # listens, or has just ended
            if not is_ours:
                return None
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        network = "" if is_in(peer, self._spared) else wide(prefix(peer))
        return _Connection(file, network, now_s)

    def _end_silent(self, now_s: float) -> None:
        for inode, one in self._known.items():
            if one is None or one.has_spoken:
                continue
            with _opened(one.file, inode) as found:
                one.has_spoken = found is None or _n_received(found) > 0
                if not one.has_spoken and now_s - one.met_s >= _SILENT_S:
                    _end(found, "silent")

    def _end_crowds(self) -> None:
        crowds: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
        for inode, one in self._known.items():
            if one is not None and one.network:
                crowds[one.network].append((one.met_s, inode, one.file))
        for crowd in crowds.values():
            for _, inode, file in sorted(crowd)[self._per_network :]:
                with _opened(file, inode) as found:
                    _end(found, "network")


def watching(settings: Settings) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return what looks after the connections for as long as the application lives."""
    params = settings.admission
    spared = parse_networks(f"{_SPARED} {params.proxies}")
    connections = Connections(settings.port, params.connections_per_network, spared)
    are_shown = _OPEN_FILES.is_dir() and hasattr(socket, "TCP_INFO")

    async def look() -> None:
        began_s = time.monotonic()
        if connections.n <= _FEW:
            connections.look(began_s)
        else:
            await asyncio.to_thread(connections.look, began_s)
        await pause_in_step(max(_LOOK_S, _PAUSES * (time.monotonic() - began_s)))

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        loops = Background()
        if are_shown:
            loops.start(look, "connections")
        try:
            yield
        finally:
            await loops.stop()

    return lifespan


def _sockets() -> Iterator[tuple[int, int]]:
    """Yield the sockets that this process has open: number and inode, which no other socket shares."""
    for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - of thousands, each second
        try:
            found = os.fstat(int(name))
        except OSError:
            continue  # closed meanwhile
        if stat.S_ISSOCK(found.st_mode):
            yield int(name), found.st_ino


@contextlib.contextmanager
def _opened(file: int, inode: int) -> Iterator[socket.socket | None]:
    """Give a socket of this process, held so that nothing else takes its number; None if it went."""
    try:
        held = os.dup(file)
    except OSError:
        yield None
        return
    if os.fstat(held).st_ino != inode:
        os.close(held)
        yield None
        return
    with socket.socket(fileno=held) as found:
        yield found


def _n_received(connection: socket.socket) -> int:
    """Return how many bytes ever came; 1 where the kernel does not say."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    if len(told) < _TCP_INFO_BYTES:
        return 1
    return int(struct.unpack_from("=Q", told, _RECEIVED_AT)[0])


def _end(connection: socket.socket | None, why: str) -> None:
    """Tell both ends that nothing comes any more; the server then closes it."""
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
            ENDED.labels(why).inc()
