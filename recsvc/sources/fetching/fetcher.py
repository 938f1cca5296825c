"""Fetching from archives, politely: one request at a time, no faster than asked, nothing twice.

What a server says about its limits is heeded: `Retry-After` (RFC 9110), and `RateLimit` in the form of
the IETF draft (`"api";r=0;t=42`) and of the drafts before it (`limit=…, remaining=0, reset=42`).

Nor is an answer trusted: its text may take so many bytes once it is unpacked, so long, and so many
redirects, none of which leads to another host or away from https.
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
_WHOLE_S = 600.0
_MAX_BYTES = 64_000_000
_MAX_REDIRECTS = 5
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
        max_bytes, whole_s: how large an answer may be once it is unpacked, and how long it may take.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        pause_s: float = 0.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        on_wait: Callable[[float, str], None] | None = None,
        max_bytes: int = _MAX_BYTES,
        whole_s: float = _WHOLE_S,
    ) -> None:
        self._max_bytes, self._whole_s = max_bytes, whole_s
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
            SourceError: when the server does not answer, refuses, answers too much or leads elsewhere.
        """
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in headers.items() if value}
        reason = ""
        for attempt in range(_ATTEMPTS):
            await self._wait(reason)
            self._not_before_s = self._clock() + self._pause_s
            try:
                request = self._client.build_request("GET", url, params=params, headers=headers)
                async with asyncio.timeout(self._whole_s):
                    response, text = await self._received(request)
            except (httpx.HTTPError, TimeoutError) as exc:
                reason = f"{type(exc).__name__}: {exc}"
                self._later(_FIRST_PAUSE_S * 2**attempt)
                continue
            self._heed(response.headers)
            status = response.status_code
            if response.is_success or status in (_NOT_MODIFIED, *accept):
                return _answer(response, text)
            reason = f"{status} {response.reason_phrase}"
            if status != _TOO_MANY and status < 500:
                raise SourceError(f"{response.url} answered {reason}: {text[:200]}")
            self._later(_retry_after_s(response.headers) or _FIRST_PAUSE_S * 2**attempt)
        raise SourceError(f"{url} does not answer ({reason}); run it again later to go on")

    async def _received(self, request: httpx.Request) -> tuple[httpx.Response, str]:
        """Return the answer to a request and its text, redirects followed as far as they may lead.

        Raises:
            SourceError: when it is too large, or leads too far.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return response, await self._text(response)
            finally:
                await response.aclose()
            if not _is_same_place(request.url, response.next_request.url):
                raise SourceError(f"{request.url} leads elsewhere: {response.next_request.url}")
            request = response.next_request
        raise SourceError(f"{request.url} leads on and on")

    async def _text(self, response: httpx.Response) -> str:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > self._max_bytes:
                raise SourceError(f"{response.url} answered more than {self._max_bytes} bytes")
        return content.decode(response.encoding or "utf-8", "replace")

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
    return httpx.AsyncClient(headers={"User-Agent": agent}, timeout=_TIMEOUT_S)


def _is_same_place(one: httpx.URL, other: httpx.URL) -> bool:
    """Return whether a redirect stays on its host; from http to https it may change its port."""
    if one.host != other.host:
        return False
    return (one.scheme, one.port) == (other.scheme, other.port) or (
        one.scheme == "http" and other.scheme == "https"
    )


def _answer(response: httpx.Response, text: str) -> Answer:
    return Answer(
        str(response.url),
        response.status_code,
        text,
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
