"""`recsvc snapshots`: see the models that are kept, and decide which one is served."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.context import store
from recsvc.clock import from_us
from recsvc.core.model.snapshot import Manifest
from recsvc.settings import from_environment
from recsvc.store.models.serving import earlier, serve
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from recsvc.store.pipe import Pipe

_HOLD = click.option(
    "--hold", is_flag=True, help="Publish nothing else until `recsvc snapshots release`."
)


@click.group()
def snapshots() -> None:
    """The models that are kept for serving; docs/ranking.md says how they come to be."""


@snapshots.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_command(as_json: bool) -> None:
    """List the models, latest first, the one that is served marked."""
    from workers.training.alarms import unpublished

    async def run(kept: Snapshots, training: Training) -> None:
        current, held = await kept.current(), await training.held()
        manifests = await kept.manifests()
        if as_json:
            summaries = [_summary(m) for m in manifests]
            answer = {"current": current, "held": held, "snapshots": summaries}
            click.echo(msgspec.json.encode(answer))
            return
        Console().print(_table(manifests, current))
        problem = unpublished(await training.n_stopped(), manifests[0] if manifests else None)
        if problem is not None:
            click.echo(f"Nothing new is published: {problem}.")
        if held is not None:
            click.echo("Nothing else is published until `recsvc snapshots release`.")

    _with_store(run)


@snapshots.command()
@click.argument("snapshot_id", metavar="ID")
def show(snapshot_id: str) -> None:
    """Show everything that is known of a model but its arrays' bytes."""

    async def run(kept: Snapshots, _: Training) -> None:
        manifest = await kept.manifest(snapshot_id)
        click.echo(msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode())

    _with_store(run)


@snapshots.command()
@click.argument("snapshot_id", metavar="ID")
@_HOLD
def activate(snapshot_id: str, hold: bool) -> None:
    """Serve a model from now on, until training publishes another."""
    _with_store(lambda kept, training: _serve(kept, training, snapshot_id, hold))


@snapshots.command()
@_HOLD
def rollback(hold: bool) -> None:
    """Serve the model published before the one that is served now."""

    async def run(kept: Snapshots, training: Training) -> None:
        before = earlier(await kept.manifests(), await kept.current())
        await _serve(kept, training, before, hold)

    _with_store(run)


@snapshots.command()
def release() -> None:
    """Let training publish again after `--hold`."""

    async def run(_: Snapshots, training: Training) -> None:
        click.echo("released" if await training.release() else "nothing was held")

    _with_store(run)


async def _serve(kept: Snapshots, training: Training, snapshot_id: str, hold: bool) -> None:
    await serve(kept, training, snapshot_id, hold=hold)
    verdict = (await kept.manifest(snapshot_id)).verdict
    click.echo(f"{snapshot_id} is served within two seconds{', and held' if hold else ''}")
    if verdict is not None and not verdict.passed:
        click.echo(f"although the gate had stopped it: {verdict.reason}")


def _with_store(run: Callable[[Snapshots, Training], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        settings = from_environment()
        async with store(settings) as redis:
            pipe = Pipe(redis)
            await run(Snapshots(pipe, settings.snapshot_cache_path), Training(pipe))

    asyncio.run(connected())


def _summary(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.snapshot_id,
        "trained_at": from_us(manifest.created_us),
        "n_events": manifest.n_events,
        "n_interactions": manifest.n_interactions,
        "size_bytes": manifest.size_bytes,
        "published": manifest.was_published,
        "verdict": manifest.verdict,
        "rolled_back": manifest.rolled_back,
    }


def _said(manifest: Manifest) -> str:
    """Return what the gate said of a model."""
    return "" if manifest.verdict is None else manifest.verdict.reason


def _table(manifests: list[Manifest], current: str | None) -> Table:
    table = Table()
    for column in ("", "snapshot", "trained", "events", "interactions", "MB", "the gate said"):
        table.add_column(column, justify="right" if column in ("events", "MB") else "left")
    for m in manifests:
        mark = "●" if m.snapshot_id == current else "" if m.was_published else "✗"
        table.add_row(
            mark,
            m.snapshot_id,
            f"{from_us(m.created_us):%Y-%m-%d %H:%M:%S}",
            f"{m.n_events:,}",
            f"{m.n_interactions:,}",
            f"{m.size_bytes / 1e6:.1f}",
            f"rolled back: {m.rolled_back}" if m.rolled_back else _said(m),
        )
    return table
