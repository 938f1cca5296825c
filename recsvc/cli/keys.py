"""`recsvc keys`: credentials from the command line, whether the service runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.access import tokens
from recsvc.cli.context import Without, store
from recsvc.clock import HOUR_S, from_us, now_us, to_us
from recsvc.core.access.caller import Scope
from recsvc.core.access.origins import parse_origin
from recsvc.errors import NotFoundError
from recsvc.settings import Settings, from_environment
from recsvc.store.access.credentials import Credential, CredentialKind, Credentials, NewCredential
from recsvc.store.pipe import Pipe

T = TypeVar("T")


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke keys.

    A key is shown once. Every process follows within two seconds.
    """


@keys.command()
@click.argument("kind", type=click.Choice([k.value for k in CredentialKind]))
@click.option("--name", default="", help="For people.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([s.value for s in Scope]),
              help="Of a secret key, repeatable; none means everything.")  # fmt: skip
@click.option("--origin", "origins", multiple=True,
              help="Of a publishable key, repeatable; e.g. https://papers.example.org.")  # fmt: skip
@click.option("--until", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
              help="When it ends: as a day begins (UTC), or an instant with its zone.")  # fmt: skip
def create(
    kind: CredentialKind,
    name: str,
    scopes: tuple[Scope, ...],
    origins: tuple[str, ...],
    until: datetime | None,
) -> None:
    """Make a key: a secret one for servers, a publishable one for pages, or a signing secret."""
    wanted = NewCredential(
        CredentialKind(kind),
        name,
        tuple(Scope(scope) for scope in dict.fromkeys(scopes)),
        tuple(dict.fromkeys(parse_origin(origin) for origin in origins)),
        None if until is None else to_us(until if until.tzinfo else until.replace(tzinfo=UTC)),
    )
    made, shown = _with_store(lambda found: found.create(wanted, now_us()), without="make")
    _show_once(made, shown)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List the keys that count, without what is secret of them."""
    found = _with_store(lambda credentials: credentials.all(now_us()))
    if as_json:
        click.echo(msgspec.json.encode([_told(c) for c in found]).decode())
        return
    table = Table("id", "kind", "name", "reaches", "created", "ends")
    for c in found:
        table.add_row(
            c.id,
            c.kind,
            c.name,
            " ".join(c.scopes or c.origins),
            _minute(c.created_us),
            "" if c.expires_us is None else _minute(c.expires_us),
        )
    Console().print(table)


@keys.command()
@click.argument("key_id")
@click.option("--overlap-hours", type=click.FloatRange(0, 90 * 24), default=24.0, show_default=True,
              help="How long the old one goes on counting.")  # fmt: skip
def rotate(key_id: str, overlap_hours: float) -> None:
    """Make a key like KEY_ID, which ends after the overlap."""
    made, shown = _with_store(lambda found: found.rotate(key_id, overlap_hours * HOUR_S, now_us()))
    _show_once(made, shown)


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End KEY_ID at once."""
    _with_store(lambda found: found.revoke(key_id))
    click.echo(f"{key_id} is revoked")


@keys.command()
@click.argument("user")
@click.option("--minutes", type=click.IntRange(1, tokens.MAX_LIFETIME_S // 60), default=60,
              show_default=True, help="How long it is to last.")  # fmt: skip
def token(user: str, minutes: int) -> None:
    """Print a user token for USER, as the host's server would make it, for trying out."""
    settings = from_environment()
    found = _with_store(lambda credentials: credentials.all(now_us()), settings)
    secrets = [c.secret for c in found if c.secret is not None]
    if not secrets:
        raise NotFoundError("there is no signing secret; `recsvc keys create signing` makes one")
    audience = settings.admission.audience
    click.echo(tokens.mint(secrets[-1], user, audience, now_us(), minutes * 60))


def _with_store(
    act: Callable[[Credentials], Awaitable[T]],
    settings: Settings | None = None,
    without: Without = "refuse",
) -> T:
    async def run() -> T:
        async with store(settings or from_environment(), without) as redis:
            return await act(Credentials(Pipe(redis)))

    return asyncio.run(run())


def _show_once(made: Credential, shown: str) -> None:
    """Print the key alone to stdout, so that it can be piped, and the rest beside it."""
    click.echo(f"{made.kind} key {made.id}; this is the only time it is shown:", err=True)
    click.echo(shown)


def _told(credential: Credential) -> dict[str, object]:
    return {
        "id": credential.id,
        "kind": credential.kind,
        "name": credential.name,
        "scopes": credential.scopes,
        "origins": credential.origins,
        "created_at": from_us(credential.created_us),
        "expires_at": _moment(credential.expires_us),
    }


def _moment(instant_us: int | None) -> datetime | None:
    return None if instant_us is None else from_us(instant_us)


def _minute(instant_us: int) -> str:
    return from_us(instant_us).strftime("%Y-%m-%d %H:%MZ")
