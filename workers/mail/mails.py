"""Mails: makes the letter of a job, or says why there is none."""

from datetime import date

import msgspec
import structlog

from recsvc.clock import SECOND_US, from_us
from recsvc.core.mail.schedule import latest_slot, next_slot
from recsvc.core.mail.subscription import Subscription
from recsvc.mail.composing import Digest
from recsvc.mail.letters import Letters, Written
from recsvc.mail.message import Letter
from recsvc.mail.rendering import lost_in
from recsvc.store.mail.deliveries import Claim, Deliveries, Outcome
from recsvc.store.mail.subscriptions import Subscriptions
from workers.mail.lazy_composer import LazyComposer

log = structlog.get_logger()

_TRIES = 4
_RETRY_US = 60 * SECOND_US


class Mail(msgspec.Struct, frozen=True):
    """A letter to be sent.

    Attributes:
        day: the local date it is for.
        items: what is in it.
        again_us: when the job is due once this letter is sent; None for never.
        strikes: of its subscription.
    """

    letter: Letter
    day: date
    items: list[str]
    again_us: int | None
    strikes: int = 0


class Nothing(msgspec.Struct, frozen=True):
    """No letter: what the job comes to instead, and when it is due again."""

    outcome: Outcome
    again_us: int | None = None
    day: date | None = None


class Mails:
    """Makes letters."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        letters: Letters,
        composer: LazyComposer,
    ) -> None:
        self._subscriptions = subscriptions
        self._deliveries = deliveries
        self._letters = letters
        self._composer = composer
        self._left_out: set[str] = set()
        self._looked_at: set[str] = set()

    async def make(self, claim: Claim, now_us: int) -> Mail | Nothing:
        """Return the letter of a job."""
        kind, _, name = claim.job.partition(":")
        if kind == "c":
            return await self._confirmation(claim, name, now_us)
        if kind == "l":
            return await self._links(claim, name.removeprefix("for-"), now_us)
        subscription = await self._subscriptions.get(name)
        if subscription is None or subscription.suspended:
            return Nothing("withdrawn")
        return await self._digest(claim, subscription, now_us)

    async def after_failure(self, claim: Claim, now_us: int) -> Nothing:
        """Return what becomes of a job whose letter cannot be made: tried again, then set aside."""
        kind, _, name = claim.job.partition(":")
        if claim.tries + 1 < _TRIES:
            return Nothing("failed", now_us + _RETRY_US * 2**claim.tries)
        subscription = await self._subscriptions.get(name) if kind == "d" else None
        if subscription is None:
            return Nothing("set_aside")
        return Nothing("set_aside", next_slot(subscription.preferences.rhythm, now_us).at_us)

    async def rest(self) -> None:
        """Let go of the catalogue while there is nothing to do."""
        self._looked_at.clear()
        await self._composer.close()

    async def _composed(self, subscription: Subscription, day: date, now_us: int) -> Digest:
        mailed = await self._deliveries.mailed(subscription.id, now_us)
        composer = await self._composer.get()
        return await composer.compose(subscription, day, mailed, now_us)

    async def _digest(
        self, claim: Claim, subscription: Subscription, now_us: int
    ) -> Mail | Nothing:
        rhythm = subscription.preferences.rhythm
        slot, following = latest_slot(rhythm, now_us), next_slot(rhythm, now_us)
        if claim.handing is not None:
            return Nothing("unknown", following.at_us, claim.handing)
        if claim.done is not None and slot.day <= claim.done:
            return Nothing("done", following.at_us)
        digest = await self._composed(subscription, slot.day, now_us)
        if not digest.parts:
            return Nothing("empty", following.at_us)
        written = self._letters.digest(subscription, digest, now_us)
        await self._named(written)
        if written.letter is None:
            return Nothing("empty", following.at_us)
        items = [entry.id for entry in written.digest.entries]
        return Mail(written.letter, slot.day, items, following.at_us, subscription.strikes)

    async def _named(self, written: Written) -> None:
        """Name the items that mails cannot show, or not as they are meant: each once by each process."""
        new = {item: why for item, why in written.left_out.items() if item not in self._left_out}
        for item, why in new.items():
            log.error("item_left_out_of_mails", item=item, why=why)
        if new:
            self._left_out |= new.keys()
            await self._deliveries.leave_out(new)
        unseen = [entry for entry in written.digest.entries if entry.id not in self._looked_at]
        self._looked_at |= {entry.id for entry in unseen}
        plain = {entry.id: tex for entry in unseen if (tex := lost_in(entry.item)) is not None}
        for item, tex in plain.items():
            log.warning("item_shown_plainly", item=item, formula=tex)
        if plain:
            await self._deliveries.show_plainly(plain)

    async def _links(self, claim: Claim, name: str, now_us: int) -> Mail | Nothing:
        if claim.handing is not None:
            return Nothing("unknown")
        subscription = await self._subscriptions.get(name)
        if subscription is None:
            return Nothing("withdrawn")
        letter = self._letters.fresh_links(subscription, now_us)
        return Mail(letter, from_us(now_us).date(), [], None)

    async def _confirmation(self, claim: Claim, nonce: str, now_us: int) -> Mail | Nothing:
        if claim.handing is not None:
            return Nothing("unknown")
        pending = await self._subscriptions.pending(nonce)
        if pending is None:
            return Nothing("withdrawn")
        letter = self._letters.confirmation(nonce, pending, now_us)
        return Mail(letter, from_us(now_us).date(), [], None)
