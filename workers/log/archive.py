"""The archive: the event log in Parquet files, and how much of it has left Redis.

A run writes what is on the boards and not yet archived to one new file, makes it durable and visible
by a rename, and only then trims the streams. The files themselves say how far each shard is archived,
and of which epoch. A crash between rename and trim leaves entries in both places: the next start trims
them once it found them in a file, and readers count them once. An entry is known by its id and content,
since stores of two epochs may give out the same id.
"""

import contextlib
import hashlib
import io
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import polars as pl
import structlog

from recsvc import durable
from recsvc.alone import alone
from recsvc.clock import from_us
from recsvc.core.fitting import UNREADABLE
from recsvc.core.readers.events import Entry
from recsvc.store.entry_ids import EntryId, parse
from recsvc.store.log.epochs import FORMER
from recsvc.store.log.streams import Logged
from workers.log import manifest
from workers.log.manifest import Listed, State
from workers.log.schema import SCHEMA

log = structlog.get_logger()

_RANGES = "recsvc.ranges"
_EPOCH = "recsvc.epoch"
_THINNED = "recsvc.thinned"

DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What reading a file raises that is not what it was."""

IDENTITY = ["shard", "entry_ms", "entry_seq", "user", "item", "kind", "at_us", "received_us"]
"""What makes an entry: an id alone is given out again by a store that was emptied."""


class Content(msgspec.Struct, frozen=True):
    """What a file says of itself.

    Attributes:
        n: entries.
        epoch: the log that they are of.
        until: the last entry of each shard that it covers.
        span_ms: the first and the last millisecond of its entries; None without any.
    """

    n: int
    epoch: str
    until: dict[int, EntryId]
    span_ms: tuple[int, int] | None


def table(logged: Iterable[tuple[int, Logged, Entry]]) -> pl.DataFrame:
    """Return entries of the log as a table of `SCHEMA`."""
    rows = [
        (
            shard,
            *parse(entry.entry_id),
            event.user,
            event.item,
            event.kind,
            event.at_us,
            event.received_us,
            event.event_id,
            event.feed_id,
            event.position,
            event.value_milli,
            event.source,
            event.trust,
            event.network,
        )
        for shard, entry, event in logged
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


class Archive:
    """A folder of Parquet files, one per run, in a folder per day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[Path, int], Content] = {}
        self._sound: dict[tuple[str, int, int, tuple[str, str]], bool] = {}
        self._is_doubted = False

    def files(self) -> list[Path]:
        """Return the files that are whole, oldest first; each is read once to find that out."""
        listed = manifest.read(self._folder)
        return [path for path in self._present() if self._is_sound(path, listed)]

    def doubt(self) -> None:
        """Forget what was found whole, as some of it could not be read: a disk's fault changes no time.

        From then on a file is whole if it is as listed *and* can be read to its end.
        """
        self._sound, self._known, self._is_doubted = {}, {}, True

    def scrub(self, rng: random.Random) -> None:
        """Forget of one file that it was found whole: bytes turn without any reading of them failing."""
        if self._sound:
            self._sound.pop(rng.choice(list(self._sound)), None)

    def alone(self) -> AbstractContextManager[bool]:
        """Hold the archive, so that nobody else writes files or takes entries out of the store.

        Whether that worked is what is given: somebody else may hold it.
        """
        return alone(self._folder / "lock")

    def listed(self) -> dict[str, Listed]:
        """Return the files that the manifest lists as whole, by name."""
        known = manifest.read(self._folder)
        return {name: listed for name, listed in known.items() if listed.state is State.OK}

    def survey(self) -> dict[str, State]:
        """Return how each file is, listed or present."""
        listed = manifest.read(self._folder)
        found = dict.fromkeys(listed, State.MISSING)
        found |= {name: State.DAMAGED for name in listed if (self._aside / name).exists()}
        for path in self._present():
            is_sound = self._is_sound(path, listed)
            found[self._name(path)] = State.OK if is_sound else State.DAMAGED
        return dict(sorted(found.items()))

    def gaps(self) -> dict[str, State]:
        """Return the files that are damaged or missing."""
        return {name: state for name, state in self.survey().items() if state is not State.OK}

    def tend(self) -> dict[str, State]:
        """Set damaged files aside, list what is there, and return the gaps. For whoever writes files."""
        listed = manifest.read(self._folder)
        kept = dict(listed)
        self._take_back(listed)
        states = self.survey()
        for name, state in states.items():
            path = self._folder / name
            if state is State.OK:
                if name not in listed or listed[name].becoming or listed[name].state != state:
                    kept[name] = self._described(path)
                continue
            kept[name] = msgspec.structs.replace(
                listed.get(name) or Listed(name, 0, "", {}), state=state
            )
            if path.exists():
                self._set_aside(path)
        if kept != listed or (kept and not manifest.is_whole(self._folder)):
            manifest.write(self._folder, kept)
        return {name: state for name, state in states.items() if state is not State.OK}

    @property
    def _aside(self) -> Path:
        return self._folder / "damaged"

    def _set_aside(self, path: Path) -> None:
        aside = self._aside / self._name(path)
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.replace(aside)
        log.error("archive_file_damaged", file=self._name(path), moved_to=str(aside))

    def _take_back(self, listed: dict[str, Listed]) -> None:
        """Take back what is whole by now: somebody was still copying it when it was set aside."""
        for name in listed:
            aside, path = self._aside / name, self._folder / name
            if aside.exists() and not path.exists() and self._is_sound(aside, listed):
                path.parent.mkdir(exist_ok=True)
                aside.replace(path)
                log.info("archive_file_taken_back", file=name)

    def _present(self) -> list[Path]:
        return sorted(self._folder.glob("*/*.parquet"))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _is_sound(self, path: Path, listed: dict[str, Listed]) -> bool:
        is_aside = path.is_relative_to(self._aside)
        name = path.relative_to(self._aside).as_posix() if is_aside else self._name(path)
        known = listed.get(name)
        while not self._is_as_known(path, name, known):
            # What replaces a file is listed before it does: one that somebody has just written anew is
            # told from a damaged one by what is listed by now.
            before, known = known, manifest.read(self._folder).get(name)
            if known == before:
                return False
        return True

    def _is_as_known(self, path: Path, name: str, known: Listed | None) -> bool:
        """Return whether a file is what is listed of it, or, where nothing is, can be read at all."""
        digests = ("", "") if known is None else (known.sha256, known.becoming)
        try:
            status = path.stat()
            key = (name, status.st_mtime_ns, status.st_size, digests)
            is_sound = self._sound.get(key)
            if is_sound is None:
                is_as_listed = not digests[0] or manifest.digest(path) in digests
                is_proven = bool(digests[0]) and not self._is_doubted
                is_sound = is_as_listed and (is_proven or _is_readable(path))
                self._sound[key] = is_sound
        except FileNotFoundError:
            return False
        return is_sound

    def _described(self, path: Path) -> Listed:
        """Return what the manifest says of a whole file that was not listed when it was written."""
        events = pl.read_parquet(path, columns=["shard", "entry_ms", "entry_seq"])
        ranges = _ranges(events, _content(path).until)
        return Listed(self._name(path), events.height, manifest.digest(path), ranges)

    def _list(self, written: Listed) -> None:
        """Note a file that was just written."""
        listed = manifest.read(self._folder)
        listed[written.name] = written
        manifest.write(self._folder, listed)

    def read(self) -> pl.DataFrame:
        """Return every archived entry, each once."""
        files = self.files()
        if not files:
            return pl.DataFrame(schema=SCHEMA)
        tables = [self.scan(file).collect() for file in files]
        return pl.concat(tables).unique(IDENTITY, maintain_order=True)

    def scan(self, file: Path) -> pl.LazyFrame:
        """Return what a file holds, to be narrowed before it is read, whatever replaces it by then."""
        return scanned(file).match_to_schema(
            SCHEMA, missing_columns="insert", extra_columns="ignore"
        )

    def count(self) -> int:
        """Return how many entries are archived."""
        return sum(content.n for content in self.contents().values())

    def epochs(self) -> dict[str, int]:
        """Return the logs that are archived, each with how many entries."""
        found: dict[str, int] = {}
        for content in self.contents().values():
            found[content.epoch] = found.get(content.epoch, 0) + content.n
        return found

    def until(self, epoch: str | None = None) -> dict[int, str]:
        """Return the last archived entry of each shard, of one log or of any."""
        last: dict[int, EntryId] = {}
        for content in self.contents().values():
            for shard, entry_id in content.until.items():
                if epoch in (None, content.epoch):
                    last[shard] = max(last.get(shard, (0, 0)), entry_id)
        return {shard: f"{ms}-{seq}" for shard, (ms, seq) in last.items()}

    def lacks(self, events: pl.DataFrame) -> bool:
        """Return whether some entries are in no file."""
        missing = events
        for file in self.files():
            if missing.is_empty():
                break
            held = scanned(file).select(IDENTITY)
            missing = missing.lazy().join(held, on=IDENTITY, how="anti").collect()
        return not missing.is_empty()

    def contents(self) -> dict[Path, Content]:
        """Return what each file says of itself, oldest first, read once per version of it."""
        known = {}
        for file in self.files():
            key = (file, file.stat().st_mtime_ns)
            known[key] = self._known.get(key) or _content(file)
        self._known = known
        return {file: content for (file, _), content in known.items()}

    def erase(self, cuts: Mapping[str, str]) -> dict[str, int]:
        """Write every file anew that holds events of some readers, each without those up to a cut.

        Files are replaced whole, in their place: whoever reads one meanwhile reads the old one.

        Args:
            cuts: by reader, the id of the last entry to go.

        Returns:
            By reader, how many events went.
        """
        wanted = _cuts(cuts)
        erased = dict.fromkeys(cuts, 0)
        for unfinished in self._folder.glob("*/*.tmp"):
            unfinished.unlink()  # left by a process that was killed
        if self._aside.exists():  # what cannot be read cannot be searched for a reader
            shutil.rmtree(self._aside)
        for file in self.files():
            present = scanned(file).select("user").unique().collect()
            if present.join(wanted, on="user").is_empty():
                continue
            events = pl.read_parquet(file).join(
                wanted, on="user", how="left", maintain_order="left"
            )
            gone = events.filter(_is_up_to_cut())
            for user, n in gone.group_by("user").len().iter_rows():
                erased[user] += n
            if not gone.is_empty():
                kept = events.filter(~_is_up_to_cut()).drop("cut_ms", "cut_seq")
                self.rewrite(file, kept)
        return erased

    def known(self, events: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which events, by (user, event id), are archived."""
        schema = {"user": pl.String, "event_id": pl.String}
        wanted = pl.DataFrame(list(events), schema=schema, orient="row").lazy()
        found: set[tuple[str, str]] = set()
        for file in self.files():
            archived = scanned(file).select(list(schema))
            rows = archived.join(wanted, on=list(schema), how="semi").collect()
            found |= set(rows.iter_rows())
        return found

    def of(self, user: str) -> Iterator[pl.DataFrame]:
        """Yield a reader's archived entries, file by file."""
        for file in self.files():
            found = scanned(file).filter(pl.col("user") == user).collect()
            if not found.is_empty():
                yield found

    def drop_before(self, day: date) -> int:
        """Drop the files of earlier days; return how many."""
        old = [file for file in self._present() if file.parent.name < day.isoformat()]
        listed = manifest.read(self._folder)
        # First off the list: a file that is not listed is no gap.
        kept = {name: known for name, known in listed.items() if name[:10] >= day.isoformat()}
        if kept != listed:
            manifest.write(self._folder, kept)
        for file in old:
            file.unlink()
            with contextlib.suppress(OSError):  # it holds more files
                file.parent.rmdir()
        return len(old)

    def write(
        self, events: pl.DataFrame, until: dict[int, str], now_us: int, epoch: str = FORMER
    ) -> Path:
        """Write one file, durable and whole when this returns.

        Args:
            epoch: the log that the entries are of.
            until: the last entry of each shard that the file covers, undecodable ones included.
        """
        moment: datetime = from_us(now_us)
        folder = self._folder / moment.strftime("%Y-%m-%d")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{moment.strftime('%H%M%S')}-{now_us % 1_000_000:06d}.parquet"
        ranges = msgspec.json.encode(until).decode()
        self._list(self._put(path, events, {_RANGES: ranges, _EPOCH: epoch}))
        return path

    def rewrite(self, file: Path, kept: pl.DataFrame, *, is_thinned: bool = False) -> None:
        """Replace a file's rows; it covers what it covered.

        Args:
            is_thinned: whether to note that nothing unvouched is left in it.
        """
        metadata = _written_with(file) | ({_THINNED: "1"} if is_thinned else {})
        self._list(self._put(file, kept, metadata))

    def thick_before(self, day: date) -> list[Path]:
        """Return the files of earlier days that may hold events for which nobody vouches."""
        old = [file for file in self.files() if file.parent.name < day.isoformat()]
        return [file for file in old if _THINNED not in _written_with(file)]

    def _put(self, path: Path, events: pl.DataFrame, metadata: dict[str, str]) -> Listed:
        """Write a file; return what is to be listed of it: what was meant, not what the disk has."""
        content = io.BytesIO()
        events.write_parquet(content, compression="zstd", metadata=metadata)
        sha256 = hashlib.sha256(content.getbuffer()).hexdigest()
        unfinished = path.with_suffix(".tmp")
        unfinished.write_bytes(content.getbuffer())
        listed = manifest.read(self._folder)
        if (known := listed.get(self._name(path))) is not None:
            listed[known.name] = msgspec.structs.replace(known, becoming=sha256)
            manifest.write(self._folder, listed)
        durable.replace(path, by=unfinished)
        ranges = _ranges(events, _until(metadata))
        return Listed(self._name(path), events.height, sha256, ranges)


def _ranges(events: pl.DataFrame, until: Mapping[int, EntryId]) -> dict[int, tuple[str, str]]:
    """Return by shard the first of some entries, and the last that they cover."""
    firsts = {
        shard: f"{ms}-{seq}"
        for shard, ms, seq in events.select("shard", "entry_ms", "entry_seq")
        .sort("entry_ms", "entry_seq")
        .unique("shard", keep="first", maintain_order=True)
        .iter_rows()
    }
    return {
        shard: (firsts.get(shard, f"{ms}-{seq}"), f"{ms}-{seq}")
        for shard, (ms, seq) in until.items()
    }


def _until(metadata: Mapping[str, str]) -> dict[int, EntryId]:
    """Return the last entry of each shard that a file covers, as it says itself."""
    ranges = msgspec.json.decode(metadata[_RANGES], type=dict[int, str])
    return {shard: parse(entry_id) for shard, entry_id in ranges.items()}


def _cuts(cuts: Mapping[str, str]) -> pl.DataFrame:
    rows = [(user, *parse(cut)) for user, cut in cuts.items()]
    schema = {"user": pl.String, "cut_ms": pl.Int64, "cut_seq": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _is_up_to_cut() -> pl.Expr:
    ms, cut_ms = pl.col("entry_ms"), pl.col("cut_ms")
    is_at_cut = (ms == cut_ms) & (pl.col("entry_seq") <= pl.col("cut_seq"))
    return ((ms < cut_ms) | is_at_cut).fill_null(value=False)


def scanned(file: Path) -> pl.LazyFrame:
    """Open a file to be read later: by its name, parts of what replaces it could be read as its own."""
    with file.open("rb") as opened:
        return pl.scan_parquet(opened)


def _written_with(file: Path | BinaryIO) -> dict[str, str]:
    """Return what a file says of itself besides its rows; those of former releases name no epoch."""
    found = pl.read_parquet_metadata(file)
    kept = {_THINNED: found[_THINNED]} if _THINNED in found else {}
    return {_RANGES: found.get(_RANGES, "{}"), _EPOCH: found.get(_EPOCH, FORMER)} | kept


def _content(file: Path) -> Content:
    ms = pl.col("entry_ms")
    with file.open("rb") as opened:
        metadata = _written_with(opened)
        opened.seek(0)
        figures = pl.scan_parquet(opened).select(n=pl.len(), first=ms.min(), last=ms.max())
        n, first, last = figures.collect().row(0)
    return Content(n, metadata[_EPOCH], _until(metadata), (first, last) if n else None)


def _is_readable(path: Path) -> bool:
    """Whether a file that nothing is known of can be read to its end."""
    try:
        _content(path)
        pl.read_parquet(path)
    except (*DAMAGE, OSError, *UNREADABLE):
        return False
    return True
