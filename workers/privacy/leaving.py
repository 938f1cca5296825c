"""Leaving: what files hold of addresses that left, or never confirmed, goes within a day."""

import structlog

from recsvc.clock import HOUR_US
from recsvc.store.mail.subscriptions import Subscriptions
from workers.privacy.eraser import Compact

log = structlog.get_logger()

# Many who leave on one day are compacted away together.
_GATHER_US = 12 * HOUR_US


class FormerAddresses:
    """Has the store's files written anew, at most some times a day; by the leader.

    Args:
        compact: rewrites the store's files; None where they are not ours.
    """

    def __init__(self, subscriptions: Subscriptions, compact: Compact | None) -> None:
        self._subscriptions = subscriptions
        self._compact = compact
        self._is_due = False

    async def run_once(self, now_us: int) -> bool:
        """Compact if an address ended half a day ago; return whether that was so.

        One that ends meanwhile is noted anew, and what fails is tried again.
        """
        self._is_due |= await self._subscriptions.take_left(now_us - _GATHER_US)
        if not self._is_due:
            return False
        if self._compact is not None:
            await self._compact()
            log.info("former_addresses_compacted")
        self._is_due = False
        return True
