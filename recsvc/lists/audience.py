"""The audience: whom a list is for, and what of them ranking has to know."""

import msgspec
import numpy as np

from recsvc.clock import now_us
from recsvc.core.choices import Seen
from recsvc.core.items.catalogue import Mask
from recsvc.core.readers.profile import NOBODY, Profile
from recsvc.core.readers.reader import Reader, Tastes, reader, with_preferences, without_own
from recsvc.errors import StoreUnavailableError
from recsvc.lists.arrival import NEW_ITEM_WAIT_S, arrived
from recsvc.lists.kept import Kept
from recsvc.lists.params import ListParams
from recsvc.live.item_cache import ItemCache
from recsvc.live.view import Live, Moment
from recsvc.live.wishes import Wishes
from recsvc.store.entry_ids import parse
from recsvc.store.readers.profiles import ALL, Profiles, Stamp

_OWN_VOTE_WAIT_S = 0.5
_AT_A_BOARD_BYTES, _ROW_BYTES = 1_000, 40


class Audience(msgspec.Struct, frozen=True):
    """Whom a list is for.

    Attributes:
        user: None for somebody unknown.
        reader: the same as ranking sees them.
        is_reached: whether the store could be asked about them.
        voted_us: when their latest vote was logged; 0 where that has no say.
        stamp: what the store said of them, while nothing else of them has a say and all of it is in
            memory here; None otherwise.
    """

    user: str | None
    reader: Reader
    is_reached: bool = True
    voted_us: int = 0
    stamp: Stamp | None = None

    def unless_unsound(self, *, is_sound: bool) -> "Audience":
        """Return the same, not reached where their own ranking came to no number."""
        return self if is_sound else msgspec.structs.replace(self, is_reached=False)

    def once_more(self) -> "Audience":
        """Return the same, to whom what they have seen may be shown again."""
        again = set(self.reader.again)
        never = [row for row in self.reader.excluded if row not in again]
        return msgspec.structs.replace(
            self, reader=msgspec.structs.replace(self.reader, excluded=never)
        )

    def rested(self) -> "Audience":
        """Return the same, tired of nothing."""
        return msgspec.structs.replace(
            self, reader=msgspec.structs.replace(self.reader, tired=None)
        )

    def of_all(self) -> "Audience":
        """Return the same, to whom anything may be shown that everybody may see."""
        everything = msgspec.structs.replace(self.reader, excluded=[])
        return msgspec.structs.replace(self, reader=everything)

    def allowed(self, candidates: Mask) -> Mask:
        """Return which of some candidates may be shown to them: (catalogue.n,)."""
        if not self.reader.excluded:
            return candidates
        allowed = candidates.copy()
        allowed[self.reader.excluded] = False
        return allowed


EVERYBODY = Audience(None, Reader(np.empty(0, np.int64), np.empty(0, np.float32), [], []))


class _AtABoard(msgspec.Struct, frozen=True):
    """Whom a board was for, and what that was made of."""

    audience: Audience
    stamp: Stamp
    moment: Moment
    made_us: int

    @property
    def size_bytes(self) -> int:
        """What it takes, about."""
        return _AT_A_BOARD_BYTES + _ROW_BYTES * len(self.audience.reader.excluded)


