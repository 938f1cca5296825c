"""Places at work: who waits for somebody else gives theirs away meanwhile, and asks for it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Protocol


class Place(Protocol):
    """A place at work, which somebody else counts."""

    def step_out(self) -> None:
        """Give the place away."""

    async def step_in(self) -> None:
        """Take one again.

        Raises:
            CrowdedError: when there is none in time.
        """


place: ContextVar[Place | None] = ContextVar("place", default=None)
"""The place of the request that is being worked on; None where places are not counted."""


@asynccontextmanager
async def given_away() -> AsyncIterator[None]:
    """Have no place meanwhile.

    Raises:
        CrowdedError: when there is none in time afterwards.
    """
    held = place.get()
    if held is None:
        yield
        return
    held.step_out()
    yield  # whoever fails meanwhile has nothing left to do
    await held.step_in()
