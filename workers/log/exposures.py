"""Exposures in files: which lists readers were served, a row for each, in Parquet.

A worker takes what gathered in the store, leaves out who was erased since, and writes one file for it. A
file is whole before its rows leave the store; who dies in between leaves rows in two files, and readers
of them count each once. Files go by age and by how much they take together. docs/exposures.md has the
table.
"""

import asyncio
import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import structlog

from recsvc import durable
from recsvc.clock import DAY_US, HOUR_US, SECOND_US, apart_us, from_us, now_us, to_us
from recsvc.store.log.exposures import MOST_PACKS, Exposure, ExposureLog, shown_in
from workers.log.archive import DAMAGE, scanned
from workers.log.params import ExposureFileParams

log = structlog.get_logger()

T = TypeVar("T")

EXPOSURES: dict[str, pl.DataType] = {
    "feed_id": pl.String(),
    "user": pl.String(),
    "at_us": pl.Int64(),
    "share": pl.Float64(),
    "variants": pl.List(pl.String),
    "source": pl.String(),
    "snapshot_id": pl.String(),
    "positions": pl.List(pl.Int32),
    "items": pl.List(pl.String),
    "voices": pl.List(pl.String),
    "propensities": pl.List(pl.Float64),
    "teams": pl.List(pl.Int8),
    "is_tried": pl.Boolean(),
    "took_us": pl.Int64(),
    "speakers": pl.List(pl.String),
    "points": pl.List(pl.Float32),
}

_MANY = MOST_PACKS // 8
_MB = 2**20
_DIGITS = 16
# The day and the beginning of the name of a file: when it was written.
_STEM = "%Y-%m-%d/%H%M%S-%f"
# So long a serving process may have exposures in hand, and a little more.
_IN_HAND_US = SECOND_US // 2
# So much later than it was served something may be in a file where the store was away, or clocks differ.
_LATE_US = HOUR_US


def table(exposures: Sequence[Exposure]) -> pl.DataFrame:
    """Return exposures as a table of `EXPOSURES`."""
    rows = []
    for one in exposures:
        shown = shown_in(one)
        teams = shown.teams or [None] * len(shown.items)
        what = (shown.positions, shown.items, shown.voices, shown.propensities, teams)
        whose = (one.feed_id, one.user, one.at_us, one.share, list(one.variants))
        points = np.frombuffer(shown.points, "<f4").tolist() if shown.points else None
        said = (list(shown.speakers), points) if points else (None, None)
        how = (shown.is_tried, one.took_us, *said)
        rows.append((*whose, shown.source, shown.snapshot_id, *what, *how))
    return pl.DataFrame(rows, schema=EXPOSURES, orient="row")


class ExposureFiles:
    """A folder of them, in a folder per day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> list[Path]:
        """Return the files, oldest first."""
        return sorted(self._folder.glob("*/*.parquet"))

    def began_us(self) -> int | None:
        """Return since when there may be exposures; None where there is no file."""
        first = next(iter(self.files()), None)
        if first is None:
            return None
        written = f"{first.parent.name}/{first.name.partition('.')[0]}"
        moment = datetime.strptime(written, _STEM).replace(tzinfo=UTC)
        return to_us(moment) - _LATE_US

    def scan(self, since_us: int = 0, until_us: int | None = None) -> pl.LazyFrame:
        """Return the exposures since an instant, and before another if one is given, each once."""
        found = [pl.LazyFrame(schema=EXPOSURES)]
        for file in self._about(since_us, until_us):
            with contextlib.suppress(FileNotFoundError):  # dropped this instant
                found.append(_fitting(scanned(file)))
        is_within = pl.col("at_us") >= since_us
        if until_us is not None:
            is_within &= pl.col("at_us") < until_us
        return pl.concat(found).filter(is_within).unique(["feed_id", "at_us"], maintain_order=True)

    def _about(self, since_us: int, until_us: int | None) -> Iterator[Path]:
        """Yield the files that may hold what was served in a stretch of time.

        A file holds what waited when it was written, unless a serving process could not tell before.
        """
        first = _stem(max(since_us - _LATE_US, 0))
        last = None if until_us is None else _stem(until_us + _LATE_US)
        for file in self.files():
            written = f"{file.parent.name}/{file.name}"
            if written >= first:
                yield file
                if last is not None and written > last:
                    return

    def write(self, exposures: pl.DataFrame, at_us: int) -> None:
        """Write one file, durable and whole when this returns."""
        day, when = _stem(at_us).split("/")
        _put(self._folder / day, when, exposures)

    def of(self, user: str) -> list[pl.DataFrame]:
        """Return a reader's exposures, file by file."""
        is_theirs = pl.col("user") == user
        return self.despite_damage(
            lambda: [_fitting(scanned(file)).filter(is_theirs).collect() for file in self.files()]
        )

    def despite_damage(self, read: Callable[[], T]) -> T:
        """Return what is read of the files; those that cannot be read are dropped, and it is read again.

        Only figures lack what is in them, while nobody could be erased from what nobody can read.
        """
        try:
            return read()
        except DAMAGE:
            for file in self.files():
                if not _is_whole(file):
                    log.error("exposure_file_damaged", file=str(file), outcome="dropped")
                    file.unlink()
            return read()

    def erase(self, until_us: Mapping[str, int]) -> dict[str, int]:
        """Write the files anew without what some readers were shown up to an instant, by reader.

        Returns:
            By reader, how many exposures went.
        """
        return self.despite_damage(lambda: self._erased(until_us))

    def _erased(self, until_us: Mapping[str, int]) -> dict[str, int]:
        erased = dict.fromkeys(until_us, 0)
        for unfinished in self._folder.glob("*/*.tmp"):
            unfinished.unlink()  # left by a process that was killed
        for file in self.files():
            users = scanned(file).select(pl.col("user").unique()).collect()["user"]
            if not users.is_in(list(until_us)).any():
                continue
            kept, gone = _parted(pl.read_parquet(file), until_us)
            for user, n in gone.group_by("user").len().iter_rows():
                erased[user] += n
            if gone.is_empty():
                continue
            if not kept.is_empty():
                _put(file.parent, file.stem.partition(".")[0], kept)
            file.unlink()
        return erased

    def drop(self, params: ExposureFileParams, at_us: int) -> int:
        """Drop what is too old, and the oldest of what is too much; return how many files went."""
        oldest = from_us(at_us - params.kept_days * DAY_US).strftime("%Y-%m-%d")
        left_bytes = params.megabytes * _MB
        n = 0
        for file in reversed(self.files()):
            left_bytes -= file.stat().st_size
            if left_bytes < 0 or (params.kept_days and file.parent.name < oldest):
                file.unlink()
                n += 1
                with contextlib.suppress(OSError):  # it holds more files
                    file.parent.rmdir()
        return n


