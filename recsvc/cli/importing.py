"""`recsvc import`: items, events and readers' libraries from files."""

import asyncio
import sys
from datetime import date

import click
import msgspec

from recsvc.cli.context import store
from recsvc.cli.demo import foretell_removal, remove_demo
from recsvc.cli.piped import at_hand
from recsvc.cli.reporting import progress, report
from recsvc.clock import now_us
from recsvc.errors import InvalidError, UnknownFormatError
from recsvc.intake import Intake, IntakeParams
from recsvc.intake.summary import Summary
from recsvc.settings import Settings, from_environment
from recsvc.sources.formats import LIBRARIES, recognised
from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import Happened, Options, Source
from recsvc.store.connection import Redis
from recsvc.store.items.imports import Imports
from recsvc.store.pipe import Pipe


class _Group(click.Group):
    """Takes files unless the first word is the name of a subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Send what is no subcommand to `files`."""
        if args and args[0] not in self.commands and args[0] not in self.get_help_option_names(ctx):
            args = ["files", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of files too: `files` is what is meant where no subcommand is named."""
        files = self.commands["files"]
        found = [one.get_help_record(ctx) for one in files.get_params(ctx)]
        with formatter.section("Options for files"):
            formatter.write_dl([one for one in found if one is not None])
        super().format_commands(ctx, formatter)


@click.group(
    "import",
    cls=_Group,
    no_args_is_help=True,
    subcommand_metavar="FILE... [OPTIONS] | COMMAND [ARGS]...",
)
def import_command() -> None:
    """Bring papers, events and readers' libraries into the catalogue.

    `recsvc import FILE...` reads files, whose format is recognised by their content; the commands below
    fetch from the archives themselves. Docs: docs/importing.md.
    """


def intake_options(command: click.decorators.FC) -> click.decorators.FC:
    """Add the options that every import has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        click.option(
            "--keep-demo", is_flag=True, help="Leave the demo in, which goes when real data comes."
        ),
        click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing."),
    ):
        command = option(command)
    return command


