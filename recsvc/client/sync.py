"""The client for programs that wait for their calls."""

import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from recsvc.client.transport import DEFAULT_TIMEOUT_S

T = TypeVar("T")
P = TypeVar("P", bound=Feed | Page)

_open: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Client:
    """Calls a service; safe to share between threads, and meant to be kept: it keeps connections.

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
        self._options = transport.options(url, key, timeout_s)
        self._http = httpx.Client(**self._options)
        self._retry = retry or Retry()
        self._events: EventBatcher | None = None
        _open.add(self)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send the events that wait, and close the connections."""
        if self._events is not None:
            self._events.close()
        self._http.close()

    @property
    def events(self) -> EventBatcher:
        """Events sent in the background: `client.events.add(Event(…))` returns at once."""
        if self._events is None:
            self._events = EventBatcher(self.record)
        return self._events

    # Lists

    def feed(
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
        return self._call(calls.feed(user, filters, history))

    def rank(self, items: Sequence[str], user: str | None = None, fields: Fields = "full") -> Feed:
        """Return the caller's own candidates in the reader's order."""
        return self._call(calls.rank(items, user, fields))

    def trending(self, window: Window = "week", **filters: Unpack[ListFilters]) -> Feed:
        """Return what gathers votes now."""
        return self._call(calls.listing("/v1/trending", filters, window=window))

    def new(self, **filters: Unpack[ListFilters]) -> Feed:
        """Return every visible item, latest listed first."""
        return self._call(calls.listing("/v1/new", filters))

    def similar(
        self,
        item: str | Sequence[str],
        *,
        unlike: Sequence[str] = (),
        by: Likeness = "both",
        **filters: Unpack[ListFilters],
    ) -> Feed:
        """Return what is like an item, or like several and unlike others."""
        return self._call(calls.similar(item, unlike, by, filters))

    def search(
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
        return self._call(asked)

    def daily(self, day: str | date, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed on a day, by votes."""
        return self._call(calls.period("daily", day, filters))

    def weekly(self, week: str, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed in an ISO week such as `2025-W50`, by votes."""
        return self._call(calls.period("weekly", week, filters))

    def monthly(self, month: str, **filters: Unpack[ListFilters]) -> PeriodFeed:
        """Return what was listed in a month such as `2025-12`, by votes."""
        return self._call(calls.period("monthly", month, filters))

    def pages(self, ask: Callable[..., P], *args: Any, **asked: Any) -> Iterator[P]:
        """Yield a list page by page: `for page in client.pages(client.new, limit=100)`."""
        cursor = None
        while True:
            page = ask(*args, cursor=cursor, **asked)
            yield page
            cursor = page.continuation
            if cursor is None:
                return

    def votes(self, items: Sequence[str], user: str | None = None) -> list[ItemVotes]:
        """Return the votes of at most 100 items; unknown and hidden ones are left out."""
        return self._call(calls.votes(items, user)).items

    # Events

    def act(self, user: str | None, kind: str, item: str, **details: Unpack[Details]) -> bool:
        """Log one event now; return whether it was new."""
        return self._call(calls.act(Event(item, kind, user, **details))).accepted == 1

    def record(self, events: Iterable[Event], strict: bool = False) -> Recorded:
        """Log events; what is right is stored even if others are not."""
        batches = calls.batches(list(events))
        return calls.recorded([self._call(calls.record(batch, strict)) for batch in batches])

    # The catalogue

    def put_items(self, items: Iterable[NewItem]) -> Upserted:
        """Create or replace items; what is right is stored even if others are not."""
        batches = calls.batches(list(items))
        return calls.upserted([self._call(calls.put_items(batch)) for batch in batches])

    def get_item(self, item: str) -> CatalogueItem:
        """Return an item."""
        return self._call(calls.get_item(item))

    def patch_item(self, item: str, **changes: Any) -> CatalogueItem:
        """Change fields of an item; None puts a field back to its default."""
        return self._call(calls.patch_item(item, changes))

    def delete_item(self, item: str) -> None:
        """Remove an item."""
        self._call(calls.delete_item(item))

    # All that there is

    def list_items(self, **filters: Unpack[ItemFilters]) -> ItemPage:
        """Return a page of the catalogue, in the order of arrival: `client.pages(client.list_items)`."""
        return self._call(calls.list_items(filters))

    def list_users(self, limit: int = 100, cursor: str | None = None) -> UserPage:
        """Return a page of readers, in the order of ids."""
        return self._call(calls.list_users(limit, cursor))

    def list_events(self, **filters: Unpack[EventFilters]) -> EventPage:
        """Return a page of the event log, newest first unless told otherwise."""
        return self._call(calls.list_events(filters))

    # Anything else

    def request(
        self, method: str, path: str, params: dict[str, object] | None = None, body: object = None
    ) -> Any:
        """Make any other call of the API and return its answer as plain values."""
        return self._call(calls.raw(method, path, params, body))

    def _call(self, call: Call[T]) -> T:
        attempt = 1
        while True:
            try:
                return self._once(call)
            except CallError as exc:
                pause_s = self._retry.pause_s(exc, attempt, call.is_repeatable)
                if pause_s is None:
                    raise
            time.sleep(pause_s)
            attempt += 1

    def _once(self, call: Call[T]) -> T:
        with transport.translated():
            response = self._http.request(**transport.request(call))
        return transport.answer(call, response)

    def _forked(self) -> None:
        """Start over in a child process: connections and waiting events are the parent's."""
        self._http = httpx.Client(**self._options)
        if self._events is not None:
            self._events.forked()


def _after_fork() -> None:
    for client in _open:
        client._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
