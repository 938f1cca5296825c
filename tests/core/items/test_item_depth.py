import msgspec
import pytest

from recsvc.core.items.item import MAX_EXTRA_DEPTH, ItemPatch, NewItem


def nested(depth: int) -> bytes:
    return b"[" * (depth - 1) + b"]" * (depth - 1)


@pytest.mark.parametrize("shape", [NewItem, ItemPatch])
def test_extra_may_be_nested_to_a_depth_and_no_deeper(shape):
    head = b'{"id": "x", "title": "x", ' if shape is NewItem else b"{"

    assert msgspec.json.decode(
        head + b'"extra": {"a": ' + nested(MAX_EXTRA_DEPTH) + b"}}", type=shape
    )
    with pytest.raises(msgspec.ValidationError, match="extra"):
        msgspec.json.decode(
            head + b'"extra": {"a": ' + nested(MAX_EXTRA_DEPTH + 1) + b"}}", type=shape
        )


def test_wide_is_not_deep():
    assert NewItem(id="x", title="x", extra={str(n): {"a": [1]} for n in range(10_000)})
