"""Formats: what the store keeps has a number, and a release leaves alone what a newer one wrote.

Keys grow by keys and fields that older releases do not know and do not miss; then the number stays. It
goes up when what an older release knows would mean something else to it.
"""

from recsvc.errors import NewerError
from recsvc.store import keys
from recsvc.store.connection import Redis, translated

STORE_FORMAT = 1


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
