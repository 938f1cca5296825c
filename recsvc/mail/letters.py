"""Writing: from what a mail says to the letter that is sent."""

from recsvc.clock import from_us
from recsvc.core.mail.subscription import Pending, Subscription
from recsvc.mail.composing import Digest
from recsvc.mail.links import Links
from recsvc.mail.message import Heading, Letter, letter
from recsvc.mail.params import DigestParams
from recsvc.mail.rendering import Rendered, Renderer
from recsvc.store.mail.subscriptions import confirm_job, digest_job


class Writer:
    """Writes letters; the same job has the same message id, however often it is written."""

    def __init__(self, links: Links, params: DigestParams) -> None:
        self._links = links
        self._params = params
        self._renderer = Renderer(links, params)

    def rendered(self, subscription: Subscription, digest: Digest) -> Rendered:
        """Return what a subscriber's mail looks like."""
        return self._renderer.digest(digest, subscription.id)

    def digest(self, subscription: Subscription, digest: Digest, now_us: int) -> Letter:
        """Return a subscriber's letter."""
        heading = Heading(
            subscription.email,
            self._links.message_id(digest_job(subscription.id), digest.day.isoformat()),
            from_us(now_us),
            self._links.unsubscribe(subscription.id),
        )
        return letter(self._params, heading, self.rendered(subscription, digest))

    def confirmation(self, nonce: str, pending: Pending, now_us: int) -> Letter:
        """Return the letter that asks for a confirmation."""
        message_id = self._links.message_id(confirm_job(nonce), "once")
        heading = Heading(pending.email, message_id, from_us(now_us))
        token = self._links.confirm_token(nonce, pending.id)
        return letter(self._params, heading, self._renderer.confirmation(pending, token))
