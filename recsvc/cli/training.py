"""`recsvc train`: one training, whoever serves meanwhile."""

import asyncio

import click

from recsvc.cli.context import store
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
def train(train_engine: str | None, spark_master: str | None) -> None:
    """Train a model on everything there is, and publish it if the gate lets it pass.

    The service may run. Its worker trains too, unless RECSVC_TRAIN_ENGINE is `none` there.
    """
    settings = from_environment(train_engine=train_engine, spark_master=spark_master)
    configure(settings.log_format, "error")  # what else would be logged is what is printed
    check_engine(settings)
    done = asyncio.run(_trained(settings)).manifest
    assert done.verdict is not None, "every training ends with a verdict"
    outcome = "passed" if done.verdict.passed else "stopped"
    click.echo(
        f"{done.snapshot_id}: {done.n_events:,} events, {done.n_interactions:,} interactions, "
        f"{done.n_items:,} items\n{outcome}: {done.verdict.reason}"
    )


async def _trained(settings: Settings) -> Snapshot:
    async with store(settings) as redis:
        return await trained(redis, settings)


async def trained(redis: Redis, settings: Settings) -> Snapshot:
    """Train a model on everything there is, publish it if the gate lets it pass, and return it.

    Raises:
        NotFoundError: when there are no items.
    """
    from workers.log.archive import Archive
    from workers.training.candidate import round_params
    from workers.training.engines import steps_of
    from workers.training.trainer import Shelves, Trainer

    steps = steps_of(settings.training, settings.data_path)
    pipe = Pipe(redis)
    items = Items(pipe)
    if not await items.count():
        raise NotFoundError("there are no items to train on")
    shelves = Shelves(
        Archive(settings.archive_path),
        Streams(redis, "train"),
        items,
        Snapshots(pipe, settings.snapshot_cache_path),
        Training(pipe),
    )
    how = round_params(settings.training, settings.lists.profile, settings.lists.blend)
    return await Trainer(shelves, settings.training, how, steps).train(None, now_us())
