"""Compressed answers: who takes which, what stays as it is, and what tags and caches make of it."""

import gzip
import sys

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.http.compression import coding
from tests.service import Service

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODE = {"gzip": gzip.decompress, "zstd": zstd.decompress, None: bytes}


@pytest.fixture(scope="module")
def long(service: Service) -> Service:
    service.put("compressed/long", title="A long one", text="Word after word. " * 500)
    return service


def fetched(
    service: Service, path: str, accepted: str, **headers: str
) -> tuple[httpx.Headers, bytes]:
    """Return the head and the bytes of an answer as they came."""
    asked = {"accept-encoding": accepted} | headers
    with service.http.stream("GET", path, headers=asked) as answer:
        head = httpx.Headers({**answer.headers, "status": str(answer.status_code)})
        return head, b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ("gzip", "gzip"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd"), ("GZIP", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"), ("*", "zstd"), ("*;q=0.5, zstd;q=0", "gzip"),
        ("gzip;q=0", None), ("identity", None), ("br", None), ("", None), ("gzip;q=x", None),
        ("*;q=0", None),
    ],
)  # fmt: skip
def test_a_caller_gets_what_it_takes(accepted: str, name: str | None):
    assert coding(accepted) == name


@given(st.text(max_size=60))
def test_no_header_raises(accepted: str):
    assert coding(accepted) in DECODE


@pytest.mark.parametrize(
    "path",
    ["/v1/items/compressed/long", "/papers/compressed%2Flong", "/feeds/new.atom",
     "/schema/openapi.json"],
)  # fmt: skip
def test_an_answer_is_the_same_under_every_coding(long: Service, path: str):
    _, plain = fetched(long, path, "identity")

    for name in ("gzip", "zstd"):
        head, raw = fetched(long, path, name)
        assert head["content-encoding"] == name
        assert int(head["content-length"]) == len(raw) < len(plain)
        assert "Accept-Encoding" in head["vary"]
        assert DECODE[name](raw)[:50] == plain[:50]


def test_who_takes_nothing_gets_it_plain_and_caches_are_told(long: Service):
    head, _ = fetched(long, "/feeds/new.atom", "identity")

    assert "content-encoding" not in head
    assert {"Origin", "Accept-Encoding"} <= {v.strip() for v in head["vary"].split(",")}


def test_small_answers_and_what_is_compressed_already_stay_as_they_are(long: Service):
    small, _ = fetched(long, "/health/live", "gzip")
    module, raw = fetched(long, "/embed/v1.js", "gzip")

    assert "content-encoding" not in small
    assert module["content-encoding"] == "gzip"
    assert gzip.decompress(raw).startswith(b"/"), "once, not twice"


def test_the_tag_of_a_compressed_answer_still_spares_the_next(long: Service):
    head, _ = fetched(long, "/feeds/new.json", "zstd")
    again, body = fetched(long, "/feeds/new.json", "gzip", **{"if-none-match": head["etag"]})

    assert head["etag"].startswith('W/"')
    assert (again["status"], body) == ("304", b"")
