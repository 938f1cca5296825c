"""What `recsvc digest` works with: the store's side of mail, opened for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recsvc.cli.context import store
from recsvc.core.mail.subscription import Preferences, Subscription, as_if, masked
from recsvc.errors import InvalidError, NotFoundError
from recsvc.logs import configure
from recsvc.mail.composing import Composer
from recsvc.mail.letters import Letters
from recsvc.mail.links import Links
from recsvc.mail.recipients import subscription_id, wire_address
from recsvc.settings import Settings
from recsvc.store.access.signatures import Signatures, signatures
from recsvc.store.connection import Redis
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe


class MailStore:
    """Subscriptions, deliveries and what writes mails."""

    def __init__(self, redis: Redis, settings: Settings, signs: Signatures) -> None:
        self._redis = redis
        self._settings = settings
        self._pipe = Pipe(redis)
        self._signs = signs
        self.links = Links(signs, settings.digest, settings.site_url)
        self.letters = Letters(self.links, settings.digest)
        self.subscriptions = Subscriptions(self._pipe)
        self.deliveries = Deliveries(self._pipe, settings.digest.repeat_days)

    @asynccontextmanager
    async def composer(self) -> AsyncIterator[Composer]:
        """Load the catalogue and compose from it."""
        from workers.recommender import composer

        async with composer(self._redis, self._pipe, self._settings) as composing:
            yield composing

    async def subscription_of(self, who: str) -> Subscription:
        """Return the subscription of an address or a reader; of a reader without one, as if.

        Raises:
            NotFoundError: when it is an address that nobody subscribed.
        """
        try:
            address = wire_address(who)
        except InvalidError:
            address = ""
        if address:
            name = subscription_id(self._signs, address)
            found = await self.subscriptions.get(name)
            if found is not None:
                return found
        theirs = await self.subscriptions.of(who)
        if theirs:
            return theirs[0]
        if address:
            raise NotFoundError(f"{masked(address)} has no subscription")
        return as_if(Preferences(timezone=self._settings.timezone, content="both"), who)


@asynccontextmanager
async def opened_mail(settings: Settings) -> AsyncIterator[MailStore]:
    """Connect to the service's store; what goes well is not logged."""
    configure(settings.log_format, "warning")
    async with store(settings) as redis:
        yield MailStore(redis, settings, await signatures(Pipe(redis)))
