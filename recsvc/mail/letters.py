"""Writing: from what a mail says to the letter that is sent.

One item must not cost everybody their mail: what cannot be rendered is found by rendering each alone,
left out and named. And no mail is so long that a mail program hides its end, where one unsubscribes.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from recsvc.clock import DAY_US, from_us
from recsvc.core.mail.subscription import Pending, Subscription
from recsvc.mail.composing import Digest, shortened, without
from recsvc.mail.links import Links
from recsvc.mail.message import Heading, Letter, letter
from recsvc.mail.params import DigestParams
from recsvc.mail.rendering import Rendered, Renderer
from recsvc.store.mail.subscriptions import confirm_job, digest_job, links_job

T = TypeVar("T")

# Gmail hides what is beyond 102 kB.
MAX_BYTES = 100_000


class Written(msgspec.Struct, frozen=True):
    """A subscriber's letter.

    Attributes:
        letter: None where nothing of the digest could be rendered.
        digest: what is in it.
        left_out: item -> why it could not be rendered.
    """

    letter: Letter | None
    digest: Digest
    left_out: dict[str, str]


# So long a link changes what its subscriber gets.
_LINK_US = DAY_US


class Letters:
    """Writes letters; the same job has the same message id, however often it is written."""

    def __init__(self, links: Links, params: DigestParams) -> None:
        self._links = links
        self._params = params
        self._renderer = Renderer(links, params)

    def rendered(self, subscription: Subscription, digest: Digest) -> Rendered:
        """Return what a subscriber's mail looks like; what cannot be rendered is not in it."""
        made, _, _ = _without_the_unrenderable(
            lambda kept: self._renderer.digest(kept, subscription.id), digest
        )
        return made

    def digest(self, subscription: Subscription, digest: Digest, now_us: int) -> Written:
        """Return a subscriber's letter, and what is in it."""

        def build(kept: Digest) -> Letter:
            return self._letter(subscription, kept, now_us)

        made, kept, left_out = _without_the_unrenderable(build, digest)
        while len(made.content) > MAX_BYTES and len(kept.entries) > 1:
            kept = shortened(kept)
            made = build(kept)
        return Written(made if kept.parts else None, kept, left_out)

    def confirmation(self, nonce: str, pending: Pending, now_us: int) -> Letter:
        """Return the letter that asks for a confirmation."""
        message_id = self._links.message_id(confirm_job(nonce), "once")
        heading = Heading(pending.email, message_id, from_us(now_us))
        token = self._links.confirm_token(nonce, pending.id)
        return letter(self._params, heading, self._renderer.confirmation(pending, token))

    def fresh_links(self, subscription: Subscription, now_us: int) -> Letter:
        """Return the letter with new links, for who holds none that works."""
        message_id = self._links.message_id(links_job(subscription.id), str(now_us))
        heading = Heading(subscription.email, message_id, from_us(now_us))
        rendered = self._renderer.fresh_links(subscription, now_us + _LINK_US)
        return letter(self._params, heading, rendered)

    def _letter(self, subscription: Subscription, digest: Digest, now_us: int) -> Letter:
        heading = Heading(
            subscription.email,
            self._links.message_id(digest_job(subscription.id), digest.day.isoformat()),
            from_us(now_us),
            self._links.unsubscribe(subscription.id),
            self._links.return_path(subscription.id),
        )
        return letter(self._params, heading, self._renderer.digest(digest, subscription.id))


def _without_the_unrenderable(
    build: Callable[[Digest], T], digest: Digest
) -> tuple[T, Digest, dict[str, str]]:
    """Return what is built of a digest, of which of it, and why what is missing cannot be built.

    Raises:
        Exception: whatever building raises when no item of it is to blame.
    """
    try:
        return build(digest), digest, {}
    except Exception:
        left_out: dict[str, str] = {}
        for entry in digest.entries:
            others = {other.id for other in digest.entries if other.id != entry.id}
            try:
                build(without(digest, others))
            except Exception as exc:  # noqa: BLE001 - whatever an item does to its renderer is said of it
                left_out[entry.id] = f"{type(exc).__name__}: {exc}"[:200]
        if not left_out:
            raise
        kept = without(digest, left_out)
        return build(kept), kept, left_out
