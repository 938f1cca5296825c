"""`recsvc import hf-daily` and `recsvc import arxiv`: papers from the archives themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import click

from recsvc.cli.context import Without, store
from recsvc.cli.importing import import_command, intake_options, intake_params, make_way
from recsvc.cli.reporting import progress, report
from recsvc.clock import now_us
from recsvc.errors import InvalidError, SourceError
from recsvc.intake import Intake
from recsvc.intake.archives import take_period, take_query
from recsvc.intake.summary import Summary
from recsvc.settings import Settings, from_environment
from recsvc.sources.fetching import arxiv as arxiv_live
from recsvc.sources.fetching import hf_daily as hf_live
from recsvc.sources.fetching.fetcher import Fetcher, client
from recsvc.sources.fetching.hf_daily import Period, period
from recsvc.sources.text import dates
from recsvc.store.items.fetches import Fetches, Run
from recsvc.store.pipe import Pipe

_OVERLAP_DAYS = 7

# Called with how many periods are done, of how many.
Step = Callable[[int, int], None]
Fetch = Callable[[Intake, Fetches, Fetcher, Step], Awaitable[None]]


@import_command.command("hf-daily")
@click.option("--date", "days", multiple=True, metavar="YYYY-MM-DD", help="A day; repeat for more.")
@click.option("--week", "weeks", multiple=True, metavar="YYYY-Www", help="A week.")
@click.option("--month", "months", multiple=True, metavar="YYYY-MM", help="A month.")
@click.option("--since", metavar="YYYY-MM-DD", help="Every day from this one …")
@click.option("--until", metavar="YYYY-MM-DD", help="… to this one; today if not given.")
@click.option("--base-url", metavar="URL", help="Where to ask, instead of RECSVC_HF_URL.")
@intake_options
def hf_daily_command(
    days: tuple[str, ...],
    weeks: tuple[str, ...],
    months: tuple[str, ...],
    since: str | None,
    until: str | None,
    base_url: str | None,
    keep_demo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fetch daily papers from Hugging Face; of today if nothing else is asked for.

    What did not change since the last time is not sent again. A run that was stopped goes on where it
    was.
    """
    settings = from_environment(hf_url=base_url)
    today = datetime.now(UTC).date()
    asked = [period("date", text) for text in days]
    asked += [period("week", text) for text in weeks]
    asked += [period("month", text) for text in months]
    if since is not None:
        asked += hf_live.days(_day(since, "--since"), _day(until, "--until") if until else today)
    elif until is not None:
        raise InvalidError("--until: from when on? (--since)")
    asked = list(dict.fromkeys(asked or [Period("date", today.isoformat())]))

    async def fetch(intake: Intake, fetches: Fetches, fetcher: Fetcher, is_at: Step) -> None:
        what = ",".join(f"{one.kind}={one.value}" for one in asked)
        if await fetches.begin(what, now_us()):
            click.echo("going on with a run that was stopped", err=True)
        for n, one in enumerate(asked):
            is_at(n, len(asked))
            await take_period(settings.fetch.hf_url, one, intake, fetches, fetcher)

    _run(settings, "hf-daily", 0.0, fetch, keep_demo, dry_run, as_json)


