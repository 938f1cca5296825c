"""The client for asyncio (and anyio) programs: the same calls, awaited."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar, Unpack

import httpx

from recsvc.client import calls, transport
from recsvc.client.batcher import EventBatcher
from recsvc.client.calls import (
    Call,
    Details,
    EventFilters,
    FeedFilters,
    Fields,
    ItemFilters,
    Likeness,
    ListFilters,
    Sort,
    Window,
)
from recsvc.client.errors import CallError
from recsvc.client.retry import Retry
from recsvc.client.shapes import (
    CatalogueItem,
    Event,
    EventPage,
    Feed,
    ItemPage,
    ItemVotes,
    NewItem,
    Page,
    PeriodFeed,
    Recorded,
    Upserted,
    UserPage,
)
from recsvc.client.sync import Client
from recsvc.client.transport import DEFAULT_TIMEOUT_S

T = TypeVar("T")
P = TypeVar("P", bound=Feed | Page)


class AsyncClient:
    """Calls a service; meant to be kept for the life of an event loop: it keeps connections.

    Args:
        url: of the service, e.g. `http://127.0.0.1:8000`.
        key: a secret key, or a reader's token; None where the service asks for none.
        timeout_s: of one attempt.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: Retry | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(**transport.options(url, key, timeout_s))
        self._retry = retry or Retry()
        # Its events leave from a thread: they must, also when no event loop runs any more.
        self._background = Client(url, key, timeout_s=timeout_s, retry=retry)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Send the events that wait, and close the connections."""
        await asyncio.to_thread(self._background.close)
        await self._http.aclose()

    @property
    def events(self) -> EventBatcher:
        """Events sent in the background: `client.events.add(Event(…))` returns at once."""
        return self._background.events

    # Lists

    async def feed(
        self,
        user: str | None = None,
        *,
        history: Iterable[Event] = (),
        **filters: Unpack[FeedFilters],
    ) -> Feed:
        """Return a reader's feed.

        Args:
            history: what an anonymous session did, for readers whom the service does not know.
        """
        return await self._call(calls.feed(user, filters, history))

    async def rank(
        self, items: Sequence[str], user: str | None = None, fields: Fields = "full"
    ) -> Feed:
        """Return the caller's own candidates in the reader's order."""
        return await self._call(calls.rank(items, user, fields))

    async def trending(self, window: Window = "week", **filters: Unpack[ListFilters]) -> Feed:
        """Return what gathers votes now."""
        return await self._call(calls.listing("/v1/trending", filters, window=window))

    async def new(self, **filters: Unpack[ListFilters]) -> Feed:
        """Return every visible item, latest listed first."""
        return await self._call(calls.listing("/v1/new", filters))

    async def similar(
        self,
        item: str | Sequence[str],
        *,
        unlike: Sequence[str] = (),
        by: Likeness = "both",
        **filters: Unpack[ListFilters],
    ) -> Feed:
        """Return what is like an item, or like several and unlike others."""
        return await self._call(calls.similar(item, unlike, by, filters))

    async def search(
        self,
        q: str,
        *,
        prefix: bool = False,
        sort: Sort = "relevance",
        facets: bool = False,
        **filters: Unpack[ListFilters],
    ) -> Feed:
        """Return what answers a query, with what was found in `highlights` and told of in `search`.

        Args:
            prefix: whether the last word may be only the beginning of one.
            facets: with the topics, organisations and years of what was found.
        """
        how = {"prefix": prefix or None, "sort": sort, "facets": facets or None}
        asked = calls.listing("/v1/search", filters, q=q, **how)
        return await self._call(asked)

    async def daily(self, day: str | date, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed on a day, by votes."""
        return await self._call(calls.period("daily", day, filters))

    async def weekly(self, week: str, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed in an ISO week such as `2025-W50`, by votes."""
        return await self._call(calls.period("weekly", week, filters))

    async def monthly(self, month: str, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed in a month such as `2025-12`, by votes."""
        return await self._call(calls.period("monthly", month, filters))

    async def pages(
        self, ask: Callable[..., Awaitable[P]], *args: Any, **asked: Any
    ) -> AsyncIterator[P]:
        """Yield a list page by page: `async for page in client.pages(client.new, limit=100)`."""
        cursor = None
        while True:
            page = await ask(*args, cursor=cursor, **asked)
            yield page
            cursor = page.continuation
            if cursor is None:
                return

    async def votes(self, items: Sequence[str], user: str | None = None) -> list[ItemVotes]:
        """Return the votes of at most 100 items; unknown and hidden ones are left out."""
        return (await self._call(calls.votes(items, user))).items

    # Events

    async def act(self, user: str | None, kind: str, item: str, **details: Unpack[Details]) -> bool:
        """Log one event now; return whether it was new."""
        return (await self._call(calls.act(Event(item, kind, user, **details)))).accepted == 1

    async def record(self, events: Iterable[Event], strict: bool = False) -> Recorded:
        """Log events; what is right is stored even if others are not."""
        batches = calls.batches(list(events))
        return calls.recorded([await self._call(calls.record(b, strict)) for b in batches])

    # The catalogue

    async def put_items(self, items: Iterable[NewItem]) -> Upserted:
        """Create or replace items; what is right is stored even if others are not."""
        batches = calls.batches(list(items))
        return calls.upserted([await self._call(calls.put_items(batch)) for batch in batches])

    async def get_item(self, item: str) -> CatalogueItem:
        """Return an item."""
        return await self._call(calls.get_item(item))

    async def patch_item(self, item: str, **changes: Any) -> CatalogueItem:
        """Change fields of an item; None puts a field back to its default."""
        return await self._call(calls.patch_item(item, changes))

    async def delete_item(self, item: str) -> None:
        """Remove an item."""
        await self._call(calls.delete_item(item))

    # All that there is

    async def list_items(self, **filters: Unpack[ItemFilters]) -> ItemPage:
        """Return a page of the catalogue, in the order of arrival: `client.pages(client.list_items)`."""
        return await self._call(calls.list_items(filters))

    async def list_users(self, limit: int = 100, cursor: str | None = None) -> UserPage:
        """Return a page of readers, in the order of ids."""
        return await self._call(calls.list_users(limit, cursor))

    async def list_events(self, **filters: Unpack[EventFilters]) -> EventPage:
        """Return a page of the event log, newest first unless told otherwise."""
        return await self._call(calls.list_events(filters))

    # Anything else

    async def request(
        self, method: str, path: str, params: dict[str, object] | None = None, body: object = None
    ) -> Any:
        """Make any other call of the API and return its answer as plain values."""
        return await self._call(calls.raw(method, path, params, body))

    async def _call(self, call: Call[T]) -> T:
        attempt = 1
        while True:
            try:
                return await self._once(call)
            except CallError as exc:
                pause_s = self._retry.pause_s(exc, attempt, call.is_repeatable)
                if pause_s is None:
                    raise
            await asyncio.sleep(pause_s)
            attempt += 1

    async def _once(self, call: Call[T]) -> T:
        with transport.translated():
            response = await self._http.request(**transport.request(call))
        return transport.answer(call, response)
