"""What files hold of addresses that left goes within a day."""

from recsvc.clock import DAY_US, HOUR_US, now_us
from recsvc.core.mail.subscription import PENDING_DAYS, Pending, Preferences, confirmed
from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe
from workers.privacy.leaving import FormerAddresses


async def test_addresses_that_left_or_never_confirmed_are_compacted_away_within_a_day(redis: Redis):
    subscriptions, now, n = Subscriptions(Pipe(redis)), now_us(), 0

    async def compact() -> None:
        nonlocal n
        n += 1

    former = FormerAddresses(subscriptions, compact)
    wish = Pending("s", "ann@example.com", Preferences(), now, 1)
    await subscriptions.request("nonce", wish)
    await subscriptions.confirm("nonce", confirmed(wish, now, "proof"), now)
    assert not await former.run_once(now + DAY_US), "nobody has left"
    await subscriptions.remove("s")

    assert not await former.run_once(now + HOUR_US)
    assert await former.run_once(now + DAY_US)
    assert not await former.run_once(now + DAY_US), "once is enough"
    assert await former.run_once(now + (PENDING_DAYS + 1) * DAY_US), "wishes end too"
    assert n == 2
    assert await redis.exists(keys.MAIL_LEFT) == 0
