"""The use cases: feed, rank, trending, new, similar.

Each one reads what it needs from the live view, lets the core decide, and dresses the answer with
items and reasons. Reading writes nothing.
"""

import os
from collections.abc import Callable
from typing import Annotated, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from recsvc.clock import HOUR_US, SECOND_US, from_us, now_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.items.item import ItemView, StoredItem, view
from recsvc.core.items.trending import TrendingParams
from recsvc.core.model.model import Model
from recsvc.core.ranking import cursor as cursors
from recsvc.core.ranking.account import accounts
from recsvc.core.ranking.arrangement import ArrangementParams, arranged
from recsvc.core.ranking.blend import EXPLORE, SOURCES, Common, Ranking, common, rank
from recsvc.core.ranking.cursor import Cursor, ListKind
from recsvc.core.ranking.exploration import feed_id as new_id
from recsvc.core.ranking.exploration import lottery_of, seed_of
from recsvc.core.ranking.params import BlendParams
from recsvc.core.ranking.public_lists import (
    Likeness,
    cold_list,
    new_list,
    similar_list,
    trending_list,
)
from recsvc.core.ranking.reasons import causes
from recsvc.core.ranking.voice import Voice
from recsvc.core.ranking.voices import VOICES
from recsvc.core.readers.evidence import Evidence
from recsvc.core.readers.profile import NOBODY, Profile, ProfileParams
from recsvc.core.readers.reader import Reader, reader, with_preferences
from recsvc.core.text.terms import item_text
from recsvc.errors import NotFiniteError, NotFoundError, StoreUnavailableError
from recsvc.lists.shapes import Feed, FeedOptions, Listed, ListSource, Page
from recsvc.lists.wording import SORTED_BY, followed, plain_reason, reason_of
from recsvc.live.item_cache import ItemCache
from recsvc.live.view import Live
from recsvc.params import setting
from recsvc.store.heartbeat import is_silent
from recsvc.store.readers.profiles import Profiles

_OWN_VOTE_WAIT_S = 0.5
_NEW_ITEM_WAIT_S = 2.0


class RecommenderParams(msgspec.Struct, frozen=True):
    """What the use cases need to know.

    Attributes:
        follow_weight: in score points.
        voices: who has a say in personal feeds.
    """

    profile: ProfileParams = ProfileParams()
    depth: Annotated[
        int,
        setting(
            "Items a ranked list reaches through its cursor.", name="feed_depth", ge=100, le=2000
        ),
    ] = 300
    cursor_ttl_s: Annotated[
        int, setting("A cursor older than this is answered with 410.", ge=1)
    ] = 1_800
    blend: BlendParams = BlendParams()
    follow_weight: Annotated[
        float, setting("Weight of a topic, organisation or word that is followed.", ge=0)
    ] = 1.5
    arrangement: ArrangementParams = ArrangementParams()
    voices: tuple[Voice, ...] = VOICES

    @property
    def trending(self) -> TrendingParams:
        """How fast votes fade."""
        return self.blend.votes


class _Shared(msgspec.Struct, frozen=True):
    """What is true for everybody, and what it was computed from."""

    catalogue: Catalogue
    version: int
    model: Model
    hour: int
    common: Common


