"""Dressing: ranked rows become places with items, reasons and whatever else they are to say."""

from typing import cast

import msgspec

from recsvc.clock import from_us, now_us
from recsvc.core.items.item import ItemView, StoredItem
from recsvc.core.model.model import Model
from recsvc.core.ranking.account import Account, accounts
from recsvc.core.ranking.blend import EXPLORE, SOURCES
from recsvc.core.ranking.exploration import lottery_of
from recsvc.core.ranking.reasons import Cause, causes
from recsvc.core.text.terms import item_text
from recsvc.lists.audience import EVERYBODY, Audience
from recsvc.lists.paging import Piece
from recsvc.lists.shapes import Feed, Listed, Page, Reason
from recsvc.lists.vouching import Vouching
from recsvc.lists.wording import SORTED_BY, Counted, followed, plain_reason, reason_of
from recsvc.live.item_cache import ItemCache
from recsvc.live.view import Live
from recsvc.store.heartbeat import is_silent

_ALL = slice(None)

Bodies = dict[str, StoredItem]


class Dresser:
    """Dresses lists; reading writes nothing."""

    def __init__(self, live: Live, cache: ItemCache, vouching: Vouching) -> None:
        self._live = live
        self._cache = cache
        self._vouching = vouching

    async def dressed(self, piece: Piece, page: Page, audience: Audience = EVERYBODY) -> Feed:
        """Return a page of a list; what was deleted this instant is left out."""
        catalogue, ranking = self._live.catalogue, piece.ranking
        ids = [catalogue.id_of(row) for row in ranking.rows.tolist()]
        why = self._causes(piece, audience)
        mentioned = [
            audience.reader.interactions[c.history].item for c in why if c.history is not None
        ]
        bodies = await self._cache.get(list(dict.fromkeys(ids + mentioned)))
        reasons = _Reasons(audience, why, bodies)
        account = self._accounts(piece, page, audience, [bodies.get(item) for item in ids])
        vouched = await self._vouching.behind(ids) if page.explain else {}
        likely = _propensities(piece)
        votes_of, scores = catalogue.votes[ranking.rows].tolist(), ranking.scores.tolist()
        is_by_votes = ranking.voices is None and audience.reader.tired is None
        sources, items = ranking.sources.tolist(), []
        for i, (item, place, votes) in enumerate(zip(ids, piece.places, votes_of, strict=True)):
            body = bodies.get(item)
            if body is None:
                continue  # deleted this instant, or not at hand while the store is away
            counted = Counted(votes, scores[i] if is_by_votes else None)
            items.append(
                Listed(
                    id=item,
                    position=place,
                    score=round(scores[i], 4),
                    source=SOURCES[sources[i]],
                    reason=reasons.of(i, sources[i], body, counted),
                    item=self._fields(body, votes, page),
                    propensity=likely.get(place, msgspec.UNSET),
                    account=account[i] if account else msgspec.UNSET,
                    vouched=vouched.get(item, msgspec.UNSET),
                )
            )
        return self._feed(piece, audience, items)

    def again(self, feed: Feed, feed_id: str, following: str | None) -> Feed:
        """Return an earlier answer as one of its own; what it says of itself is as it is now.

        Args:
            following: the cursor of its next page.
        """
        live = self._live
        return msgspec.structs.replace(
            feed,
            feed_id=feed_id,
            next=following,
            generated_at=from_us(now_us()),
            events_behind=live.events_behind,
            stale=is_stale(live),
        )

    def _feed(self, piece: Piece, audience: Audience, items: list[Listed]) -> Feed:
        live, model = self._live, self._model(piece)
        return Feed(
            feed_id=piece.feed_id,
            user=audience.user,
            source=piece.source,
            snapshot_id=model.snapshot_id,
            trained_at=None if model.trained_us is None else from_us(model.trained_us),
            generated_at=from_us(now_us()),
            events_behind=live.events_behind,
            stale=not audience.is_reached or is_stale(live),
            items=items,
            next=piece.next,
            sorted_by=SORTED_BY.get(piece.source, ""),
        )

    def _model(self, piece: Piece) -> Model:
        """Return what ranked a list; the served model for lists that no voice made."""
        voices = piece.ranking.voices
        return self._live.model if voices is None else voices.model

    def _causes(self, piece: Piece, audience: Audience) -> list[Cause]:
        """Return what speaks for each place; nothing where nothing in a history could."""
        if piece.ranking.voices is None:
            return []
        return causes(self._model(piece), audience.reader, piece.ranking, _ALL)

    def _accounts(
        self, piece: Piece, page: Page, audience: Audience, bodies: list[StoredItem | None]
    ) -> list[Account]:
        if not page.explain or piece.ranking.voices is None:
            return []
        texts = [_words(body) for body in bodies]
        return accounts(self._model(piece), audience.reader, piece.ranking, _ALL, texts)

    def _fields(self, body: StoredItem, votes: int, page: Page) -> ItemView | msgspec.UnsetType:
        if page.ids_only:
            return msgspec.UNSET
        if page.encoded:
            return cast(ItemView, self._cache.encoded_view(body, votes))
        return self._cache.view(body, votes)


class _Reasons:
    """Says why each place of a page is there.

    Args:
        why: a cause for each place; none for lists that are nobody's.
        bodies: of the items, and of those of the history that speak for them.
    """

    def __init__(self, audience: Audience, why: list[Cause], bodies: Bodies) -> None:
        self._who = audience.reader
        self._why = why
        self._bodies = bodies

    def of(self, i: int, code: int, body: StoredItem, counted: Counted) -> Reason:
        """Return the reason of the i-th place, whose source has this code."""
        if not self._why or code == EXPLORE:
            reason = plain_reason(SOURCES[code], body, counted)
        else:
            reason = reason_of(self._why[i], self._who, self._bodies, body, counted.votes)
        return reason if self._who.lift is None else followed(reason, self._who, body)


def is_stale(live: Live) -> bool:
    """Return whether a part that should have a say is silent: the store, or a worker with work."""
    if not live.is_connected:
        return True
    return live.events_behind > 0 and is_silent(live.worker_us, now_us())


def _propensities(piece: Piece) -> dict[int, float]:
    """Return how likely what a page's explored positions show was to be there."""
    sources = piece.ranking.sources.tolist()
    explored = [p for p, code in zip(piece.places, sources, strict=True) if code == EXPLORE]
    lottery = lottery_of(piece.feed_id) if explored else None
    return {} if lottery is None else lottery.likely(explored)


def _words(body: StoredItem | None) -> str:
    return "" if body is None else item_text(body.title, body.text, body.topics)
