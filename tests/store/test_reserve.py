"""A full store refuses what comes in, and still lets people leave and owners in."""

import pytest

from recsvc.clock import now_us
from recsvc.core.mail.subscription import Pending, Preferences, confirmed
from recsvc.core.readers.events import Entry
from recsvc.core.readers.kinds import KINDS
from recsvc.errors import StoreRefusesError
from recsvc.store.access.credentials import CredentialKind, Credentials, NewCredential
from recsvc.store.connection import Redis
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures, ErasureState
from tests.store.condition import CONDITIONS


@pytest.mark.one_server
async def test_a_full_store_still_erases_unsubscribes_and_makes_keys(redis: Redis):
    pipe, now = Pipe(redis), now_us()
    log, credentials = EventLog(pipe, KINDS, EventLogParams()), Credentials(pipe)
    erasures, subscriptions = Erasures(pipe), Subscriptions(pipe)
    vote = Entry("ann", "x", "upvote", now, now)
    await log.record([vote], [False])
    wish = Pending("s", "ann@example.com", Preferences(), now, 1)
    await subscriptions.request("nonce", wish)
    await subscriptions.confirm("nonce", confirmed(wish, now, "proof"), now)
    await credentials.load()

    async with CONDITIONS["OOM"](redis):
        with pytest.raises(StoreRefusesError):
            await log.record([vote], [False])
        proof = await erasures.request("ann", now)
        made, _ = await credentials.create(NewCredential(CredentialKind.SECRET), now)
        assert await subscriptions.remove("s")

        assert proof.state is ErasureState.RUNNING
        assert [c.id for c in await credentials.all(now)] == [made.id]
        for identity, erasure in (await erasures.pending()).items():
            await erasures.settle(identity, erasure, now)
        assert (await erasures.find(proof.id)).state is ErasureState.COMPACTING
