"""What ails the mail, in words: for health, for people and for whoever is woken by them."""

from recsvc.clock import DAY_US, HOUR_US, SECOND_US
from recsvc.store.mail.deliveries import Deliveries

_LATE_US = 2 * HOUR_US
_WORDS = {
    "failed": "a mail could not be made and is tried again",
    "set_aside": "a mail could not be made and was set aside",
    "unknown": "it is unknown whether a mail arrived",
}


async def mail_problems(deliveries: Deliveries, now_us: int) -> list[str]:
    """Return what went wrong with mails within a day; `recsvc digest status` says more.

    Raises:
        StoreError: when the store does not answer.
    """
    trouble = await deliveries.trouble()
    found = [
        f"mail: {words} ({_ago(now_us - at)})"
        for outcome, words in _WORDS.items()
        if (at := trouble.last_us.get(outcome)) is not None and now_us - at < DAY_US
    ]
    if trouble.left_out:
        named = ", ".join(sorted(trouble.left_out)[:3])
        found.append(
            f"mail: {len(trouble.left_out)} items cannot be shown and are left out: {named}"
        )
    since_us = await deliveries.waiting_since()
    if since_us is not None and now_us - since_us > _LATE_US:
        found.append(
            f"mail: the next one was due {_ago(now_us - since_us)}: does a digest worker run?"
        )
    return found


def _ago(us: int) -> str:
    return f"{us // HOUR_US} h ago" if us >= HOUR_US else f"{us // (60 * SECOND_US)} min ago"
