"""Instants as they are given to commands: a day, or a second of it, in UTC."""

from datetime import UTC, datetime

import click

from recsvc.clock import to_us

INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


def utc_us(given: datetime) -> int:
    """Return one of `INSTANT` in µs since 1970."""
    return to_us(given.replace(tzinfo=UTC))
