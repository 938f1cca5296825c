"""A link that changes what a subscriber gets ends, and the one in every mail says nothing."""

import pytest

from recsvc.clock import DAY_US, now_us
from recsvc.core.mail.subscription import Pending, Preferences, confirmed
from recsvc.errors import ExpiredError, NotAllowedError
from recsvc.mail.links import PREFERENCES, Links
from recsvc.mail.params import DigestParams
from recsvc.mail.subscribing import Subscribing
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import Redis
from recsvc.store.mail.limits import MailLimitParams, MailLimits
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe


async def test_a_link_that_changes_preferences_ends_and_the_one_in_every_mail_never_does(
    redis: Redis,
):
    pipe, now = Pipe(redis), now_us()
    signs, subscriptions = await signatures(pipe), Subscriptions(pipe)
    links = Links(signs, DigestParams(), "https://papers.example.org")
    limits = MailLimits(pipe, signs, MailLimitParams())
    subscribing = Subscribing(subscriptions, limits, links, signs)
    wish = Pending("s", "ann@example.com", Preferences(), now, 1)
    await subscriptions.request("nonce", wish)
    await subscriptions.confirm("nonce", confirmed(wish, now, "proof"), now)
    fresh = links.fresh_preferences("s", now + DAY_US).partition("token=")[2]
    lasting = links.preferences("s").partition("token=")[2]

    assert (await subscribing.subscriber(fresh, now)).email == "ann@example.com"
    assert await subscribing.subscriber(fresh, now + DAY_US) is None
    assert await subscribing.subscriber(lasting, now) is None
    for token in (fresh, lasting):
        with pytest.raises(ExpiredError):
            await subscribing.prefer(token, Preferences(), now + DAY_US)
    forged = signs.sign("mail-unsubscribe", ["s", now + DAY_US])
    with pytest.raises(NotAllowedError):
        await subscribing.subscriber(forged, now)
    assert signs.read(PREFERENCES, lasting) == "s", "mails of the former release hold the same"
