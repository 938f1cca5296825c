"""Whoever asks says by which name, and is believed only where it names this machine."""

import pytest
from litestar import Request

from recsvc.api.http.addresses import base_of
from recsvc.settings import Settings


def asked(host: str) -> Request:
    return Request(
        {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/embed",
            "raw_path": b"/embed", "root_path": "", "app_root_path": "", "query_string": b"",
            "headers": [(b"host", host.encode())], "server": ("127.0.0.1", 8000), "client": None,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:9", "http://localhost:9"),
        ("evil.example", "http://127.0.0.1:8000"),
        ("127.0.0.1.evil.example", "http://127.0.0.1:8000"),
    ],
)
def test_addresses_never_come_from_a_name_that_somebody_made_up(host: str, base: str):
    assert base_of(asked(host), Settings()) == base
    public = Settings(public_url="https://papers.example.org/")
    assert base_of(asked(host), public) == "https://papers.example.org"
