"""`recsvc digest`: see mails before they are sent, send what is due, take bounces."""

import asyncio
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from recsvc.cli.context import store
from recsvc.cli.digest_plan import show_plan
from recsvc.cli.mail_store import MailStore, opened_mail
from recsvc.clock import HOUR_US, from_us, now_us, rfc3339
from recsvc.core.mail.subscription import Subscription, masked
from recsvc.errors import NotFoundError
from recsvc.mail.bounces import Bounces
from recsvc.mail.composing import Digest
from recsvc.mail.troubles import mail_problems
from recsvc.settings import Settings, from_environment


@click.group()
def digest() -> None:
    """Mails to subscribers; docs/email.md says how they work."""


@digest.command()
@click.argument("who", metavar="USER|EMAIL")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("digest-preview.eml"),
    help="Where to: .eml is the whole mail, .html and .txt are its forms.",
)
def preview(who: str, output: Path) -> None:
    """Write the mail that a subscriber or a reader would get now to a file."""
    subject = asyncio.run(_preview(from_environment(), who, output))
    click.echo(f"{output}: {subject}")


@digest.command()
@click.option("--dry-run", is_flag=True, help="Show the plan and send nothing.")
@click.option(
    "--within", type=click.FloatRange(0, 24 * 8), default=24.0, help="Hours the plan looks ahead."
)
@click.option("--limit", type=click.IntRange(1), default=50, help="Mails the plan shows.")
def send(dry_run: bool, within: float, limit: int) -> None:
    """Send what is due and end; a running worker does the same all the time."""
    settings = from_environment()
    if dry_run:
        asyncio.run(show_plan(settings, int(within * HOUR_US), limit))
    else:
        click.echo(f"{asyncio.run(_send(settings))} done")


@digest.command()
def status() -> None:
    """Say how many subscribe and what became of their mails."""
    click.echo(msgspec.json.encode(asyncio.run(_status(from_environment()))).decode())


@digest.command()
@click.argument("report", type=click.File("rb"), default="-")
def bounce(report: BinaryIO) -> None:
    """Take a report of a mail that was not delivered from REPORT or standard input.

    An address at which nothing will ever arrive gets no more mail.
    """
    click.echo(asyncio.run(_bounce(from_environment(), report.read())))


async def _preview(settings: Settings, who: str, output: Path) -> str:
    async with opened_mail(settings) as mail, mail.composer() as composing:
        subscription = await mail.subscription_of(who)
        now = now_us()
        day = from_us(now).astimezone(subscription.preferences.rhythm.zone).date()
        mailed = await mail.deliveries.mailed(subscription.id, now)
        made = await composing.compose(subscription, day, mailed, now)
    if not made.parts:
        raise NotFoundError("there is nothing to send: on a day like this no mail is sent")
    return await asyncio.to_thread(_write, mail, subscription, made, now, output)


def _write(
    mail: MailStore, subscription: Subscription, made: Digest, now: int, output: Path
) -> str:
    rendered = mail.letters.rendered(subscription, made)
    forms = {".html": rendered.html, ".txt": rendered.text}
    if output.suffix in forms:
        output.write_text(forms[output.suffix], encoding="utf-8")
    else:
        written = mail.letters.digest(subscription, made, now)
        output.write_bytes(b"" if written.letter is None else written.letter.content)
    return rendered.subject


async def _send(settings: Settings) -> int:
    from workers.digest import opened

    total = 0
    async with store(settings), opened(settings) as running:
        while n := await running.run_once():
            total += n
        await running.rest()
    return total


async def _status(settings: Settings) -> dict[str, object]:
    async with opened_mail(settings) as mail:
        figures = await mail.deliveries.figures()
        last_us = figures.pop("last_sent_us", None)
        trouble = await mail.deliveries.trouble()
        suspended = [s.id async for s in mail.subscriptions.all() if s.suspended]
        return {
            "subscriptions": await mail.subscriptions.count(),
            "suspended": len(suspended),
            "due": await mail.deliveries.count_due(now_us()),
            "last_sent_at": None if last_us is None else rfc3339(last_us),
            "mails": figures,
            "last_trouble_at": {name: rfc3339(at) for name, at in trouble.last_us.items()},
            "left_out": trouble.left_out,
            "shown_plainly": trouble.plain,
            "problems": await mail_problems(mail.deliveries, now_us()),
        }


async def _bounce(settings: Settings, report: bytes) -> str:
    async with opened_mail(settings) as mail:
        known = await Bounces(mail.subscriptions, mail.links).take(report, now_us())
    if known is None:
        return "nothing to do"
    return f"{masked(known.email)} is {'suspended' if known.suspended else 'still sent to'}"