class Recommender:
    """Answers who should see what.

    Attributes:
        observe_not_finite: told of each personal ranking that came to no number.
    """

    def __init__(
        self, live: Live, profiles: Profiles, cache: ItemCache, params: RecommenderParams
    ) -> None:
        self._live = live
        self._profiles = profiles
        self._cache = cache
        self._params = params
        self._evidence = Evidence(params.profile)
        self._shared: _Shared | None = None
        self.observe_not_finite: Callable[[], object] = lambda: None

    async def feed(
        self,
        user: str | None,
        page: Page,
        options: FeedOptions | None = None,
        history: Profile = NOBODY,
    ) -> Feed:
        """Return a reader's feed.

        Args:
            user: None for somebody unknown.
            history: interactions sent along, for readers whom the store does not know.
        """
        options = options or FeedOptions()
        who, reached = await self._reader(user, options.seen, history)
        if page.cursor is not None:
            return await self._continue("feed", page, user, who, reached)
        now = now_us()
        catalogue, model = self._live.catalogue, self._live.model
        candidates = catalogue.mask(page.filters)
        ranking = self._personal(who, self._blend(options), candidates, self._params.depth, now)
        source: ListSource = "personal"
        if ranking is None:
            reached = reached and not _is_known(who, model)
            candidates = candidates.copy()
            candidates[who.excluded] = False
            ranking = self._cold(candidates, self._params.depth, now, who.lift)
            source = "trending" if len(ranking.rows) and ranking.scores[0] != 0 else "new"
        arrangement = self._arrangement(options, source)
        seed = seed_of(user or "", now)
        ranking, lottery = arranged(ranking, catalogue, model, arrangement, seed)
        feed_id = new_feed_id() if lottery is None else new_id(_unique_bytes(), lottery)
        return await self._page("feed", ranking, source, page, user, who, reached, feed_id)

    async def profile(self, user: str) -> Profile:
        """Return a reader's profile, their latest vote on the boards too; empty without the store."""
        if not self._live.is_connected:
            return NOBODY
        try:
            profile, vote = await self._profiles.read(user)
        except StoreUnavailableError:
            return NOBODY
        if vote is not None:
            await self._live.wait_for_vote(user, vote, _OWN_VOTE_WAIT_S)
        return profile

    async def rank(self, user: str | None, items: list[str], page: Page) -> Feed:
        """Return the caller's own candidates in the reader's order; unknown and hidden ones last.

        Nothing is left out: the caller decided what is a candidate.
        """
        who, reached = await self._reader(user, "show", NOBODY)
        catalogue, model = self._live.catalogue, self._live.model
        wanted = np.zeros(catalogue.n, bool)
        for item in items:
            row = catalogue.row_of(item)
            if row is not None:
                wanted[row] = True
        wanted[who.excluded] = False
        depth = int(wanted.sum())
        ranking = self._personal(who, self._params.blend, wanted, depth, now_us())
        source: ListSource = "personal"
        if ranking is None:
            reached = reached and not _is_known(who, model)
            ranking = self._cold(wanted, depth, now_us(), who.lift)
            source = "trending"
        page = msgspec.structs.replace(page, limit=max(depth, 1))
        return await self._page("feed", ranking, source, page, user, who, reached)

    async def trending(self, window: str, page: Page) -> Feed:
        """Return what gathers votes now."""
        if page.cursor is not None:
            return await self._continue("trending", page, None, _NOBODY, True)
        catalogue = self._live.catalogue
        candidates = catalogue.mask(page.filters)
        half_life_us = self._params.trending.half_life_us(window)
        ranking = trending_list(
            catalogue, window, half_life_us, candidates, self._params.depth, now_us()
        )
        return await self._page("trending", ranking, "trending", page, None, _NOBODY, True)

    async def new(self, page: Page) -> Feed:
        """Return every visible item, latest listed first."""
        catalogue = self._live.catalogue
        start = self._decode(page.cursor, "new") if page.cursor is not None else None
        candidates = catalogue.mask(page.filters)
        after = None if start is None else start.after
        ranking = new_list(catalogue, candidates, page.limit + 1, after)
        n = page.limit
        shown = Ranking(ranking.rows[:n], ranking.scores[:n], ranking.sources[:n])
        position = 0 if start is None else start.position
        feed_id = new_feed_id() if start is None else start.feed_id
        follow = None
        if len(ranking.rows) > page.limit:
            last = int(shown.rows[-1])
            follow = self._cursor("new", feed_id, "new", position + len(shown.rows))
            follow = msgspec.structs.replace(follow, after=(int(catalogue.listed_us[last]), last))
        return await self._answer(
            shown, "new", page, None, _NOBODY, True, feed_id, position, follow
        )

    async def similar(
        self, positive: list[str], negative: list[str], page: Page, by: Likeness = "both"
    ) -> Feed:
        """Return what is like some items and unlike others, none of these themselves.

        Items that are unknown are left out.

        Raises:
            NotFoundError: when there is none of the positive ones.
        """
        if page.cursor is not None:
            return await self._continue("similar", page, None, _NOBODY, True)
        names = positive + negative
        await self._arrival([i for i in names if self._live.catalogue.row_of(i) is None])
        wanted, unwanted = self._rows_of(positive), self._rows_of(negative)
        await self._live.wait_for_rows(np.concatenate([wanted, unwanted]), _NEW_ITEM_WAIT_S)
        catalogue, model = self._live.catalogue, self._live.model
        if len(wanted) == 0:
            raise NotFoundError(f"there is no item {positive[0]!r}")
        candidates = catalogue.mask(page.filters)
        ranking = similar_list(model, wanted, unwanted, candidates, self._params.depth, by)
        return await self._page("similar", ranking, "similar", page, None, _NOBODY, True)

    def _rows_of(self, items: list[str]) -> NDArray[np.int64]:
        """Return the rows of those items that can be listed, each once."""
        rows = (self._live.catalogue.row_of(item) for item in items)
        return np.unique(np.array([row for row in rows if row is not None], np.int64))

    async def ranked(self, kind: ListKind, ranking: Ranking, source: str, page: Page) -> Feed:
        """Answer the first page of a list that is nobody's and that another use case ranked."""
        return await self._page(kind, ranking, source, page, None, _NOBODY, True)

    async def dressed(
        self,
        ranking: Ranking,
        source: ListSource,
        page: Page,
        feed_id: str,
        position: list[int],
        follow: Cursor | None,
    ) -> Feed:
        """Answer one page of such a list whose continuation the other use case keeps itself."""
        return await self._answer(
            ranking, source, page, None, _NOBODY, True, feed_id, position, follow
        )

    async def continued(self, kind: ListKind, page: Page) -> Feed:
        """Answer a further page of such a list."""
        return await self._continue(kind, page, None, _NOBODY, True)

    async def _reader(
        self, user: str | None, seen: str | None, history: Profile
    ) -> tuple[Reader, bool]:
        """Return the reader, and whether the store could be asked about them."""
        profile, reached = history, True
        if user is not None and not self._live.is_connected:
            reached = False
        elif user is not None:
            try:
                stored, vote = await self._profiles.read(user, with_shown=seen is not None)
            except StoreUnavailableError:
                reached = False
            else:
                profile = Profile(
                    stored.interactions + history.interactions,
                    stored.shown | history.shown,
                    stored.preferences,
                )
                if vote is not None:
                    await self._live.wait_for_vote(user, vote, _OWN_VOTE_WAIT_S)
        who = reader(profile, self._live.catalogue, self._evidence, now_us(), seen)
        # Who acts on an item that has just arrived sees it in the very next feed, too.
        if who.missing and await self._arrival(who.missing):
            who = reader(profile, self._live.catalogue, self._evidence, now_us(), seen)
        await self._live.wait_for_rows(who.rows, _NEW_ITEM_WAIT_S)
        catalogue = self._live.catalogue
        liked = profile.preferences, catalogue, self._live.rows_with, self._params.follow_weight
        return with_preferences(who, *liked), reached

    async def _arrival(self, items: list[str]) -> bool:
        """Wait for those of some items that the store has and this process does not; say if any."""
        arriving = list(await self._cache.get(items))
        if arriving:
            await self._live.wait_for_items(arriving, _NEW_ITEM_WAIT_S)
        return bool(arriving)

    def _personal(
        self, who: Reader, blend: BlendParams, candidates: NDArray[np.bool_], depth: int, now: int
    ) -> Ranking | None:
        """Return a reader's own ranking; None for somebody unknown, or when no number comes of it."""
        model = self._live.model
        if not _is_known(who, model):
            return None
        try:
            return rank(model, who, self._common(blend, now), blend, candidates, depth)
        except NotFiniteError:
            self.observe_not_finite()
            return None

    def _cold(
        self, candidates: NDArray[np.bool_], depth: int, now: int, lift: NDArray[np.float32] | None
    ) -> Ranking:
        half_life_us = self._params.trending.half_life_us("month")
        return cold_list(self._live.catalogue, half_life_us, candidates, depth, now, lift)

    def _fields(self, body: StoredItem, votes: int, page: Page) -> ItemView | msgspec.UnsetType:
        if page.ids_only:
            return msgspec.UNSET
        if page.encoded:
            return cast(ItemView, self._cache.encoded_view(body, votes))
        return view(body, votes)

    def _common(self, blend: BlendParams, now: int) -> Common:
        """Return what is true for everybody, computed again only when something changed."""
        catalogue, model = self._live.catalogue, self._live.model
        if blend is not self._params.blend:
            return common(catalogue, model, blend, now, self._params.voices)
        known, hour = self._shared, now // HOUR_US
        if (
            known is None
            or known.catalogue is not catalogue
            or known.model is not model
            or (known.version, known.hour) != (catalogue.version, hour)
        ):
            shared = common(catalogue, model, blend, now, self._params.voices)
            known = _Shared(catalogue, catalogue.version, model, hour, shared)
            self._shared = known
        return known.common

    def _blend(self, options: FeedOptions) -> BlendParams:
        if options.freshness_half_life_days is None:
            return self._params.blend
        return msgspec.structs.replace(
            self._params.blend, fresh_half_life_days=options.freshness_half_life_days
        )

    def _arrangement(self, options: FeedOptions, source: ListSource) -> ArrangementParams:
        """Return how a feed is arranged; nobody's feed is explored or diversified unasked."""
        usual = self._params.arrangement
        diversity, explore = options.diversity, options.explore
        is_personal = source == "personal"
        if diversity is None:
            diversity = usual.diversity if is_personal else 0.0
        if explore is None:
            explore = usual.explore if is_personal else 0.0
        return msgspec.structs.replace(usual, diversity=diversity, explore=explore)

    async def _page(
        self,
        kind: ListKind,
        ranking: Ranking,
        source: str,
        page: Page,
        user: str | None,
        who: Reader,
        reached: bool,
        feed_id: str | None = None,
    ) -> Feed:
        """Answer the first page of a ranked list; the rest travels in the cursor."""
        feed_id = feed_id or new_feed_id()
        follow = self._rest(kind, feed_id, source, ranking, page.limit, 0)
        return await self._answer(ranking, source, page, user, who, reached, feed_id, 0, follow)

    async def _continue(
        self, kind: ListKind, page: Page, user: str | None, who: Reader, reached: bool
    ) -> Feed:
        """Answer a further page: the list as it was, without what must no longer be shown."""
        assert page.cursor is not None
        start = self._decode(page.cursor, kind)
        rows, scores, sources = start.unpack()
        catalogue = self._live.catalogue
        shown = rows[: page.limit]
        allowed = np.isin(shown, who.excluded, invert=True)
        allowed &= (shown < catalogue.n) & catalogue.visible[np.minimum(shown, catalogue.n - 1)]
        ranking = Ranking(rows, scores, sources)
        follow = self._rest(kind, start.feed_id, start.source, ranking, page.limit, start.position)
        places = start.position + np.flatnonzero(allowed)
        kept = Ranking(
            shown[allowed], scores[: page.limit][allowed], sources[: page.limit][allowed]
        )
        if kind == "feed" and start.source == "personal" and len(who.rows):
            again = self._personal(who, self._params.blend, catalogue.visible, 1, now_us())
            voices = None if again is None else again.voices
            kept = msgspec.structs.replace(kept, voices=voices)
        return await self._answer(
            kept, start.source, page, user, who, reached, start.feed_id, places.tolist(), follow
        )

    def _rest(
        self, kind: ListKind, feed_id: str, source: str, ranking: Ranking, limit: int, at: int
    ) -> Cursor | None:
        if len(ranking.rows) <= limit:
            return None
        rows, scores, sources = cursors.packed(
            ranking.rows[limit:], ranking.scores[limit:], ranking.sources[limit:]
        )
        follow = self._cursor(kind, feed_id, source, at + limit)
        return msgspec.structs.replace(follow, rows=rows, scores=scores, sources=sources)

    def _cursor(self, kind: ListKind, feed_id: str, source: str, position: int) -> Cursor:
        return Cursor(
            kind, self._live.catalogue_id[:8], now_us() // SECOND_US, feed_id, source, position
        )

    def _decode(self, text: str, kind: ListKind) -> Cursor:
        return cursors.decode(
            text, kind, self._live.catalogue_id, now_us(), self._params.cursor_ttl_s
        )

    async def _answer(
        self,
        ranking: Ranking,
        source: str,
        page: Page,
        user: str | None,
        who: Reader,
        reached: bool,
        feed_id: str,
        position: int | list[int],
        follow: Cursor | None,
    ) -> Feed:
        """Dress ranked rows with items and reasons."""
        live = self._live
        catalogue, model = live.catalogue, live.model
        rows = ranking.rows[: page.limit].tolist()
        ids = [catalogue.id_of(row) for row in rows]
        why = None
        if ranking.voices is not None:
            why = causes(model, who, ranking, slice(0, page.limit))
        mentioned = (
            []
            if why is None
            else [who.interactions[c.history].item for c in why if c.history is not None]
        )
        bodies = await self._cache.get(list(dict.fromkeys(ids + mentioned)))
        account = None
        if page.explain and ranking.voices is not None:
            texts = [_words(bodies.get(item_id)) for item_id in ids]
            account = accounts(model, who, ranking, slice(0, page.limit), texts)
        end = position + len(ids) if isinstance(position, int) else max(position, default=0) + 1
        likely = _propensities(feed_id, ranking, end)
        items: list[Listed] = []
        for i, item_id in enumerate(ids):
            body = bodies.get(item_id)
            if body is None:
                continue  # deleted this instant, or not at hand while the store is away
            votes = int(catalogue.votes[rows[i]])
            code = int(ranking.sources[i])
            place = position + i if isinstance(position, int) else position[i]
            if why is None or code == EXPLORE:
                reason = plain_reason(SOURCES[code], body, votes)
            else:
                reason = reason_of(why[i], who, bodies, body, votes)
            if who.lift is not None:
                reason = followed(reason, who, body)
            items.append(
                Listed(
                    id=item_id,
                    position=place,
                    score=round(float(ranking.scores[i]), 4),
                    source=SOURCES[code],
                    reason=reason,
                    item=self._fields(body, votes, page),
                    propensity=likely.get(place, msgspec.UNSET),
                    account=msgspec.UNSET if account is None else account[i],
                )
            )
        return Feed(
            feed_id=feed_id,
            user=user,
            source=source,
            snapshot_id=model.snapshot_id,
            trained_at=None if model.trained_us is None else from_us(model.trained_us),
            generated_at=from_us(now_us()),
            events_behind=live.events_behind,
            stale=not reached or is_stale(live),
            items=items,
            next=None if follow is None else cursors.encode(follow),
            sorted_by=SORTED_BY.get(source, ""),
        )


_NOBODY = Reader(np.empty(0, np.int64), np.empty(0, np.float32), [], [])


def _is_known(who: Reader, model: Model) -> bool:
    """Return whether the model knows anything that the reader did."""
    return bool(len(who.rows)) and bool((who.rows < model.n).any())


def is_stale(live: Live) -> bool:
    """Return whether a part that should have a say is silent: the store, or a worker with work."""
    if not live.is_connected:
        return True
    return live.events_behind > 0 and is_silent(live.worker_us, now_us())


def new_feed_id() -> str:
    """Return an id that sorts by time: 6 bytes of milliseconds and 6 of chance."""
    return new_id(_unique_bytes(), None)


def _unique_bytes() -> bytes:
    return (now_us() // 1000).to_bytes(6, "big") + os.urandom(6)


def _propensities(feed_id: str, ranking: Ranking, end: int) -> dict[int, float]:
    """Return how likely what the explored positions before `end` show was to be there."""
    if not (ranking.sources == EXPLORE).any():
        return {}
    lottery = lottery_of(feed_id)
    return {} if lottery is None else lottery.propensities(end)


def _words(body: StoredItem | None) -> str:
    return "" if body is None else item_text(body.title, body.text, body.topics)
