"""The plan: which mails are due soon, and what is in them; nothing is sent or changed."""

import sys
from datetime import datetime

import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.cli.mail_store import MailStore, opened_mail
from recsvc.clock import from_us, now_us
from recsvc.core.mail.schedule import latest_slot
from recsvc.core.mail.subscription import masked
from recsvc.mail.composing import Composer
from recsvc.settings import Settings

_PIPED_COLUMNS = 160


class Planned(msgspec.Struct, frozen=True):
    """One mail of the plan."""

    at: datetime
    zone: str
    address: str
    cadence: str
    n_items: int
    subject: str


async def show_plan(settings: Settings, within_us: int, limit: int) -> None:
    """Print the mails due from now on, the earliest first."""
    async with opened_mail(settings) as mail, mail.composer() as composing:
        now = now_us()
        jobs = await mail.deliveries.planned(0, now + within_us, limit)
        found = [await _planned(mail, composing, job, max(at, now)) for job, at in jobs]
        rows = [row for row in found if row is not None]
    width = None if sys.stdout.isatty() else _PIPED_COLUMNS
    Console(width=width).print(_table(rows) if rows else "nothing is due")


async def _planned(mail: MailStore, composing: Composer, job: str, at_us: int) -> Planned | None:
    """Return what a job would send at an instant; None when nobody wants it any more."""
    kind, _, name = job.partition(":")
    if kind == "c":
        pending = await mail.subscriptions.pending(name)
        if pending is None:
            return None
        address = masked(pending.email)
        return Planned(from_us(at_us), "UTC", address, "once", 0, "asks for confirmation")
    subscription = await mail.subscriptions.get(name)
    if subscription is None:
        return None
    rhythm = subscription.preferences.rhythm
    mailed = await mail.deliveries.mailed(name, at_us)
    made = await composing.compose(subscription, latest_slot(rhythm, at_us).day, mailed, at_us)
    return Planned(
        from_us(at_us).astimezone(rhythm.zone),
        subscription.preferences.timezone,
        masked(subscription.email),
        subscription.preferences.cadence,
        len(made.entries),
        mail.letters.rendered(subscription, made).subject if made.parts else "nothing to send",
    )


def _table(rows: list[Planned]) -> Table:
    table = Table("local time", "zone", "address", "cadence", "items", "subject")
    for row in rows:
        at = f"{row.at:%a %Y-%m-%d %H:%M}"
        table.add_row(at, row.zone, row.address, row.cadence, str(row.n_items), row.subject)
    return table