class ExposureCollector:
    """Moves exposures from the store into files; at most one at a time, by the leader."""

    def __init__(
        self, waiting: ExposureLog, files: ExposureFiles, params: ExposureFileParams, every_s: float
    ) -> None:
        """Compose a collector.

        Args:
            every_s: how often a file is written; sooner where much waits.
        """
        self._waiting = waiting
        self._files = files
        self._params = params
        self._every_us = int(every_s * SECOND_US)
        self._last_us: int | None = None
        self._dropped_us = 0
        self._alone = asyncio.Lock()

    async def run_once(self, at_us: int) -> int:
        """Collect if it is time; return how many exposures were moved."""
        if self._last_us is None:
            self._last_us = at_us
        if apart_us(self._dropped_us, at_us) >= HOUR_US:  # also where nothing new comes
            await self._drop(at_us)
        n = await self._waiting.waiting()
        is_due = apart_us(self._last_us, at_us) >= self._every_us
        return await self.collect(at_us) if n and (is_due or n >= _MANY) else 0

    async def collect(self, at_us: int) -> int:
        """Move everything that waits; return how many exposures it was."""
        async with self._alone:
            self._last_us = at_us
            found, last = await self._waiting.read()
            if last is None:
                return 0
            exposures = table(found)
            erased_us = await self._waiting.erased_us(exposures["user"].unique().to_list())
            kept, _ = _parted(exposures, erased_us)
            if not kept.is_empty():
                await asyncio.to_thread(self._files.write, kept, at_us)
            await self._waiting.forget_until(last)
        await self._drop(at_us)
        log.info("exposures_collected", n=kept.height)
        return kept.height

    async def _drop(self, at_us: int) -> None:
        self._dropped_us = at_us
        async with self._alone:
            await asyncio.to_thread(self._files.drop, self._params, at_us)

    async def erase(self, users: Sequence[str]) -> dict[str, int]:
        """Erase what readers were shown before they asked for it, in hand or not; return how much."""
        until_us = await self._waiting.erased_us(users)
        left_us = max(until_us.values(), default=0) + _IN_HAND_US - now_us()
        if 0 < left_us <= _IN_HAND_US:
            await asyncio.sleep(left_us / SECOND_US)
        await self.collect(now_us())
        async with self._alone:
            return await asyncio.to_thread(self._files.erase, until_us)

    async def of(self, user: str) -> list[pl.DataFrame]:
        """Return what a reader was shown, in files or not yet."""
        async with self._alone:
            waiting, _ = await self._waiting.read()
            tables = await asyncio.to_thread(self._files.of, user)
        return [*tables, table([one for one in waiting if one.user == user])]


def _parted(
    exposures: pl.DataFrame, until_us: Mapping[str, int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what stays and what goes of exposures when some readers are erased."""
    schema = {"user": pl.String, "until_us": pl.Int64}
    cuts = pl.DataFrame(list(until_us.items()), schema=schema, orient="row")
    told = exposures.join(cuts, on="user", how="left", maintain_order="left")
    goes = (pl.col("at_us") <= pl.col("until_us")).fill_null(value=False)
    return told.filter(~goes).drop("until_us"), told.filter(goes).drop("until_us")


def _fitting(found: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a file holds as it would be written now, one of a former release too."""
    return found.match_to_schema(EXPOSURES, missing_columns="insert", extra_columns="ignore")


def _stem(at_us: int) -> str:
    """Return the day and the beginning of the name of a file that is written at an instant."""
    return from_us(at_us).strftime(_STEM)


def _put(folder: Path, when: str, exposures: pl.DataFrame) -> None:
    """Write a file that is named after its content, too: so it is known whether it still is that."""
    content = io.BytesIO()
    exposures.write_parquet(content, compression="zstd")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{when}.{_digest(content.getvalue())}.parquet"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(content.getbuffer())
    durable.replace(path, by=unfinished)


def _is_whole(file: Path) -> bool:
    return file.stem.endswith(f".{_digest(file.read_bytes())}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
