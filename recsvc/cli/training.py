"""`recsvc train`: one training, whoever serves meanwhile."""

import asyncio
from contextlib import ExitStack

import click

from recsvc.cli.context import store
from recsvc.cli.places import Place
from recsvc.cli.starting import check_engine
from recsvc.clock import now_us
from recsvc.core.model.snapshot import Snapshot
from recsvc.errors import NotFoundError
from recsvc.logs import configure
from recsvc.settings import from_environment
from recsvc.settings.whole import Settings
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from recsvc.store.pipe import Pipe


@click.command()
@click.option(
    "--engine",
    "train_engine",
    type=click.Choice(["implicit", "spark"]),
    help="What fits factors; as set otherwise, and `implicit` where that is `none`.",
)
@click.option("--master", "spark_master", help="Spark master, e.g. spark://host:7077.")
@click.option(
    "--archive",
    "copy",
    type=Place(exists=True),
    help="Read the archive from a backup, or from a copy of its folder: a folder, or s3://bucket/prefix.",
)
def train(train_engine: str | None, spark_master: str | None, copy: str | None) -> None:
    """Train a model on everything there is, and publish it if the gate lets it pass.

    The service may run. Its worker trains too, unless RECSVC_TRAIN_ENGINE is `none` there.
    """
    settings = from_environment(train_engine=train_engine, spark_master=spark_master)
    configure(settings.log_format, "error")  # what else would be logged is what is printed
    check_engine(settings)
    done = asyncio.run(_trained(settings, copy)).manifest
    assert done.verdict is not None, "every training ends with a verdict"
    outcome = "passed" if done.verdict.passed else "stopped"
    click.echo(
        f"{done.snapshot_id}: {done.n_events:,} events, {done.n_interactions:,} interactions, "
        f"{done.n_items:,} items\n{outcome}: {done.verdict.reason}"
    )


async def _trained(settings: Settings, copy: str | None) -> Snapshot:
    async with store(settings) as redis:
        return await trained(redis, settings, copy)


async def trained(redis: Redis, settings: Settings, copy: str | None = None) -> Snapshot:
    """Train a model on everything there is, publish it if the gate lets it pass, and return it.

    Args:
        copy: where a copy of the archive is, to be read in its place.

    Raises:
        NotFoundError: when there are no items.
        InvalidError, SourceError: when there is no such copy, or it cannot be read.
    """
    from workers.log.archive import Archive
    from workers.log.copied import copied, fetched
    from workers.log.depot import depot_at
    from workers.training.candidate import round_params
    from workers.training.engines import steps_of
    from workers.training.trainer import IN_THIS_PROCESS, Shelves, Trainer

    found = None if copy is None else copied(depot_at(copy))
    steps = steps_of(settings.training, settings.data_path, found)
    pipe = Pipe(redis)
    items = Items(pipe)
    if not await items.count():
        raise NotFoundError("there are no items to train on")
    how = round_params(settings.training, settings.lists.profile, settings.lists.blend)
    with ExitStack() as stack:
        archive = Archive(settings.archive_path)
        if found is not None and steps is IN_THIS_PROCESS:
            archive = stack.enter_context(fetched(found, settings.data_path))
        shelves = Shelves(
            archive,
            Streams(redis, "train"),
            items,
            Snapshots(pipe, settings.snapshot_cache_path),
            Training(pipe),
        )
        return await Trainer(shelves, settings.training, how, steps).train(None, now_us())