@import_command.command("files")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--year", type=click.IntRange(1900, 2200), help="Year of dates that name none.")
@click.option("--page-date", metavar="YYYY-MM-DD", help="Date of the page, where it names none.")
@click.option(
    "--reader", metavar="USER", help="Whose library it is: its papers are saved for them."
)
@click.option("--add-items", is_flag=True, help="Add a library's papers that are not known.")
@click.option(
    "--columns",
    "names",
    metavar="FIELD,FIELD,...",
    help="Of a table without a header: what its columns hold, `-` for what is not read.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Of a table: which column holds a field.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Of a table: what a field is in every row.",
)
@click.option(
    "--kind", "kinds", multiple=True, metavar="THEIRS=OURS", help="What a kind of event means."
)
@click.option("--encoding", metavar="NAME", help="Of files that are not UTF-8.")
@click.option("--again", is_flag=True, help="Read events of files that were imported before.")
@intake_options
def files_command(
    files: tuple[str, ...],
    year: int | None,
    page_date: str | None,
    reader: str | None,
    add_items: bool,
    names: str | None,
    columns: tuple[str, ...],
    constants: tuple[str, ...],
    kinds: tuple[str, ...],
    encoding: str | None,
    again: bool,
    keep_demo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring in what FILES hold, whether the service runs or not.

    The format is recognised by the content; `-` is standard input. Importing the same files again
    changes nothing. The exit code is 1 when anything was not understood.
    """
    settings = from_environment()
    options = Options(
        year,
        None if page_date is None else _date(page_date, "--page-date").isoformat(),
        settings.timezone,
        _pairs(columns, "--column"),
        _pairs(constants, "--set"),
        _pairs(kinds, "--kind"),
        settings.gorse_types(),
        tuple(name.strip() for name in (names or "").split(",") if name.strip()),
    )
    params = intake_params(settings, dry_run=dry_run, reader=reader, add_items=add_items)
    if not again:
        from workers.log.archive import Archive

        params = msgspec.structs.replace(params, archived=Archive(settings.archive_path).known)
    with at_hand(files) as named:
        try:
            # Every file is recognised before anything is written: an unknown one changes nothing.
            found = [
                one
                for path, name in named
                for one in recognised(path, options, encoding or "", name)
            ]
            _check_libraries(found, reader, add_items)
        except UnknownFormatError as exc:
            click.echo(f"recsvc: {exc}; nothing was written", err=True)
            sys.exit(1)
        summary = asyncio.run(_import(settings, found, options, params, again, keep_demo))
    report(summary, dry_run, as_json)


def intake_params(
    settings: Settings, *, dry_run: bool, reader: str | None = None, add_items: bool = False
) -> IntakeParams:
    """Return how records are taken in."""
    return IntakeParams(
        settings.kinds,
        settings.log,
        settings.lists.trending,
        dry_run,
        reader,
        add_items,
    )


async def _import(
    settings: Settings,
    found: list[tuple[Source, Content]],
    options: Options,
    params: IntakeParams,
    again: bool,
    keep_demo: bool,
) -> Summary:
    async with store(settings, "borrow" if params.dry_run else "make") as redis:
        if not keep_demo:
            params = await make_way(redis, params)
        pipe = Pipe(redis)
        intake, imports = Intake(pipe, params), Imports(pipe)
        await intake.load()
        with progress() as bar:
            reading = bar.add_task("files", total=len(found))
            writing = bar.add_task("papers", total=None, visible=False)
            intake.items.on_progress = lambda done, waiting: bar.update(
                writing, completed=done, total=done + waiting, visible=True
            )
            finished = []
            for source, content in found:
                digest = _digest(content, options)
                is_known = not again and await imports.knows(digest)
                if await _read(intake, source, content, options, is_known):
                    finished.append(digest)
                bar.advance(reading)
            summary = await intake.finish()
        if not params.dry_run:
            for digest in finished:
                await imports.add(digest, now_us())
        return summary


async def make_way(redis: Redis, params: IntakeParams) -> IntakeParams:
    """Take the demo out for what comes, or say that it would go; return how that is to be taken in."""
    if params.dry_run:
        return msgspec.structs.replace(params, gone=await foretell_removal(redis))
    await remove_demo(redis)
    return params


async def _read(
    intake: Intake, source: Source, content: Content, options: Options, is_known: bool
) -> bool:
    """Take in all that a file holds; return whether there were events in it."""
    had_events = False
    try:
        for record in source.read(content, options):
            had_events = had_events or isinstance(record, Happened)
            await intake.take(record, source, known_events=is_known)
    except UnknownFormatError as exc:  # text to the end of its head, and then no longer
        intake.summary.complain(Problem(content.file, 0, str(exc)))
    if content.damage is not None:
        intake.summary.complain(Problem(content.file, 0, content.damage))
    return had_events


def _digest(content: Content, options: Options) -> str:
    """Return what tells a file, read in this way, from any other."""
    way: list[object] = [options.columns, options.constants, options.kinds]
    if options.names:
        way.append(options.names)
    return content.digest() + msgspec.json.encode(way).decode()


def _check_libraries(
    found: list[tuple[Source, Content]], reader: str | None, add_items: bool
) -> None:
    """Refuse a library that nobody said whose it is.

    Raises:
        UnknownFormatError: naming the file.
    """
    for source, content in found:
        if source in LIBRARIES and reader is None and not add_items:
            raise UnknownFormatError(
                f"{content.file} is a reader's library ({source.NAME}): say whose with --reader USER, "
                "or add its papers to the catalogue with --add-items"
            )


def _pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise InvalidError(f"{option}: {text!r} is not of the form NAME=VALUE")
        pairs[name] = value
    return pairs


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError(f"{option}: {text!r} is not a date (YYYY-MM-DD)") from None
