"""What is known of fetched pages: enough to ask only for what changed, and to go on after a stop."""

from collections.abc import Callable

import msgspec

from recsvc.clock import DAY_S
from recsvc.store import keys
from recsvc.store.pipe import Pipe

_TTL_S = 90 * DAY_S
_RUN = ""


class Run(msgspec.Struct, frozen=True):
    """One run of a job.

    Attributes:
        what: it was asked to fetch; the same again is the same run if that was stopped.
        started_us: when it began, which is also its name.
        until: the end of the time it fetches, ISO; fixed when it begins.
        is_done: whether it came to its end.
    """

    what: str
    started_us: int
    until: str = ""
    is_done: bool = False


class Page(msgspec.Struct, frozen=True):
    """What is known of a page.

    Attributes:
        run_us: the run that fetched it last.
        n: records it held.
        total: records of the whole list, where the answer says.
        last: when the last of them was published, ISO.
        has_next: whether another page follows.
    """

    run_us: int
    etag: str = ""
    modified: str = ""
    n: int = 0
    total: int = 0
    last: str = ""
    has_next: bool = False


_decode_run = msgspec.json.Decoder(Run).decode
_decode_page = msgspec.json.Decoder(Page).decode
_encode = msgspec.json.Encoder().encode


class Fetches:
    """The state of one job that fetches pages.

    Args:
        is_kept: whether anything is written; a dry run leaves no trace.
    """

    def __init__(self, pipe: Pipe, job: str, *, is_kept: bool = True) -> None:
        self._pipe = pipe
        self._is_kept = is_kept
        self._key = keys.fetch(job)
        self.run = Run("", 0)

    async def last(self) -> Run | None:
        """Return the last run, if there was one."""
        raw = await self._pipe.send("HGET", self._key, _RUN)
        return None if raw is None else _decode_run(raw)

    async def begin(self, what: str, now_us: int, until: Callable[[], str] = str) -> bool:
        """Begin a run, or go on with the last one if it was stopped; return whether that is so.

        Args:
            until: returns the end of the time a new run fetches.
        """
        last = await self.last()
        resumes = last is not None and last.what == what and not last.is_done
        self.run = last if resumes and last is not None else Run(what, now_us, until())
        await self._put(_RUN, _encode(self.run))
        return resumes

    async def end(self) -> None:
        """Note that the run came to its end."""
        await self._put(_RUN, _encode(msgspec.structs.replace(self.run, is_done=True)))

    async def page(self, address: str) -> Page | None:
        """Return what is known of a page."""
        raw = await self._pipe.send("HGET", self._key, address)
        return None if raw is None else _decode_page(raw)

    def is_fresh(self, page: Page | None) -> bool:
        """Return whether a page was fetched by this very run, before it was stopped."""
        return page is not None and page.run_us == self.run.started_us

    async def keep(self, address: str, page: Page) -> None:
        """Note what is known of a page, once its records are stored."""
        await self._put(address, _encode(page))

    async def _put(self, field: str, value: bytes) -> None:
        if not self._is_kept:
            return
        await self._pipe.send_all(
            [("HSET", self._key, field, value), ("EXPIRE", self._key, _TTL_S)]
        )
