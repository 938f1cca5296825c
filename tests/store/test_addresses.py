"""Addresses of stores: one server, a cluster, or a server that sentinels name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.secret import Secret
from recsvc.store.addresses import is_cluster, parsed
from recsvc.store.connection import check_address, connect

names = st.from_regex(r"[a-z][a-z0-9.-]{0,20}[a-z0-9]", fullmatch=True)
ports = st.none() | st.integers(1, 65535)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@given(hosts=st.lists(st.tuples(names, ports), min_size=1, max_size=5), user=words, password=words)
@pytest.mark.parametrize("kind", ["cluster", "sentinel"])
def test_hosts_and_credentials_are_read_as_they_were_written(kind, hosts, user, password):
    place = ",".join(host if port is None else f"{host}:{port}" for host, port in hosts)
    url = f"rediss+{kind}://{quoted(user)}:{quoted(password)}@{place}"

    found = parsed(url + "/the%20one" if kind == "sentinel" else url)

    assert found is not None
    default = {"cluster": 6379, "sentinel": 26379}[kind]
    assert found.hosts == tuple((host, port or default) for host, port in hosts)
    said = {"username": user, "password": password}
    assert found.credentials == {name: value for name, value in said.items() if value}
    assert (found.kind, found.is_encrypted) == (kind, True)
    assert found.name == ("the one" if kind == "sentinel" else "")


@pytest.mark.parametrize(
    "url", ["redis://h:1/0", "rediss://u:p@h", "unix:///a/b", "redis+cluster://h,i:7001",
            "redis+sentinel://h/main"],
)  # fmt: skip
def test_addresses_that_will_do(url: str):
    check_address(Secret(url))
    assert is_cluster(connect(url)) == ("cluster" in url)


@pytest.mark.parametrize(
    "url", ["http://h", "redis+cluster://", "redis+cluster://h/0", "redis+sentinel://h",
            "redis+clusters://h", "http+cluster://h", "redis+cluster://h:x", "redis+cluster://h,,i"],
)  # fmt: skip
def test_addresses_that_will_not(url: str):
    with pytest.raises(ValueError, match="not an address such as"):
        check_address(Secret(url))