@import_command.command("arxiv")
@click.option(
    "--category",
    "categories",
    multiple=True,
    required=True,
    metavar="NAME",
    help="E.g. cs.LG; repeat.",
)
@click.option(
    "--since", metavar="YYYY-MM-DD", help="Submitted since; else where the last run ended."
)
@click.option("--until", metavar="YYYY-MM-DD", help="Submitted until; now if not given.")
@click.option(
    "--overlap",
    "overlap_days",
    type=click.IntRange(0, 3660),
    default=_OVERLAP_DAYS,
    metavar="DAYS",
    help=f"Without --since, so much before the end of the last run ({_OVERLAP_DAYS}): what moderators "
    "held back for weeks is found with more.",
)
@click.option("--base-url", metavar="URL", help="Where to ask, instead of RECSVC_ARXIV_URL.")
@intake_options
def arxiv_command(
    categories: tuple[str, ...],
    since: str | None,
    until: str | None,
    overlap_days: int,
    base_url: str | None,
    keep_demo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fetch papers of some categories from arXiv, one request every three seconds.

    A run that was stopped goes on where it was. Metadata only: arXiv asks not to copy its PDFs.
    """
    settings = from_environment(arxiv_url=base_url)
    names = tuple(sorted(set(categories)))
    end = datetime.now(UTC) if until is None else _instant(until, "--until") + timedelta(days=1)

    async def fetch(intake: Intake, fetches: Fetches, fetcher: Fetcher, _: Step) -> None:
        last = await fetches.last()
        begin = since or (None if last is None else _since(last, overlap_days))
        if begin is None:
            raise InvalidError("--since: nothing was fetched yet, so from when on?")
        what = f"{begin}..{until or ''}"
        if await fetches.begin(what, now_us(), end.isoformat):
            click.echo("going on with a run that was stopped", err=True)
        query = arxiv_live.Query(
            names, _instant(begin, "--since"), _instant(fetches.run.until, "--until")
        )
        await take_query(settings.fetch.arxiv_url, query, intake, fetches, fetcher)

    job = "arxiv:" + "+".join(names)
    _run(settings, job, settings.fetch.arxiv_pause_s, fetch, keep_demo, dry_run, as_json)


def _run(
    settings: Settings,
    job: str,
    pause_s: float,
    fetch: Fetch,
    keep_demo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a job that fetches, and say what it did, also when it had to stop."""
    summary, stopped = asyncio.run(_fetch(settings, job, pause_s, fetch, keep_demo, dry_run))
    if stopped is not None:
        click.echo(f"recsvc: {stopped}", err=True)
    report(summary, dry_run, as_json, failed=stopped is not None)


async def _fetch(
    settings: Settings,
    job: str,
    pause_s: float,
    fetch: Fetch,
    keep_demo: bool,
    dry_run: bool,
) -> tuple[Summary, SourceError | None]:
    stopped: SourceError | None = None
    without: Without = "borrow" if dry_run else "make"
    async with store(settings, without) as redis, client(settings.fetch.contact) as http:
        params = intake_params(settings, dry_run=dry_run)
        if not keep_demo:
            params = await make_way(redis, params)
        pipe = Pipe(redis)
        intake = Intake(pipe, params)
        fetches = Fetches(pipe, job, is_kept=not dry_run)
        await intake.load()
        with progress() as bar:
            periods = bar.add_task("periods", total=None, visible=False)
            papers = bar.add_task("papers", total=None)
            intake.items.on_progress = lambda done, _: bar.update(papers, completed=done)

            def is_at(n: int, total: int) -> None:
                bar.update(periods, completed=n, total=total, visible=True)

            fetcher = Fetcher(http, pause_s, on_wait=_say_wait)
            try:
                await fetch(intake, fetches, fetcher, is_at)
                await fetches.end()
            except SourceError as exc:
                stopped = exc
            summary = await intake.finish()
    return summary, stopped


def _since(last: Run, overlap_days: int) -> str:
    """Return from when on a run without a beginning of its own fetches.

    A run that was stopped is gone on with. After one that came to its end, its last days are asked for
    again: a paper is found only once it is announced, which takes days over weekends and holidays, and
    weeks where moderators hold it.
    """
    if not last.is_done:
        return last.what.partition("..")[0]
    return (_instant(last.until, "--until") - timedelta(days=overlap_days)).date().isoformat()


def _say_wait(seconds: float, reason: str) -> None:
    click.echo(f"waiting {seconds:.0f} s ({reason})", err=True)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError(f"{option}: {text!r} is not a date (YYYY-MM-DD)") from None


def _instant(text: str, option: str) -> datetime:
    moment = dates.instant(text)
    if moment is None:
        raise InvalidError(f"{option}: {text!r} is not a date (YYYY-MM-DD)")
    return moment
