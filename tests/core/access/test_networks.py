import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.access.networks import UNKNOWN, forwarded_client, parse_networks, prefix
from recsvc.errors import InvalidError

PROXIES = parse_networks("10.0.0.0/8, 192.168.1.7 fd00::/8")


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("", UNKNOWN),
        ("unix:", UNKNOWN),
    ],
)
def test_an_address_is_coarsened_to_its_neighbourhood(address: str, where: str):
    assert prefix(address) == where


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.1", "1.2.3.4", "203.0.113.1"),  # not a proxy of ours: not believed
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what the client claims stands further left
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 192.168.1.7", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, client: str):
    assert forwarded_client(peer, forwarded, PROXIES) == client


@given(peer=st.text(), forwarded=st.text())
def test_nothing_a_client_sends_makes_it_fail(peer: str, forwarded: str):
    assert isinstance(prefix(forwarded_client(peer, forwarded, PROXIES)), str)


def test_what_is_no_network_is_refused():
    with pytest.raises(InvalidError):
        parse_networks("10.0.0.0/33")
