"""`recsvc health`: whether this machine's part of the service works, for containers and scripts."""

import asyncio
import sys
from http import HTTPStatus

import click
import httpx

from recsvc.clock import SECOND_US, now_us
from recsvc.settings import Settings, from_environment
from recsvc.store import keys
from recsvc.store.bundled import served_at
from recsvc.store.connection import Redis, connect, translated
from recsvc.store.heartbeat import is_silent


@click.command()
@click.option("--worker", is_flag=True, help="Ask for a worker's sign of life instead of HTTP.")
def health(worker: bool) -> None:
    """Exit with 0 if the service works, with 1 if not, and say what ails it."""
    settings = from_environment()
    problem = asyncio.run(_worker_problem(settings)) if worker else _api_problem(settings)
    click.echo(problem or "ok")
    sys.exit(1 if problem else 0)


def _api_problem(settings: Settings) -> str | None:
    # Where the service of this folder says that it serves, whatever is set here.
    address = served_at(settings.data_path) or settings.local_url
    code, said = readiness(address)
    return None if code == HTTPStatus.OK else f"{address}: {code or ''} {said[:300]}"


def readiness(address: str) -> tuple[int, str]:
    """Return what readiness answers at an address: code and text; 0 and why where nobody answers."""
    try:
        # Not through a proxy that the environment names: this is about this very machine.
        answer = httpx.get(f"{address}/health/ready", timeout=4, trust_env=False)
    except httpx.HTTPError as exc:
        return 0, str(exc)
    return answer.status_code, answer.text


async def _worker_problem(settings: Settings) -> str | None:
    redis = connect(settings.store_url, timeout_s=3.0)
    try:
        return await worker_problem(redis)
    finally:
        await redis.aclose()


async def worker_problem(redis: Redis) -> str | None:
    """Return what ails the worker; None if it gives signs of life.

    Raises:
        StoreUnavailableError: when the store, which knows, does not answer.
    """
    with translated():
        beat = await redis.get(keys.WORKER)
    if beat is None:
        return "no worker has given a sign of life"
    now, beat_us = now_us(), int(beat)
    away_s = (now - beat_us) / SECOND_US
    return f"no sign of life for {away_s:.0f} s" if is_silent(beat_us, now) else None
