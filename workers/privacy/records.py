"""What is kept of readers besides events, as holdings: subscriptions, rows of Gorse, and more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from recsvc.clock import from_us, now_us
from recsvc.core.mail.subscription import WORDINGS, Pending, Subscription, subscription_of
from recsvc.errors import NotFoundError
from recsvc.store.log.questions import Questions
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.readers.gorse import Gorse
from recsvc.store.readers.index import ReaderIndex
from recsvc.store.readers.preferences import ReaderPreferences
from workers.mail.maildir import remove_mails_to
from workers.privacy.holdings import Leaver, Line


class PreferenceHolding:
    """What is followed and muted, and the address of the reader's private feed."""

    name = "preferences"

    def __init__(self, preferences: ReaderPreferences) -> None:
        self._preferences = preferences

    async def erase(self, _: Sequence[Leaver], /) -> dict[str, int]:
        """Erase nothing: preferences go with the request, as profiles do."""
        return {}

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield one line per thing."""
        found = await self._preferences.read(user)
        for kind, stances in msgspec.structs.asdict(found).items():
            for name, stance in stances.items():
                yield {"type": "preference", "of": kind, "name": name, "stance": stance}
        since_us = await self._preferences.address(user)
        if since_us is not None:
            yield {"type": "private_feed", "since": from_us(since_us)}


class SubscriptionHolding:
    """Subscriptions, wishes for one that wait to be confirmed, and mails that lie in the outbox.

    Of readers, and of owners of addresses who are none.
    """

    name = "subscriptions"

    def __init__(self, subscriptions: Subscriptions, deliveries: Deliveries, outbox: Path) -> None:
        """Compose a holding.

        Args:
            outbox: the folder that mails go to where there is no relay.
        """
        self._subscriptions = subscriptions
        self._deliveries = deliveries
        self._outbox = outbox

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """End and forget them.

        Mails go first, since nothing knows their addresses afterwards, and once more at the end,
        since one may have been written meanwhile.
        """
        users = [leaver.user for leaver in leavers]
        found = [await self._of(user) for user in users]
        addresses = {one.email for kept, _ in found for one in kept}
        addresses |= {wish.email for _, wishes in found for wish in wishes}
        if addresses:
            await asyncio.to_thread(remove_mails_to, self._outbox, addresses)
        erased = {user: await self._erase(user) for user in users}
        if addresses:
            await asyncio.to_thread(remove_mails_to, self._outbox, addresses)
        return erased

    async def _erase(self, user: str) -> int:
        address = subscription_of(user)
        if address is not None:
            return await self._subscriptions.erase_address(address)
        return await self._subscriptions.erase_subscriptions_of(user)

    async def _of(self, user: str) -> tuple[list[Subscription], list[Pending]]:
        """Return the subscriptions and the wishes of a reader, or of the owner of an address."""
        address = subscription_of(user)
        if address is None:
            return await self._subscriptions.of(user), await self._subscriptions.wishes_of(user)
        known = await self._subscriptions.get(address)
        wishes = await self._subscriptions.wishes_for(address)
        return [] if known is None else [known], list(wishes.values())

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the subscriptions, each followed by what was mailed, then the wishes."""
        kept, wishes = await self._of(user)
        for found in kept:
            yield _subscription_line(found)
            for item, at_us in (await self._deliveries.mailed_since(found.id)).items():
                yield {"type": "mailed_item", "item": item, "at": from_us(at_us)}
        for wish in wishes:
            yield {
                "type": "subscription",
                "email": wish.email,
                "user": wish.user,
                "preferences": msgspec.to_builtins(wish.preferences),
                "requested_at": from_us(wish.requested_us),
                "confirmed_at": None,
            }


def _subscription_line(found: Subscription) -> Line:
    consent = found.consent
    return {
        "type": "subscription",
        "email": found.email,
        "user": found.user,
        "preferences": msgspec.to_builtins(found.preferences),
        "requested_at": from_us(consent.requested_us),
        "confirmed_at": from_us(consent.confirmed_us),
        "agreed_to": WORDINGS.get(consent.wording),
        "proof": consent.proof,
        "strikes": found.strikes,
        "suspended": found.suspended,
        "suspended_at": from_us(found.suspended_us) if found.suspended_us else None,
    }


class GorseHolding:
    """Users and feedback as Gorse's API keeps them."""

    name = "gorse"

    def __init__(self, gorse: Gorse) -> None:
        self._gorse = gorse

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Forget users and their rows."""
        return {leaver.user: await self._gorse.forget(leaver.user) for leaver in leavers}

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield the user's labels, then the rows."""
        with suppress(NotFoundError):
            yield {"type": "gorse_user"} | await self._gorse.user(user)
        for row in await self._gorse.of_user(user):
            yield {
                "type": "gorse_feedback",
                "of": row.type,
                "item": row.item,
                "value": row.value,
                "at": from_us(row.at_us),
                "comment": row.comment,
            }


class IndexHolding:
    """Being in the index of readers."""

    name = "index"

    def __init__(self, index: ReaderIndex) -> None:
        self._index = index

    async def erase(self, leavers: Sequence[Leaver]) -> dict[str, int]:
        """Take out who came back in between; with the request they went, as profiles do."""
        await self._index.refresh([leaver.user for leaver in leavers], now_us())
        return {}

    async def export(self, user: str) -> AsyncIterator[Line]:
        """Yield when the reader was last heard of."""
        last_us = await self._index.last(user)
        if last_us is not None:
            yield {"type": "heard_of", "at": from_us(last_us)}


class QuestionHolding:
    """Questions about the log, and answers to them, that are still on their way."""

    name = "questions"

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    async def erase(self, _: Sequence[Leaver], /) -> dict[str, int]:
        """Drop them all: an answer may name anybody."""
        await self._questions.drop()
        return {}

    async def export(self, _: str, /) -> AsyncIterator[Line]:
        """Yield nothing: an answer is no more than the log says."""
        for line in list[Line]():
            yield line
