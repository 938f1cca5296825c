"""`recsvc people`: all that is kept of somebody, and its end, from the command line."""

import asyncio
from typing import BinaryIO

import click
import msgspec

from recsvc.cli.context import store
from recsvc.clock import now_us
from recsvc.errors import InvalidError
from recsvc.mail.recipients import person
from recsvc.settings import Settings, from_environment
from recsvc.store.access.signatures import signatures
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.exports import Exports


@click.group()
def people() -> None:
    """Export or erase somebody: a reader, or a subscriber who may be none."""


@people.command("export")
@click.option("--user", help="Id of the reader.")
@click.option("--email", help="Address of the subscriber.")
@click.option("--output", type=click.File("wb"), default="-", help="Where to.")
def export_command(user: str | None, email: str | None, output: BinaryIO) -> None:
    """Write everything stored of somebody, a JSON object per line; the service must run.

    Without the last line, of type `end`, it is not all.
    """
    asyncio.run(_export(from_environment(), user, email, output))


@people.command()
@click.option("--user", help="Id of the reader.")
@click.option("--email", help="Address of the subscriber.")
def erase(user: str | None, email: str | None) -> None:
    """Erase somebody, and print the erasure: a running worker carries it out, or the next one."""
    click.echo(asyncio.run(_erase(from_environment(), user, email)))


async def _export(
    settings: Settings, user: str | None, email: str | None, output: BinaryIO
) -> None:
    async with store(settings) as redis:
        pipe = Pipe(redis)
        exports = Exports(pipe)
        asked = await exports.request(await _named(pipe, user, email), now_us())
        async for piece in exports.read(asked):
            output.write(piece)


async def _erase(settings: Settings, user: str | None, email: str | None) -> str:
    async with store(settings) as redis:
        pipe = Pipe(redis)
        proof = await Erasures(pipe).request(await _named(pipe, user, email), now_us())
    return msgspec.json.encode({"id": proof.id, "state": proof.state}).decode()


async def _named(pipe: Pipe, user: str | None, email: str | None) -> str:
    """Return the name by which somebody is exported and erased.

    Raises:
        InvalidError: when it is not exactly one, or no address.
    """
    if (user is None) == (email is None):
        raise InvalidError("name a --user or an --email")
    if user is not None:
        return user
    return person(await signatures(pipe), email or "")
