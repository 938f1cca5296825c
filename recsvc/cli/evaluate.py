"""`recsvc evaluate`: how good the ranking is, on a log of one's own or on files."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from recsvc.cli.context import store
from recsvc.clock import from_us, now_us
from recsvc.settings import Settings, from_environment
from recsvc.sources.records import Options
from recsvc.store.items.catalogue import Items
from recsvc.store.log.streams import Streams
from recsvc.store.pipe import Pipe

if TYPE_CHECKING:  # polars and implicit take most of a second to load: only when needed
    from workers.evaluation.attack import Attacked
    from workers.evaluation.evaluating import Report
    from workers.training.training import Material

_SHOWN = ("recall@20", "ndcg@20", "mrr")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--share", default=0.2, type=click.FloatRange(0, 1, True, True), show_default=True,
              help="Share of the events, the latest, that are predicted.")  # fmt: skip
@click.option("--sample", default=2000, show_default=True, help="Readers at most; 0: all.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN",
              help="Of a table: which column holds a field.")  # fmt: skip
@click.option("--set", "constants", multiple=True, metavar="FIELD=VALUE",
              help="Of a table: what a field is in every row, e.g. kind=upvote.")  # fmt: skip
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the report with its plots to this file.")  # fmt: skip
@click.option("--attack", "is_attack", is_flag=True,
              help="Instead: what invented sessions would do to the log's readers.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def evaluate(
    files: tuple[Path, ...],
    share: float,
    sample: int,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    html: Path | None,
    is_attack: bool,
    as_json: bool,
) -> None:
    """Divide a log by time, train on what came before and rank for what came after.

    Without FILES the service's own log is taken; files may be of any format that `recsvc import` knows,
    events and items in any order. docs/evaluation.md says what the figures mean.
    """
    from workers.evaluation.page import page

    settings = from_environment()
    options = Options(
        columns=_pairs(columns), constants=_pairs(constants), feedback=settings.gorse_types()
    )
    console = Console(stderr=as_json)
    material = _of_files(files, options, settings) if files else asyncio.run(_own(settings))
    if is_attack:
        found = _attacked(material, settings, share)
        click.echo(msgspec.json.encode(found)) if as_json else console.print(attack_table(found))
        return
    with Progress(console=console, transient=True) as progress:
        report = _evaluated(material, settings, share, sample, _bars(progress))
    if html is not None:
        html.write_text(page(report))
        console.print(f"{html}: the report with its plots")
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        console.print(table(report))


def _evaluated(
    material: "Material",
    settings: Settings,
    share: float,
    sample: int,
    progress: Callable[[str, int], Callable[[int], object]],
) -> "Report":
    from workers.evaluation.evaluating import EvaluateParams, evaluate
    from workers.training.candidate import round_params

    params = round_params(settings.training, settings.lists.profile, settings.lists.blend)
    how = EvaluateParams(share, sample, settings.training.learn.als.seed)
    return evaluate(material, params, how, progress)


def _attacked(material: "Material", settings: Settings, share: float) -> "list[Attacked]":
    from workers.evaluation.attack import attack
    from workers.training.candidate import round_params

    params = round_params(settings.training, settings.lists.profile, settings.lists.blend)
    seed = settings.training.learn.als.seed
    return attack(material, params.train, params.blend, share, seed)


def _bars(progress: Progress) -> Callable[[str, int], Callable[[int], object]]:
    def begin(name: str, steps: int) -> Callable[[int], object]:
        task = progress.add_task(name, total=steps)
        return lambda n: progress.advance(task, n)

    return begin


def _of_files(files: tuple[Path, ...], options: Options, settings: Settings) -> "Material":
    from workers.evaluation.files import read

    material, n_problems = read(list(files), options, settings.kinds, now_us())
    if n_problems:
        click.echo(f"{n_problems} records were not understood", err=True)
    return material


async def _own(settings: Settings) -> "Material":
    from workers.log.archive import Archive
    from workers.training.gathering import gathered

    async with store(settings) as redis:
        streams = Streams(redis, "evaluate")
        return await gathered(Archive(settings.archive_path), streams, Items(Pipe(redis)), now_us())


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in given:
        field, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not of the form FIELD=VALUE")
        found[field] = value
    return found


def table(report: "Report") -> Table:
    """Return the report for a terminal."""
    found = Table(
        title=f"{report.n_readers:,} readers, {report.n_events:,} events, {report.n_items:,} items, "
        f"divided at {from_us(report.cut_us):%Y-%m-%d %H:%M}",
        caption="± half of the 95 % interval; +: the feed is surely better, -: surely worse\n"
        f"{described(report)}",
        box=box.SIMPLE,
    )
    found.add_column("method", no_wrap=True)
    for name in (*_SHOWN, "coverage", "novelty", ""):
        found.add_column(name, justify="right")
    for s in report.methods:
        shown = [s.figures[name] for name in _SHOWN]
        cells = [f"{i.mean:.3f} ±{(i.high - i.low) / 2:.3f}" for i in shown]
        sign = "+" if s.difference.low > 0 else "-" if s.difference.high < 0 else ""
        found.add_row(s.method, *cells, f"{s.coverage:.3f}", f"{s.novelty:.1f}", sign)
    return found


def described(report: "Report") -> str:
    """Return what the figures were reached with, on two lines."""
    learn = report.trained_with
    return (
        f"trained with {learn.als.factors} factors, λ {learn.als.regularization:g}, "
        f"{learn.als.iterations} iterations, α {learn.confidence.alpha:g}\n"
        f"voices: {report.voices}"
    )


def attack_table(attacked: "list[Attacked]") -> Table:
    """Return what attacks did, for a terminal."""
    found = Table(
        title=f"{attacked[0].n_readers:,} honest readers, one item pushed by invented sessions",
        caption="reached: who has the item in their first 20 only because of the attack",
        box=box.SIMPLE,
    )
    for name in (
        "sessions per reader",
        "believed",
        "sessions",
        "reached",
        "best place",
        "recall@20",
    ):
        found.add_column(name, justify="right")
    for a in attacked:
        believed = "all alike" if a.is_credulous else "as set"
        best = "beyond 200" if a.best is None else str(a.best + 1)
        reached = f"{a.n_reached:,}"
        found.add_row(f"{a.share:g}", believed, f"{a.n_bots:,}", reached, best, f"{a.recall:.4f}")
    return found
