"""Formats: what the store keeps has a number, and a release leaves alone what a newer one wrote.

Keys grow by keys and fields that older releases do not know and do not miss; then the number stays. It
goes up when what an older release knows would mean something else to it.
"""

import msgspec

from recsvc.errors import NewerError
from recsvc.store import keys
from recsvc.store.connection import Redis, translated

STORE_FORMAT = 1


class _Head(msgspec.Struct, frozen=True):
    """What every release reads of a file of JSON."""

    format: int = 1


_decode_head = msgspec.json.Decoder(_Head).decode


async def check(redis: Redis) -> None:
    """Look at whose format the store has.

    Raises:
        NewerError: when it is of a newer release.
        StoreUnavailableError: when the store does not answer.
    """
    with translated():
        found = await redis.get(keys.FORMAT)
    refuse_newer("the store", int(found or 1), STORE_FORMAT)


async def claim(redis: Redis) -> None:
    """Note that this release writes to the store from now on.

    Raises:
        NewerError: when a newer one did.
        StoreUnavailableError: when the store does not answer.
    """
    await check(redis)
    with translated():
        await redis.set(keys.FORMAT, STORE_FORMAT)


def refuse_newer(what: str, found: int, known: int) -> None:
    """Leave alone what a newer release wrote.

    Raises:
        NewerError: saying so.
    """
    if found > known:
        raise NewerError(
            f"{what} has format {found}, of a newer release; this one reads up to {known}: "
            "docs/upgrading.md says how to go back"
        )


def refuse_newer_file(what: str, raw: bytes, known: int) -> None:
    """Leave alone a file of JSON that a newer release wrote, by the `format` that it names.

    Raises:
        NewerError: saying so.
        msgspec.MsgspecError: when it is no JSON object.
    """
    refuse_newer(what, _decode_head(raw).format, known)
