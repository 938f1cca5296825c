"""Of one network so many connections stay, and none that says nothing."""

import socket
from collections.abc import Iterator

import pytest
from anyio import to_thread

from recsvc.api.app import create_app
from recsvc.api.http.connections import Connections, watching
from recsvc.core.access.networks import Network, parse_networks
from recsvc.settings import from_environment
from tests.service import wait_until

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "TCP_INFO"), reason="this system does not show connections"
)
HERE, THERE = "127.0.0.1", "127.0.1.1"  # two networks of one machine


class Port:
    """A port of this process, as a server's in it would be, and its clients."""

    def __init__(self) -> None:
        self.listening = socket.create_server((HERE, 0))
        self.number = self.listening.getsockname()[1]
        self.taken: list[socket.socket] = []
        self.clients: list[socket.socket] = []

    def connect(self, n: int, source: str = HERE) -> list[socket.socket]:
        """Connect so often, and take the connections."""
        new = []
        for _ in range(n):
            new.append(socket.create_connection((HERE, self.number), 5, (source, 0)))
            self.taken.append(self.listening.accept()[0])
        self.clients += new
        return new

    def close(self) -> None:
        for one in (self.listening, *self.taken, *self.clients):
            one.close()


@pytest.fixture
def port() -> Iterator[Port]:
    made = Port()
    yield made
    made.close()


def watch(port: Port, most: int, *spared: Network) -> Connections:
    return Connections(port.number, most, spared)


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    finally:
        client.setblocking(True)


def test_of_one_network_the_latest_beyond_its_share_go(port: Port):
    connections = watch(port, 3)
    first = port.connect(2)
    connections.look(0.0)
    crowd, others = port.connect(5), port.connect(3, THERE)

    connections.look(1.0)

    assert [is_open(client) for client in first + crowd] == [True] * 3 + [False] * 4
    assert all(map(is_open, others)), "another network's places are its own"
    port.taken[0].close()
    (next_one,) = port.connect(1)
    connections.look(2.0)
    assert not is_open(next_one), "nobody has closed those that were ended"
    for taken in port.taken[:7]:
        taken.close()
    (next_one,) = port.connect(1)
    connections.look(3.0)
    assert is_open(next_one), "a place is free again"


def test_proxies_that_are_trusted_may_bring_as_many_as_they_like(port: Port):
    clients = port.connect(9)

    watch(port, 1, *parse_networks("10.0.0.0/8 127.0.0.0/24")).look(0.0)

    assert all(map(is_open, clients))


def test_who_says_nothing_goes_and_who_said_something_stays(port: Port):
    connections = watch(port, 100)
    silent, speaks, late = *port.connect(2), *port.connect(1, THERE)
    speaks.sendall(b"G")
    connections.look(0.0)
    for server in port.taken[:2]:
        server.setblocking(False)
    assert port.taken[1].recv(9) == b"G", "what was read counts, too"
    connections.look(29.0)
    late.sendall(b"G")
    connections.look(31.0)

    assert [is_open(client) for client in (silent, speaks, late)] == [False, True, True]


def test_who_never_reads_is_ended_by_the_kernel_after_a_minute(port: Port):
    port.connect(1)

    watch(port, 100).look(0.0)

    told = port.taken[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert told == 60_000


def test_other_connections_of_the_process_are_left_alone(port: Port):
    """Such as those to the store and to a mail server."""
    clients = port.connect(3)

    Connections(port.number + 1, 1, ()).look(0.0)
    Connections(clients[0].getsockname()[1], 1, ()).look(0.0)  # where we are the client

    assert all(map(is_open, clients))


async def test_a_serving_process_looks_after_its_connections(port: Port):
    port.connect(1)
    settings = from_environment({}, port=port.number)
    app = create_app(settings)

    def timeout_ms() -> int:
        return port.taken[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    async with watching(settings)(app):
        await to_thread.run_sync(wait_until, timeout_ms, "it was looked at")

    names = [manager.__qualname__ for manager in app._lifespan_managers]
    assert any(name.startswith("watching.") for name in names)
