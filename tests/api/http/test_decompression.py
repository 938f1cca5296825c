"""Compressed bodies, bounded by what comes out of them."""

import gzip
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.http.decompression import decompressed, zstd
from recsvc.errors import InvalidError, TooLargeError, UnknownEncodingError
from tests.service import Service

PACK = {"gzip": gzip.compress, "x-gzip": gzip.compress, "zstd": zstd.compress}
MOST = 100_000


@given(
    parts=st.lists(st.binary(max_size=2_000), min_size=1, max_size=5), name=st.sampled_from([*PACK])
)
def test_what_was_compressed_comes_out_in_one_piece_or_in_several(parts: list[bytes], name: str):
    packed = b"".join(PACK[name](part) for part in parts)

    assert decompressed(packed, [name.upper()], MOST) == b"".join(parts)


@given(raw=st.binary(min_size=1, max_size=500), name=st.sampled_from([*PACK]), data=st.data())
def test_what_is_cut_off_or_is_something_else_is_refused(raw: bytes, name: str, data):
    packed = PACK[name](raw)
    cut = data.draw(st.integers(1, len(packed) - 1))

    with pytest.raises(InvalidError):
        decompressed(packed[:cut], [name], MOST)
    with pytest.raises(InvalidError):
        decompressed(b"{" + raw, [name], MOST)


@pytest.mark.parametrize("name", [*PACK])
def test_a_bomb_costs_no_memory(name: str):
    bomb = PACK[name](bytes(300_000_000))
    assert len(bomb) < 400_000
    tracemalloc.start()

    with pytest.raises(TooLargeError):
        decompressed(bomb, [name], 8_000_000)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_pieces_without_end_are_refused(name: str):
    with pytest.raises(TooLargeError):
        decompressed(PACK[name](b"") * 10_000, [name], MOST)


@pytest.mark.parametrize("names", [["br"], ["deflate"], ["gzip, zstd"], ["gzip", "gzip"], ["x"]])
def test_another_encoding_is_named(names: list[str]):
    with pytest.raises(UnknownEncodingError, match="gzip, zstd"):
        decompressed(b"x", names, MOST)
    assert decompressed(b"x", ["identity", ""], MOST) == b"x"


EVENTS = [
    {"user": "packed", "item": f"p{n}", "kind": "click", "event_id": str(n)} for n in range(9)
]
ITEMS = [{"id": f"packed-{n}", "title": "P"} for n in range(9)]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/items"])
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_over_http(service: Service, path: str, name: str):
    rows = EVENTS if path == "/v1/events" else ITEMS
    body = PACK[name]("\n".join(map(json.dumps, rows)).encode())
    most = 8_000_001

    def post(content: bytes, encoding: str = name):
        return service.http.post(path, content=content, headers={"content-encoding": encoding})

    answer = post(body)
    assert answer.status_code < 300, answer.text
    assert not answer.json()["rejected"]
    assert [a.status_code for a in (post(body[:-9]), post(b"{}"), post(body, "br"))] == [
        400,
        400,
        415,
    ]
    assert post(PACK[name](b" " * 8 * most)).status_code == 413
    refused = post(body, "br")
    assert refused.headers["accept-encoding"] == "gzip, zstd"
    assert refused.headers["content-type"].startswith("application/problem+json")


def test_zlibs_own_format_is_not_taken_for_gzip():
    with pytest.raises(InvalidError):
        decompressed(zlib.compress(b"x"), ["gzip"], MOST)
