"""A worker that is told to end ends soon, whatever its relay does."""

import asyncio
import socket
import sys
from pathlib import Path

from recsvc.clock import now_us
from recsvc.core.mail.subscription import Pending, Preferences
from recsvc.store.connection import Redis
from tests.service import REPOSITORY, environment
from tests.workers.mail.post import Office, settings_for


async def test_told_to_end_it_waits_five_seconds_at_most_for_a_silent_relay(
    redis: Redis, store_url: str, tmp_path: Path
):
    silent = socket.create_server(("127.0.0.1", 0))
    silent.settimeout(60)
    port = silent.getsockname()[1]
    office = Office(redis, settings_for(store_url, tmp_path, port))
    wish = Pending("reader", "reader@example.com", Preferences(), now_us(), 1)
    await office.subscriptions.request("nonce", wish)
    working = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recsvc", "worker", "digest",
        env=environment(
            redis_url=store_url, data_dir=tmp_path, smtp_host="127.0.0.1", smtp_port=port,
            smtp_tls="none", mail_from="papers@example.org", public_url="https://papers.example.org",
        ),
        cwd=REPOSITORY,
    )  # fmt: skip
    try:
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            working.terminate()

            assert await asyncio.wait_for(working.wait(), 5) == 0
    finally:
        silent.close()
        if working.returncode is None:
            working.kill()
