"""The use case of the personal feed."""

import time
from collections.abc import Callable

import msgspec
import numpy as np

from recsvc.clock import now_us
from recsvc.core.items.catalogue import Mask
from recsvc.core.ranking.arrangement import ArrangementParams, arranged
from recsvc.core.ranking.blend import LISTED, SOURCES, Ranking
from recsvc.core.ranking.exploration import seed_of
from recsvc.core.ranking.interleaving import drafted
from recsvc.core.ranking.public_lists import again_list
from recsvc.core.readers.profile import NOBODY, Profile
from recsvc.lists.audience import EVERYBODY, Audience
from recsvc.lists.exposures import Behind, Serving, notes_points, shown_in
from recsvc.lists.kept import KeptFeed, KeptFeeds, encoded
from recsvc.lists.kit import Kit
from recsvc.lists.paging import Piece, RankedList, new_feed_id, renewed
from recsvc.lists.ranker import Ranked
from recsvc.lists.shapes import Feed, FeedOptions, ListSource, Page


class Feeds:
    """Answers what a reader should see.

    Attributes:
        kept: those that may be answered again.
        observe_empty: told of each feed that came out empty although something may be shown in it.
    """

    def __init__(self, kit: Kit) -> None:
        self.kept = KeptFeeds(kit.params.kept)
        self.observe_empty: Callable[[], object] = lambda: None
        self._live = kit.live
        self._audiences = kit.audiences
        self._ranker = kit.ranker
        self._pager = kit.pager
        self._dresser = kit.dresser
        self._shared = kit.shared
        self._exposures = kit.exposures
        self._experiments = kit.experiments
        self._params = kit.params

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
        began_ns = time.monotonic_ns()
        options = self._options(user, options)
        if user is None and history.is_empty:
            shared = await self._shared.answer(
                ("feed", options), page, EVERYBODY, lambda: self._of_nobody(page, options)
            )
            if shared is not None:
                return shared
        if user is not None and history.is_empty:
            again = await self.again(user, page, options)
            if again is not None:
                return again
        moment, made_us = self._live.moment, now_us()
        audience = await self._audiences.of(user, options.seen, history)
        if not options.tires:
            audience = audience.rested()
        feed, piece = await self._made(page, options, audience)
        if options.trial is not None and options.trial.variants:
            feed = msgspec.structs.replace(feed, variants=options.trial.variants)
        self.kept.observe("made")
        shown = b""
        if user is not None and self._exposures.counts(user):
            shown = shown_in(feed, _behind(feed, piece, options))
            if not options.is_look:
                how = Serving(began_ns, _variants(options))
                self._exposures.note(user, feed.feed_id, shown, how)
        rows = piece.ranking.rows
        if len(feed.items) == len(rows) and self._may_be_kept(page, audience, feed):
            votes = self._live.catalogue.votes[rows]
            feed = msgspec.structs.replace(feed, items=encoded(feed.items))
            assert user is not None
            assert audience.stamp is not None
            kept = KeptFeed(feed, piece.cursor, audience.stamp, moment, made_us, rows, votes, shown)
            self.kept.keep((user, page, options), kept)
        return feed

    def _options(self, user: str | None, options: FeedOptions | None) -> FeedOptions:
        """Return what a list is made with: as asked for, and as the reader's experiments say."""
        options = options or FeedOptions()
        if options.trial is not None or user is None:
            return options
        trial = self._experiments.trial(user)
        return msgspec.structs.replace(options, trial=trial) if trial.variants else options

    async def again(self, user: str, page: Page, options: FeedOptions) -> Feed | None:
        """Return a feed that was answered before if it would be made of the same; None otherwise.

        It is a feed of its own: its id is new, and what it says of itself is as it is now.
        """
        began_ns = time.monotonic_ns()
        kept = self.kept.find((user, page, options))
        if kept is None:
            return None
        stamp = await self._audiences.stamp(user)
        if kept.stamp != stamp or kept.moment != self._live.moment:
            return None
        if not kept.counts_as(self._live.catalogue.votes):
            return None
        self.kept.observe("again")
        feed_id = renewed(kept.feed.feed_id)
        if kept.shown and not options.is_look:
            how = Serving(began_ns, _variants(options))
            self._exposures.note(user, feed_id, kept.shown, how)
        return self._dresser.again(kept.feed, feed_id, self._pager.renewed(kept.cursor, feed_id))

    def _may_be_kept(self, page: Page, audience: Audience, feed: Feed) -> bool:
        """Return whether a feed holds nothing but what the stamp and the moment stand for.

        Not before the reader's latest vote is on the boards here: it has to show as soon as it is.
        """
        stamp = audience.stamp
        if stamp is None or page.cursor is not None or not page.encoded or page.explain:
            return False
        has_vote = stamp.vote is None or self._live.has_vote(feed.user or "", stamp.vote)
        return not feed.stale and len(feed.items) > 0 and has_vote

    async def _of_nobody(self, page: Page, options: FeedOptions) -> tuple[Piece, Ranking]:
        """Return the first page of the feed of somebody unknown, and what is ranked on it."""
        audience = await self._audiences.of(None, options.seen)
        piece, _ = await self._first(page, options, audience)
        return piece, piece.ranking

    async def _made(
        self, page: Page, options: FeedOptions, audience: Audience
    ) -> tuple[Feed, Piece]:
        """Return a page of a feed, and what was to be on it."""
        if page.cursor is None:
            piece, audience = await self._first(page, options, audience)
        else:
            piece = await self._continued(page, options, audience)
        return await self._dresser.dressed(piece, page, audience), piece

    async def _first(
        self, page: Page, options: FeedOptions, audience: Audience
    ) -> tuple[Piece, Audience]:
        """Return the first page, and its audience: not reached if their own came to no number."""
        candidates = self._live.catalogue.mask(page.filters)
        found = self._ranker.ranked(audience, candidates, self._params.depth, options.tuning)
        found, teams = self._interleaved(found, options, audience, candidates)
        audience = audience.unless_unsound(is_sound=found.is_sound)
        if len(found.ranking.rows) == 0 and options.seen is None and self._params.replace_seen:
            found = self._again(candidates, audience) or found
        piece = await self._begun(found, page, options, audience)
        piece = msgspec.structs.replace(piece, teams=teams)
        if not len(piece.ranking.rows) and audience.allowed(candidates).any():
            self.observe_empty()
        return piece, audience

    def _interleaved(
        self, found: Ranked, options: FeedOptions, audience: Audience, candidates: Mask
    ) -> tuple[Ranked, dict[int, int] | None]:
        """Return a ranking with every other pick a rival's, and by row who picked it.

        As it is where there is no rival, and for somebody who has no list of their own.
        """
        if options.rival is None or found.source != "personal":
            return found, None
        other = self._ranker.ranked(audience, candidates, self._params.depth, options.rival)
        if other.source != "personal":
            return found, None
        seed = seed_of(f"{audience.user}\ninterleaved", now_us())
        ranking, teams = drafted(found.ranking, other.ranking, seed)
        by_row = dict(zip(ranking.rows.tolist(), teams.tolist(), strict=True))
        return msgspec.structs.replace(found, ranking=ranking), by_row

    async def chosen(self, user: str | None, items: list[str], page: Page) -> Feed:
        """Return items that somebody chose, in the order given; what is not to be seen is left out."""
        catalogue = self._live.catalogue
        rows = [catalogue.row_of(item) for item in items]
        found = np.array([r for r in rows if r is not None and catalogue.visible[r]], np.int64)
        sources = np.full(len(found), LISTED, np.uint8)
        ranking = Ranking(found, np.zeros(len(found), np.float32), sources)
        audience = (await self._audiences.of(user, None)).of_all()
        listed = RankedList("feed", "listed", ranking, new_feed_id())
        return await self._dresser.dressed(
            await self._pager.first(listed, page, audience), page, audience
        )

    def here(self, feed: Feed) -> str:
        """Return a cursor with which `held` brings this page again."""
        catalogue = self._live.catalogue
        known = [one for one in feed.items if one.id in catalogue.rows]
        ranking = Ranking(
            np.array([catalogue.rows[one.id] for one in known], np.int64),
            np.array([one.score for one in known], np.float32),
            np.array([SOURCES.index(one.source) for one in known], np.uint8),
        )
        listed = RankedList("feed", feed.source, ranking, feed.feed_id)
        position = feed.items[0].position if feed.items else 0
        return self._pager.here(listed, position, feed.next, feed.user)

    async def held(self, user: str | None, page: Page) -> Feed:
        """Return a page as its reader saw it, with what they have acted on since where it stood.

        Raises:
            InvalidError: when the page's cursor is none.
            ExpiredError: when its list is gone.
        """
        audience = (await self._audiences.of(user, None)).of_all()
        piece = await self._continued(page, self._options(user, None), audience)
        return await self._dresser.dressed(piece, page, audience)

    async def kept_off(self, user: str | None) -> list[str]:
        """Return the items that a reader's feeds leave out: acted on, hidden, muted, their own."""
        audience = await self._audiences.of(user, None)
        return [self._live.catalogue.id_of(row) for row in audience.reader.excluded]

    def _again(self, candidates: Mask, audience: Audience) -> Ranked | None:
        """Return what the reader has seen, for whom nothing else is left; None if that is nothing."""
        rows = np.array(audience.reader.again, np.int64)
        again = again_list(rows, candidates, self._params.depth)
        return Ranked(again, "again") if len(again.rows) else None

    async def _begun(
        self, found: Ranked, page: Page, options: FeedOptions, audience: Audience
    ) -> Piece:
        catalogue, model = self._live.catalogue, self._live.model_of(options.tuning.snapshot)
        arrangement = self._arrangement(options, found.source)
        seed = seed_of(audience.user or "", now_us())
        ranking, lottery = arranged(found.ranking, catalogue, model, arrangement, seed)
        listed = RankedList("feed", found.source, ranking, new_feed_id(lottery))
        return await self._pager.first(listed, page, audience)

    async def _continued(self, page: Page, options: FeedOptions, audience: Audience) -> Piece:
        if self._pager.source_of(page, "feed") == "again":
            audience = audience.once_more()
        piece = await self._pager.further("feed", page, audience)
        if piece.source != "personal":
            return piece
        ranking = self._ranker.with_voices(piece.ranking, audience.reader, options.tuning)
        return msgspec.structs.replace(piece, ranking=ranking)

    def _arrangement(self, options: FeedOptions, source: ListSource) -> ArrangementParams:
        """Return how a feed is arranged; nobody's feed is explored or diversified unasked."""
        usual = options.tuning.of_arrangement(self._params.arrangement)
        diversity, explore = options.diversity, options.explore
        is_personal = source == "personal"
        if diversity is None:
            diversity = usual.diversity if is_personal else 0.0
        if explore is None:
            explore = usual.explore if is_personal else 0.0
        return msgspec.structs.replace(usual, diversity=diversity, explore=explore)


def _behind(feed: Feed, piece: Piece, options: FeedOptions) -> Behind:
    """Return what is noted of a list beside what it shows.

    Not the points of further pages, whose scores were made of the voices of then; nor of those that
    two rankings made, or lack what was deleted this instant.
    """
    ranking, teams = piece.ranking, _teams(piece)
    is_whole = piece.places[:1] == [0] and len(feed.items) == len(ranking.rows)
    has_points = is_whole and ranking.voices is not None and not teams
    noted = ranking if has_points and notes_points(feed.feed_id) else None
    return Behind(teams, options.tries, noted)


def _variants(options: FeedOptions) -> tuple[str, ...]:
    """Return in which variants a list was made."""
    return () if options.trial is None else options.trial.variants


def _teams(piece: Piece) -> dict[int, int]:
    """Return by position which ranking picked a place of an interleaved page; none of others."""
    if piece.teams is None:
        return {}
    placed = zip(piece.places, piece.ranking.rows.tolist(), strict=True)
    return {place: piece.teams[row] for place, row in placed if row in piece.teams}
