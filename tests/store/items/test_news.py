"""News: what changed of items and boards, waited for in one call."""

import asyncio

from recsvc.store import keys
from recsvc.store.connection import Redis
from recsvc.store.items.news import Place, news_since
from recsvc.store.pipe import Pipe


async def test_news_end_the_wait_and_tell_where_to_go_on(redis: Redis):
    hearing = asyncio.create_task(news_since(Pipe(redis), Place(), 60_000))
    await asyncio.sleep(0)

    entry_id = await redis.xadd(keys.CHANGES, {"i": "a paper", "r": "7"})

    news = await hearing
    assert news is not None
    assert news.rows == {"a paper": 7}
    assert news.place == Place(entry_id.decode(), "0-0")
    assert await news_since(Pipe(redis), news.place, 1) is None
