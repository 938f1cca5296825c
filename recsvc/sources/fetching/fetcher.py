"""Fetching from archives, politely: one request at a time, no faster than asked, nothing twice.

What a server says about its limits is heeded: `Retry-After` (RFC 9110), and `RateLimit` in the form of
the IETF draft (`"api";r=0;t=42`) and of the drafts before it (`limit=…, remaining=0, reset=42`).
"""

import asyncio
import email.utils
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import httpx
import msgspec

from recsvc import __version__
from recsvc.errors import SourceError

_ATTEMPTS = 6
_FIRST_PAUSE_S = 2.0
_LONGEST_WAIT_S = 900.0
_TIMEOUT_S = 60.0
_NOT_MODIFIED = 304
_TOO_MANY = 429
_REMAINING = re.compile(r"(?:\br|remaining)\s*=\s*(\d+)")
_RESET = re.compile(r"(?:\bt|reset)\s*=\s*(\d+)")


class Answer(msgspec.Struct, frozen=True):
    """What a server answered.

    Attributes:
        text: empty when nothing changed.
        etag, modified: by which to ask again whether anything changed.
        has_next: whether its `Link` header names a next page; None when it has no such header.
    """

    url: str
    status: int
    text: str
    etag: str
    modified: str
    has_next: bool | None

    @property
    def is_unchanged(self) -> bool:
        """Whether the server says that nothing changed since the last answer."""
        return self.status == _NOT_MODIFIED


class Fetcher:
    """Asks one server.

    Args:
        pause_s: between the beginnings of two requests.
        sleep, clock: stand-ins for time in tests.
        on_wait: called with the seconds of a longer wait and its reason.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        pause_s: float = 0.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self._client = client
        self._pause_s = pause_s
        self._sleep = sleep
        self._clock = clock
        self._on_wait = on_wait
        self._not_before_s = clock()

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        etag: str = "",
        modified: str = "",
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """Ask for a page; if it is known, only for what changed.

        Args:
            etag, modified: of the last answer; empty when there was none.
            accept: statuses that are answers, too, beside success.

        Raises:
            SourceError: when the server does not answer, or refuses.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in headers.items() if value}
        reason = ""
        for attempt in range(_ATTEMPTS):
            await self._wait(reason)
            self._not_before_s = self._clock() + self._pause_s
            try:
                response = await self._client.get(url, params=params, headers=headers)
            except httpx.HTTPError as exc:
                reason = f"{type(exc).__name__}: {exc}"
                self._later(_FIRST_PAUSE_S * 2**attempt)
                continue
            self._heed(response.headers)
            status = response.status_code
            if response.is_success or status in (_NOT_MODIFIED, *accept):
                return _answer(response)
            reason = f"{status} {response.reason_phrase}"
            if status != _TOO_MANY and status < 500:
                raise SourceError(f"{response.url} answered {reason}: {response.text[:200]}")
            self._later(_retry_after_s(response.headers) or _FIRST_PAUSE_S * 2**attempt)
        raise SourceError(f"{url} does not answer ({reason}); run it again later to go on")

    def _later(self, seconds: float) -> None:
        self._not_before_s = max(self._not_before_s, self._clock() + min(seconds, _LONGEST_WAIT_S))

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Wait for the next window when nothing remains of this one."""
        said = headers.get("ratelimit", "")
        remaining, reset = _REMAINING.search(said), _RESET.search(said)
        if remaining and reset and int(remaining[1]) == 0:
            self._later(float(reset[1]))

    async def _wait(self, reason: str) -> None:
        seconds = self._not_before_s - self._clock()
        if seconds > 0:
            if seconds > 2 * self._pause_s + 1 and self._on_wait is not None:
                self._on_wait(seconds, reason or "its limit is reached")
            await self._sleep(seconds)


def client(contact: str) -> httpx.AsyncClient:
    """Return a client that says who is asking."""
    agent = f"recsvc/{__version__}" + (f" ({contact})" if contact else "")
    return httpx.AsyncClient(
        headers={"User-Agent": agent}, timeout=_TIMEOUT_S, follow_redirects=True
    )


def _answer(response: httpx.Response) -> Answer:
    return Answer(
        str(response.url),
        response.status_code,
        response.text,
        response.headers.get("etag", ""),
        response.headers.get("last-modified", ""),
        "next" in response.links if "link" in response.headers else None,
    )


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Return the seconds a server asks to wait, as a number or a date; 0 if it does not."""
    said = headers.get("retry-after", "")
    if said.isdecimal():
        return float(said)
    try:
        return max(
            0.0, (email.utils.parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError):
        return 0.0
