"""The demo catalogue: loaded into an empty service, and taken out again when real data arrives."""

import asyncio

import click

from recsvc.cli.context import store
from recsvc.clock import now_us
from recsvc.core.items.item import StoredItem
from recsvc.core.items.merging import merged_into
from recsvc.settings import Settings, from_environment
from recsvc.sources import demo
from recsvc.store import keys
from recsvc.store.connection import Redis, translated
from recsvc.store.items.catalogue import Change, Items
from recsvc.store.log.writing import EventLog
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures

_BATCH = 200


async def load_demo(redis: Redis, settings: Settings) -> int:
    """Load the demo where there is no catalogue yet; return how many papers that made."""
    pipe = Pipe(redis)
    items = Items(pipe)
    if await items.count():
        return 0
    now = now_us()
    with translated():
        await redis.set(keys.DEMO, now)
    papers = demo.papers(now)
    for start in range(0, len(papers), _BATCH):
        batch = papers[start : start + _BATCH]
        changes: dict[str, Change] = {
            p.id: (lambda old, p=p: merged_into(p, old, now, demo.ORIGIN))  # type: ignore[misc]
            for p in batch
        }
        await items.change(changes)
    log = EventLog(pipe, settings.kinds, settings.log)
    entries = demo.events(papers, now)
    await log.record(entries, [False] * len(entries))
    click.echo(
        f"demo: {len(papers)} papers and {len(demo.everybody())} simulated readers "
        "(--no-demo or RECSVC_DEMO=false leaves them out)"
    )
    return len(papers)


@click.group("demo")
def demo_command() -> None:
    """Look after the demo catalogue."""


@demo_command.command()
def load() -> None:
    """Bring the demo in where there is no catalogue yet."""

    async def run() -> int:
        settings = from_environment()
        async with store(settings, "make") as redis:
            return await load_demo(redis, settings)

    if not asyncio.run(run()):
        raise click.ClickException(
            "there is a catalogue here already: the demo was not loaded into it"
        )


@demo_command.command()
def remove() -> None:
    """Take the demo out: its papers, its simulated readers and their votes."""

    async def run() -> bool:
        async with store(from_environment()) as redis:
            return await remove_demo(redis)

    if not asyncio.run(run()):
        click.echo("there is no demo here")


async def remove_demo(redis: Redis) -> bool:
    """Take the demo out and say so; return whether there was one.

    The papers go at once; the simulated readers are erased as any reader is, their votes by a worker.
    """
    if not await _is_loaded(redis):
        return False
    pipe = Pipe(redis)
    items, erasures = Items(pipe), Erasures(pipe)
    papers = await _papers(items)
    for start in range(0, len(papers), _BATCH):
        batch = papers[start : start + _BATCH]
        await items.change(dict.fromkeys(batch, _without_demo))
    for user in demo.everybody():
        await erasures.request(user, now_us())
    with translated():
        await redis.delete(keys.DEMO)
    click.echo(
        f"demo: took out {len(papers)} papers and {len(demo.everybody())} simulated readers, whose "
        "votes go as soon as a worker runs",
        err=True,
    )
    return True


async def foretell_removal(redis: Redis) -> str:
    """Say that the demo would be taken out; return the origin of what would be, empty without a demo."""
    if not await _is_loaded(redis):
        return ""
    papers = await _papers(Items(Pipe(redis)))
    click.echo(
        f"demo: {len(papers)} papers and {len(demo.everybody())} simulated readers with their votes "
        "would be taken out first",
        err=True,
    )
    return demo.ORIGIN


async def _is_loaded(redis: Redis) -> bool:
    with translated():
        return bool(await redis.exists(keys.DEMO))


async def _papers(items: Items) -> list[str]:
    return [i.id async for some in items.all() for i in some if i.origin == demo.ORIGIN]


def _without_demo(item: StoredItem | None) -> StoredItem | None:
    """Delete an item, unless somebody has made it their own since it was looked at."""
    return None if item is None or item.origin == demo.ORIGIN else item
