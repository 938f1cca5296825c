"""`recsvc doctor`: looks at a deployment from its own machine, and says what to do.

Each examination looks at one thing and says what it found. What is wrong stops something; what is worth
a word stops nothing yet.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal, NamedTuple

import click
import msgspec

from recsvc.cli.health import readiness, worker_problem
from recsvc.clock import now_us
from recsvc.core import compiled
from recsvc.errors import RecsvcError, StoreUnavailableError
from recsvc.logs import configure
from recsvc.settings import Settings, from_environment
from recsvc.store import policy
from recsvc.store.access import wrapping
from recsvc.store.access.credentials import Credentials
from recsvc.store.bundled import mended_problem
from recsvc.store.clock import follow_clock, skew_problem
from recsvc.store.connection import Redis, connect
from recsvc.store.pipe import Pipe

_TIMEOUT_S = 4.0
_GB = 1e9


class Finding(NamedTuple):
    """What one examination found."""

    mark: Literal["ok", "note", "wrong"]
    said: str


class _Readiness(msgspec.Struct):
    problems: list[str]


class _Patient(NamedTuple):
    settings: Settings
    redis: Redis


Examination = Callable[[_Patient], Awaitable[Finding]]


@click.command()
def doctor() -> None:
    """Look at the whole deployment and say what to do; exit with 1 if anything is wrong."""
    settings = from_environment()
    configure("auto", "error")
    is_well = asyncio.run(_examined(settings))
    sys.exit(0 if is_well else 1)


async def _examined(settings: Settings) -> bool:
    """Print every finding as it comes; return whether nothing is wrong."""
    is_well = True
    async for name, found in findings(settings):
        is_well &= found.mark != "wrong"
        click.echo(f"{found.mark:6}{name:9}{found.said}")
    return is_well


async def findings(settings: Settings) -> AsyncIterator[tuple[str, Finding]]:
    """Yield what each examination found, by its name; one that fails has found just that."""
    wrapping.use(settings.wrapping_key)
    compiled.use(is_wanted=settings.compiled)
    patient = _Patient(settings, connect(settings.store_url, timeout_s=_TIMEOUT_S))
    try:
        for name, examination in _EXAMINATIONS.items():
            try:
                found = await examination(patient)
            except StoreUnavailableError as exc:
                found = Finding("note", "not looked at, as the store does not answer")
                if name == "store":
                    found = Finding("wrong", str(exc))
            except (RecsvcError, OSError) as exc:
                found = Finding("wrong", str(exc))
            yield name, found
    finally:
        await patient.redis.aclose()


async def _folder(patient: _Patient) -> Finding:
    from workers.disk import disk_problem

    folder = patient.settings.data_path
    if not folder.is_dir():
        return Finding("note", f"{folder.absolute()} is not there; the first start makes it")
    if (problem := disk_problem(folder)) is not None:
        return Finding("wrong", problem)
    if folder.stat().st_mode & 0o077:
        return Finding("wrong", f"{folder.absolute()} is open to other users: chmod 700 it")
    free = shutil.disk_usage(folder).free / _GB
    return Finding("ok", f"{folder.absolute()}, {free:.1f} GB free")


async def _kernels(_: _Patient) -> Finding:
    what, why = compiled.which()
    if what == "compiled":
        return Finding("ok", "compiled kernels compute feeds")
    return Finding("note", f"numpy computes feeds, slower: {why}")


async def _store(patient: _Patient) -> Finding:
    if patient.settings.is_bundled and not patient.settings.data_path.is_dir():
        return Finding("note", "the bundled one; the first start makes it")
    risk = await policy.check(patient.redis)
    if (problem := mended_problem(patient.settings.data_path)) is not None:
        return Finding("wrong", problem)
    which = "the bundled one" if patient.settings.is_bundled else "the one of RECSVC_REDIS_URL"
    return (
        Finding("note", risk) if risk else Finding("ok", f"{which} answers and keeps what it takes")
    )


async def _clock(patient: _Patient) -> Finding:
    await follow_clock(patient.redis)
    problem = skew_problem()
    return Finding("wrong", problem) if problem else Finding("ok", "as the store's")


async def _api(patient: _Patient) -> Finding:
    url = patient.settings.local_url
    code, said = await asyncio.to_thread(readiness, url)
    if not code:
        return Finding("wrong", f"{url} does not answer ({said}): is `recsvc up` running?")
    try:
        problems = msgspec.json.decode(said, type=_Readiness).problems
    except msgspec.MsgspecError:
        return Finding("wrong", f"{url} is answered by something else: is RECSVC_PORT another's?")
    if problems:
        return Finding("wrong", "; ".join(problems))
    return Finding("ok", f"{url} answers, without a problem")


async def _worker(patient: _Patient) -> Finding:
    problem = await worker_problem(patient.redis)
    return Finding("wrong", problem) if problem else Finding("ok", "at work")


async def _keys(patient: _Patient) -> Finding:
    settings = patient.settings
    found = await Credentials(Pipe(patient.redis)).all(now_us())
    if found:
        return Finding("ok", f"{len(found)} in force")
    if settings.is_local:
        return Finding("note", "none: only this machine is served, and you are its owner")
    if settings.admission.is_insecure:
        return Finding("wrong", "none, and RECSVC_INSECURE: anybody who reaches it can do anything")
    return Finding("wrong", "none: make one with `recsvc keys create secret`")


async def _address(patient: _Patient) -> Finding:
    settings = patient.settings
    if not settings.public_url:
        mark: Literal["ok", "wrong"] = "ok" if settings.is_local else "wrong"
        return Finding(mark, f"links lead to {settings.site_url}; RECSVC_PUBLIC_URL names another")
    if settings.public_url.startswith("http:") and not settings.is_local:
        return Finding("note", f"{settings.public_url}: cookies and keys travel in the clear")
    return Finding("ok", settings.public_url)


async def _mail(patient: _Patient) -> Finding:
    from workers.mail.smtp import SmtpRelay

    smtp = patient.settings.smtp
    if not smtp.host:
        return Finding("note", f"no relay: mails go to {patient.settings.outbox_path}")
    where = f"{smtp.host}:{smtp.port}"
    problem = await SmtpRelay(msgspec.structs.replace(smtp, timeout_s=_TIMEOUT_S)).unreached()
    if problem:
        return Finding("wrong", f"{where} takes no mail: {problem} (RECSVC_SMTP_*)")
    return Finding("ok", f"{where} takes mail")


async def _archive(patient: _Patient) -> Finding:
    from workers.log import manifest
    from workers.log.archive import Archive

    folder = patient.settings.archive_path
    if not folder.is_dir():
        return Finding("note", "none yet")
    archive = Archive(folder)
    gaps = await asyncio.to_thread(archive.gaps)
    if gaps:
        named = manifest.named(gaps, 5)
        return Finding("wrong", f"{named}: put them back from a backup (recsvc archive verify)")
    return Finding("ok", f"{archive.count()} events, every file there")


_EXAMINATIONS: dict[str, Examination] = {
    "folder": _folder,
    "kernels": _kernels,
    "store": _store,
    "clock": _clock,
    "api": _api,
    "worker": _worker,
    "keys": _keys,
    "address": _address,
    "mail": _mail,
    "archive": _archive,
}