class Audiences:
    """Knows readers."""

    def __init__(
        self,
        live: Live,
        profiles: Profiles,
        cache: ItemCache,
        params: ListParams,
        wishes: Wishes,
    ) -> None:
        self._wishes = wishes
        self._live = live
        self._profiles = profiles
        self._cache = cache
        self._tastes = Tastes.of(params.profile)
        self._follow_weight = params.follow_weight
        self._at_boards: Kept[str, _AtABoard] = Kept(params.kept)

    async def of(self, user: str | None, seen: Seen | None, history: Profile = NOBODY) -> Audience:
        """Return whom a list is for that is made for them; their latest vote is on the boards.

        Args:
            seen: how what they have seen limits what comes back.
            history: interactions sent along, for readers whom the store does not know.
        """
        profile, stamp = await self._profile(user, self._n_shown(seen))
        is_reached = user is None or stamp is not None
        if seen not in (None, "show"):
            stamp = None
        if not history.is_empty:
            stamp = None
            profile = Profile(
                profile.interactions + history.interactions,
                profile.shown | history.shown,
                profile.preferences,
            )
        who = self._reader(profile, seen)
        # Who acts on an item that has just arrived sees it in the very next feed, too.
        if who.missing:
            stamp = None
            if await arrived(self._live, self._cache, who.missing):
                who = self._reader(profile, seen)
        await self._live.wait_for_rows(who.rows, NEW_ITEM_WAIT_S)
        owned = self._live.catalogue.owned_by(user)
        who = without_own(self._with_wishes(who, profile), owned)
        return Audience(user, self._without_hidden(who, user, is_reached), is_reached, stamp=stamp)

    async def at_a_board(self, user: str | None) -> Audience:
        """Return for whom a list is that is everybody's: without what they hid and mute, no more.

        Nothing of it is because of what they follow.
        """
        if user is None:
            return EVERYBODY
        return await self._again(user) or await self._made(user)

    async def _again(self, user: str) -> Audience | None:
        """Return whom a board is for if they asked for one before and changed nothing since."""
        known = self._at_boards.find(user)
        if known is None:
            return None
        stamp = await self.stamp(user, with_shown=False)
        if stamp is None or known.stamp != stamp or known.moment != self._live.moment:
            return None
        await self._wait_for_vote(user, stamp)
        return known.audience

    async def _made(self, user: str) -> Audience:
        moment, made_us = self._live.moment, now_us()
        profile, stamp = await self._profile(user)
        who = self._with_wishes(self._reader(profile, "show"), profile)
        excluded = self._without_hidden(who, user, stamp is not None).excluded
        plain = msgspec.structs.replace(EVERYBODY.reader, excluded=excluded)
        if stamp is None:
            return Audience(user, plain, is_reached=False)
        voted_us = 0 if stamp.vote is None else parse(stamp.vote)[0] * 1_000
        audience = Audience(user, plain, voted_us=voted_us)
        self._at_boards.keep(user, _AtABoard(audience, stamp.beside_shown, moment, made_us))
        return audience

    def _reader(self, profile: Profile, seen: Seen | None) -> Reader:
        return reader(profile, self._live.catalogue, self._tastes, now_us(), seen)

    def _with_wishes(self, who: Reader, profile: Profile) -> Reader:
        catalogue, rows_with = self._live.catalogue, self._live.rows_with
        return with_preferences(who, profile.preferences, catalogue, rows_with, self._follow_weight)

    def _without_hidden(self, who: Reader, user: str | None, is_reached: bool) -> Reader:
        """Return a reader without what is known to be hidden, where the store could not be asked."""
        if is_reached or user is None:
            return who
        catalogue = self._live.catalogue
        items = map(catalogue.aliases.resolve, self._wishes.of(user).items)
        hidden = [catalogue.rows[item] for item in items if item in catalogue.rows]
        return msgspec.structs.replace(who, excluded=who.excluded + hidden)

    async def profile(self, user: str) -> Profile:
        """Return a reader's profile, their latest vote on the boards too; empty without the store."""
        return (await self._profile(user))[0]

    async def stamp(self, user: str, *, with_shown: bool = True) -> Stamp | None:
        """Return by what it is known whether a reader changed; None while the store is away."""
        if not self._live.is_connected:
            return None
        try:
            return await self._profiles.stamp(user, with_shown=with_shown)
        except StoreUnavailableError:
            return None

    def _n_shown(self, seen: Seen | None) -> int:
        """Return how many impressions matter for a list."""
        if seen == "show":
            return 0
        fatigue = self._tastes.fatigue
        return ALL if seen is not None else fatigue.remembered if fatigue.weight else 0

    async def _profile(self, user: str | None, n_shown: int = 0) -> tuple[Profile, Stamp | None]:
        """Return a profile with its stamp; none for nobody, or while the store is away.

        Args:
            n_shown: impressions that are read, too.
        """
        if user is None:
            return NOBODY, None
        if not self._live.is_connected:
            return self._at_hand(user), None
        try:
            profile, stamp = await self._profiles.read(user, n_shown)
        except StoreUnavailableError:
            return self._at_hand(user), None
        self._wishes.read(user, profile)
        await self._wait_for_vote(user, stamp)
        return profile, stamp

    async def _wait_for_vote(self, user: str, stamp: Stamp) -> None:
        if stamp.vote is not None:
            await self._live.wait_for_vote(user, stamp.vote, _OWN_VOTE_WAIT_S)

    def _at_hand(self, user: str) -> Profile:
        """Return what is known of a reader without the store: what they follow and mute."""
        return Profile([], {}, self._wishes.of(user).preferences)
