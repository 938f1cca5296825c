import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.access.origins import host_of, is_loopback, parse_origin, parse_origins
from recsvc.errors import InvalidError


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://papers.example.org", "https://papers.example.org"),
        ("HTTPS://Papers.Example.ORG:443", "https://papers.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://papers.example.org:80", "http://papers.example.org"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(written: str, sent: str):
    assert parse_origin(written) == sent
    assert parse_origin(sent) == sent


@pytest.mark.parametrize(
    "text",
    ["", "null", "*", "https://*.example.org", "https://a.example/", "https://a.example/path",
     "https://u@a.example", "ftp://a.example", "a.example", "https://", "https://a.example:123456",
     "https://a.example https://b.example", "https://a.example\r\nx: y"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str):
    with pytest.raises(InvalidError):
        parse_origin(text)


@given(st.text())
def test_parsing_never_fails_in_another_way(text: str):
    try:
        found = parse_origin(text)
    except InvalidError:
        return
    assert host_of(found)


def test_several_origins_stand_between_spaces_or_commas():
    assert parse_origins(" https://a.example, http://b.example ") == {
        "https://a.example",
        "http://b.example",
    }
    assert parse_origins("") == frozenset()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1", "127.1.2.3:80", "[::1]:8000", "::1",
             "LOCALHOST", "dev.localhost:1", "localhost."],
)  # fmt: skip
def test_loopback_names_are_known(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com", "0.0.0.0", "10.0.0.1",
             "notlocalhost", "[::2]", "[", "evil.com:80@localhost", "::", "128.0.0.1"],
)  # fmt: skip
def test_other_names_are_not_loopback(host: str):
    assert not is_loopback(host)
