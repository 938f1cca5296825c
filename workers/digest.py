"""The process that sends mails: connected, what a killed one left freed, its relay at hand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import structlog

from recsvc.clock import now_us
from recsvc.mail.letters import Letters
from recsvc.mail.links import Links
from recsvc.settings import Settings
from recsvc.store.access.signatures import signatures
from recsvc.store.connection import connect
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe
from workers.mail.digest import Clock, DigestWorker
from workers.mail.journal import Journal, left_behind
from workers.mail.lazy_composer import LazyComposer
from workers.mail.maildir import Maildir
from workers.mail.mails import Mails
from workers.mail.postman import Postman
from workers.mail.relay import Relay
from workers.mail.smtp import SmtpRelay
from workers.recommender import composer

log = structlog.get_logger()


@asynccontextmanager
async def opened(settings: Settings, clock: Clock = now_us) -> AsyncIterator[DigestWorker]:
    """Connect, free what a killed worker left, and hand out a worker.

    Raises:
        StoreUnavailableError: when the store does not answer.
    """
    redis = connect(settings.store_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        pipe = Pipe(redis)
        params = settings.digest
        subscriptions = Subscriptions(pipe)
        deliveries = Deliveries(pipe, params.repeat_days)
        links = Links(await signatures(pipe), params, settings.site_url)
        lazily = LazyComposer(lambda: composer(redis, pipe, settings))
        stack.push_async_callback(lazily.close)
        mails = Mails(subscriptions, deliveries, Letters(links, params), lazily)
        folder = settings.data_path / "digest" / "journal"
        await free_left_behind(folder, deliveries, clock())
        journal = Journal(folder, settings.post.connections)
        stack.callback(journal.close)
        postmen = [
            Postman(
                subscriptions,
                deliveries,
                mails,
                relay(settings),
                slot,
                settings.post.lease_s,
                clock,
            )
            for slot in journal.slots
        ]
        yield DigestWorker(deliveries, mails, postmen, clock)


async def free_left_behind(folder: Path, deliveries: Deliveries, now: int) -> None:
    """Free what killed workers of this machine had in hand, each as far as it had got."""
    for left in left_behind(folder):
        freed = await deliveries.release(left.job, left.token, now, left.handed)
        if freed:
            log.info("job_freed", job=left.job, handed=left.handed)


def relay(settings: Settings) -> Relay:
    """Return what takes the mails: the relay configured, else a folder.

    A mail must be given up well before its lease ends.
    """
    smtp, lease_s = settings.smtp, settings.post.lease_s
    if not smtp.host:
        return Maildir(settings.outbox_path)
    timeout_s, answer_s = min(smtp.timeout_s, lease_s / 4), min(smtp.answer_s, lease_s / 2)
    return SmtpRelay(msgspec.structs.replace(smtp, timeout_s=timeout_s, answer_s=answer_s))
