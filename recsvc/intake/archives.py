"""Taking in what archives answer, page by page: stored first, then noted as fetched.

Whatever happens in between, a page is fetched again rather than lost; taking it in again changes
nothing.
"""

from datetime import datetime

import httpx

from recsvc.errors import SourceError
from recsvc.intake import Intake
from recsvc.sources.fetching import arxiv as arxiv_live
from recsvc.sources.fetching import hf_daily as hf_live
from recsvc.sources.fetching.arxiv import Query
from recsvc.sources.fetching.fetcher import Fetcher
from recsvc.sources.fetching.hf_daily import Period
from recsvc.sources.papers import arxiv_atom, hf_daily
from recsvc.store.items.fetches import Fetches, Page

_EMPTY_PAGES = 3


async def take_period(
    base_url: str, asked: Period, intake: Intake, fetches: Fetches, fetcher: Fetcher
) -> None:
    """Take in the daily papers of a period.

    Raises:
        SourceError: when the server does not answer; what came before is stored.
    """
    number = 0
    while True:
        url, params = hf_live.address(base_url, asked, number)
        name = str(httpx.URL(url, params=params))
        page = await fetches.page(name)
        if not fetches.is_fresh(page):
            known = page or Page(0)
            answer = await fetcher.get(url, params, etag=known.etag, modified=known.modified)
            run_us = fetches.run.started_us
            if answer.is_unchanged:
                page = Page(run_us, known.etag, known.modified, known.n, has_next=known.has_next)
            else:
                records, n = hf_live.read(answer.url, answer.text, asked)
                for record in records:
                    await intake.take(record, hf_daily)
                full = n >= hf_live.PAGE if answer.has_next is None else answer.has_next and n > 0
                page = Page(run_us, answer.etag, answer.modified, n, has_next=full)
            await intake.write()
            await fetches.keep(name, page)
        if page is None or not page.has_next:
            return
        number += 1


async def take_query(
    base_url: str, query: Query, intake: Intake, fetches: Fetches, fetcher: Fetcher
) -> None:
    """Take in the papers that a query to arXiv finds.

    Raises:
        SourceError: when the server does not answer; what came before is stored.
    """
    start, last = 0, ""
    while True:
        params = query.params(start)
        name = str(httpx.URL(arxiv_live.address(base_url), params=params))
        page = await fetches.page(name)
        if page is None or not fetches.is_fresh(page):
            page = await _arxiv_page(
                base_url, params, name, page or Page(0), intake, fetches, fetcher
            )
        start, last = start + page.n, page.last
        if page.n == 0 or start >= page.total:
            return
        if start + arxiv_live.PAGE > arxiv_live.MAX_RESULTS and last:
            query = Query(query.categories, datetime.fromisoformat(last), query.until)
            start = 0


async def _arxiv_page(
    base_url: str,
    params: dict[str, str],
    name: str,
    known: Page,
    intake: Intake,
    fetches: Fetches,
    fetcher: Fetcher,
) -> Page:
    """Fetch one page and store what is on it; a page that is empty by mistake is asked for again."""
    run_us = fetches.run.started_us
    url = arxiv_live.address(base_url)
    for _ in range(_EMPTY_PAGES):
        answer = await fetcher.get(
            url, params, etag=known.etag, modified=known.modified, accept=(400,)
        )
        if answer.is_unchanged:
            page = Page(run_us, known.etag, known.modified, known.n, known.total, known.last)
            break
        found = arxiv_live.read(answer.url, answer.text)
        last = "" if found.last is None else found.last.isoformat()
        page = Page(run_us, answer.etag, answer.modified, found.n, found.total, last)
        if found.n or int(params["start"]) >= found.total:
            for record in found.records:
                await intake.take(record, arxiv_atom)
            break
    else:
        raise SourceError(f"{url} keeps answering with empty pages; run it again later to go on")
    await intake.write()
    await fetches.keep(name, page)
    return page
