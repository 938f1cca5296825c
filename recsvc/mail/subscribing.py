"""Subscribing: where people ask for mail, confirm, change what they get, and leave.

Whoever asks learns nothing about an address: known, unknown or suspended, the answer is the same, and
the mail that asks for confirmation is sent by the worker, so that it takes the same time as well.
"""

import hashlib
import secrets

import msgspec

from recsvc.core.mail.schedule import next_slot
from recsvc.core.mail.subscription import (
    WORDING,
    Pending,
    Preferences,
    Request,
    Subscription,
    checked,
    confirmed,
)
from recsvc.errors import ExpiredError, LimitedError, NotFoundError
from recsvc.mail.links import Click, Links
from recsvc.mail.recipients import mailbox, person, subscription_id, wire_address
from recsvc.store.access.signatures import Signatures
from recsvc.store.mail.limits import MailLimits
from recsvc.store.mail.subscriptions import Subscriptions

_OVER = "this link was used before, or it is too old; subscribe again"


class Subscribing:
    """Takes wishes."""

    def __init__(
        self, subscriptions: Subscriptions, limits: MailLimits, links: Links, signatures: Signatures
    ) -> None:
        self._subscriptions = subscriptions
        self._limits = limits
        self._links = links
        self._signatures = signatures

    async def request(
        self, wish: Request, user: str | None, where: str | None, now_us: int
    ) -> None:
        """Ask the owner of an address whether they want the mail.

        Args:
            user: who asks, if known; the personal part shows their feed.
            where: the network the wish came from; counted, not kept. None for a host's own server,
                behind which everybody is.

        Raises:
            InvalidError: for what is wrong with the wish itself, naming the field.
            LimitedError: when too many wishes came from there.
        """
        email = wire_address(wish.email)
        fields = {name: getattr(wish, name) for name in Preferences.__struct_fields__}
        preferences = checked(Preferences(**fields), user)
        # Only now: a mistyped address uses nothing up for the others behind the same network.
        wait_s = 0 if where is None else await self._limits.wait_s(where, now_us)
        if wait_s:
            raise LimitedError("too many subscriptions from your network; try again later", wait_s)
        # Beyond this limit nothing is sent and nothing is said: the answer tells nothing of the address.
        if await self._limits.may_mail(mailbox(email), now_us):
            wanted = Pending(self.subscription_id(email), email, preferences, now_us, WORDING, user)
            await self._subscriptions.request(secrets.token_urlsafe(12), wanted)

    async def request_links(self, address: str, where: str, now_us: int) -> None:
        """Send the owner of an address links that work, if they subscribe; the answer tells nobody.

        Raises:
            InvalidError: when it is no address.
            LimitedError: when too many wishes came from there.
        """
        email = wire_address(address)
        wait_s = await self._limits.wait_s(where, now_us)
        if wait_s:
            raise LimitedError("too many wishes from your network; try again later", wait_s)
        if await self._limits.may_mail(mailbox(email), now_us):
            await self._subscriptions.request_links(self.subscription_id(email), now_us)

    def person(self, address: str) -> str:
        """Return the name by which the owner of an address is exported and erased.

        Raises:
            InvalidError: when it is no address.
        """
        return person(self._signatures, address)

    def subscription_id(self, email: str) -> str:
        """Return the id of an address's subscription, whether it has one or not."""
        return subscription_id(self._signatures, email)

    async def waiting(self, token: str) -> Pending:
        """Return what a confirmation would start.

        Raises:
            NotAllowedError: when the token was not signed here.
            ExpiredError: when it is too late, or was done before.
        """
        nonce, _ = self._links.read_confirm(token)
        pending = await self._subscriptions.pending(nonce)
        if pending is None:
            raise ExpiredError(_OVER)
        return pending

    async def confirm(self, token: str, now_us: int) -> Subscription:
        """Start a subscription; doing it twice does no harm.

        Raises:
            NotAllowedError: when the token was not signed here.
            ExpiredError: when it is too late.
        """
        nonce, _ = self._links.read_confirm(token)
        pending = await self._subscriptions.pending(nonce)
        if pending is not None:
            new = confirmed(pending, now_us, _proof(token))
            due = next_slot(new.preferences.rhythm, now_us)
            if await self._subscriptions.confirm(nonce, new, due.at_us):
                return new
        known = await self.confirmed_by(token)
        if known is None:
            raise ExpiredError(_OVER)
        return known

    async def confirmed_by(self, token: str) -> Subscription | None:
        """Return the subscription that a link has started; None when it is over, or none was.

        Raises:
            NotAllowedError: when the token was not signed here.
        """
        _, subscription_id = self._links.read_confirm(token)
        known = await self._subscriptions.get(subscription_id)
        if known is None or not secrets.compare_digest(known.consent.proof, _proof(token)):
            return None
        return known

    async def leaving(self, token: str) -> Subscription | None:
        """Return the subscription that an unsubscribing address ends, None when it is over.

        Raises:
            NotAllowedError: when the token was not signed here.
        """
        return await self._subscriptions.get(self._links.read_unsubscribe(token))

    async def leave(self, token: str) -> bool:
        """End a subscription; return whether there was one.

        Raises:
            NotAllowedError: when the token was not signed here.
        """
        return await self._subscriptions.remove(self._links.read_unsubscribe(token))

    async def subscriber(self, token: str, now_us: int) -> Subscription | None:
        """Return the subscription whose preferences an address changes; None when it may not (any more).

        Mails are forwarded: only a link that was mailed lately, on request, says or changes anything.

        Raises:
            NotAllowedError: when the token was not signed here.
            NotFoundError: when it is over.
        """
        name, until_us = self._links.read_preferences(token)
        found = await self._subscriptions.get(name)
        if found is None:
            raise NotFoundError("this subscription is over; you can subscribe again")
        return found if now_us < until_us else None

    async def mail_fresh(self, token: str, now_us: int) -> None:
        """Mail a link that changes preferences to the subscriber; how often is limited, and not told.

        Raises:
            NotAllowedError: when the token was not signed here.
        """
        known = await self._subscriptions.get(self._links.read_preferences(token)[0])
        if known is not None and await self._limits.may_mail(mailbox(known.email), now_us):
            await self._subscriptions.request_links(known.id, now_us)

    async def prefer(self, token: str, preferences: Preferences, now_us: int) -> Subscription:
        """Change what a subscriber gets; return the subscription.

        Raises:
            NotAllowedError: when the token was not signed here.
            NotFoundError: when it is over.
            ExpiredError: when the token may change nothing (any more).
            InvalidError: for a preference that cannot be, naming the field.
        """
        known = await self.subscriber(token, now_us)
        if known is None:
            raise ExpiredError("this link is too old; have a new one mailed")
        new = checked(preferences, known.user)
        changed = await self._subscriptions.change(
            known.id,
            lambda old: msgspec.structs.replace(old, preferences=new),
            next_slot(new.rhythm, now_us).at_us,
        )
        if changed is None:
            raise NotFoundError("this subscription is over; you can subscribe again")
        return changed

    async def clicked(self, token: str) -> tuple[Click, str]:
        """Return what a link in a mail stands for, and the user its click counts for.

        A known reader's click is theirs. Any other counts for a user made up for that one mail: it
        moves counters and teaches what goes with what, and says nothing about anybody.

        Raises:
            NotAllowedError: when the token was not signed here.
        """
        click = self._links.read_click(token)
        if click.subscription_id:
            known = await self._subscriptions.get(click.subscription_id)
            if known is not None and known.user is not None:
                return click, known.user
        return click, f"mail:{click.feed_id}"


def _proof(token: str) -> str:
    """Return what a subscription keeps of the link that confirmed it."""
    return hashlib.sha256(token.encode()).hexdigest()
