"""What ails the mail, in words: for health, for people and for whoever is woken by them."""

import contextlib

from recsvc.background import Background, pause_in_step
from recsvc.clock import DAY_US, HOUR_US, SECOND_US, now_us
from recsvc.errors import StoreError
from recsvc.store.mail.deliveries import Deliveries

_LATE_US = 2 * HOUR_US
_LOOK_S = 1.0
_WORDS = {
    "failed": "a mail could not be made and is tried again",
    "set_aside": "a mail could not be made and was set aside",
    "unknown": "it is unknown whether a mail arrived",
}


async def mail_problems(deliveries: Deliveries, at_us: int) -> list[str]:
    """Return what went wrong with mails within a day; `recsvc digest status` says more.

    Raises:
        StoreError: when the store does not answer.
    """
    trouble = await deliveries.trouble()
    found = [
        f"mail: {words} ({_ago(at_us - at)})"
        for outcome, words in _WORDS.items()
        if (at := trouble.last_us.get(outcome)) is not None and at_us - at < DAY_US
    ]
    if trouble.left_out:
        named = ", ".join(sorted(trouble.left_out)[:3])
        found.append(
            f"mail: {len(trouble.left_out)} items cannot be shown and are left out: {named}"
        )
    since_us = await deliveries.waiting_since()
    if since_us is not None and at_us - since_us > _LATE_US:
        found.append(
            f"mail: the next one was due {_ago(at_us - since_us)}: does a digest worker run?"
        )
    return found


def _ago(us: int) -> str:
    return f"{us // HOUR_US} h ago" if us >= HOUR_US else f"{us // (60 * SECOND_US)} min ago"


class MailWatch:
    """Looks at the mails now and then.

    Attributes:
        problems: what went wrong, as known last.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._loops = Background()
        self.problems: list[str] = []

    async def start(self) -> None:
        """Look once, then in the background."""
        await self._look()
        self._loops.start(self._again, "mail-watch")

    async def stop(self) -> None:
        """Stop looking."""
        await self._loops.stop()

    async def _again(self) -> None:
        await pause_in_step(_LOOK_S)
        await self._look()

    async def _look(self) -> None:
        with contextlib.suppress(StoreError):  # what was known last stands
            self.problems = await mail_problems(self._deliveries, now_us())
