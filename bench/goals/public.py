"""Public data sets, from a folder that whoever runs this has: told by their files, read into one table.

None of them is in the repository. What a folder holds is told by the names of its files and by how
their first line looks; a file may be compressed, and then is called `.gz` beside its name.

| set | files |
| --- | --- |
| LightGCN's splits (Gowalla, Yelp2018, Amazon-Book) | `train.txt`, `test.txt` |
| MovieLens | `u.data`, `ratings.dat` or `ratings.csv`; titles of `u.item`, `movies.dat`, `movies.csv` |
| MovieTweetings | `ratings.dat` of IMDb's ids, `movies.dat` |
| citeulike-a, citeulike-t | `users.dat`; texts of `raw-data.csv`, or `mult.dat` and `vocabulary.dat` |
| Last.fm, hetrec-2011 | `user_artists.dat` |
| Last.fm, 360K | a `.tsv` of user, artist's id, artist, plays |
| Amazon reviews, 2014 and 2018 | `.json` lines with `reviewerID` |
| Amazon reviews, 2023 | `.csv` with `user_id,parent_asin,rating,timestamp` |
| Yelp reviews | `.json` lines with `business_id` |

Whatever somebody rated, played or reviewed counts as gone for, how good they said it was does not: a
low rating was still a choice.
"""

import csv
import enum
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl

from recsvc.clock import to_us
from recsvc.sources.reading.compressed import opened

_S_US = 1_000_000
_MS_US = 1_000
_PLAYS = ["user", "item", "artist", "plays"]
_IMDB_DIGITS = 7  # MovieTweetings fills its ids up with zeros, MovieLens does not


class Shape(enum.Enum):
    """What can be asked of a set."""

    SPLIT = "the split that it comes with"
    DAYS = "day by day, trained at the opening of each"
    NEXT = "the latest item of each reader"
    TIME = "the latest events"
    WARM = "a fifth of the pairs, drawn at random"


class Words(msgspec.Struct, frozen=True):
    """What is known of an item beside who went for it."""

    title: str
    text: str = ""
    topics: tuple[str, ...] = ()


class PublicSet(msgspec.Struct, frozen=True):
    """A set as its files show it.

    Attributes:
        events: `user`, `item`, `at_us` and `is_test`, in the order of the files; `at_us` is 0 where
            nobody knows.
        words: of items, by id; of those that are not in it only the id is known.
    """

    name: str
    shape: Shape
    events: pl.DataFrame
    words: dict[str, Words]

    @property
    def has_times(self) -> bool:
        """Whether there is an order to the events."""
        return self.events["at_us"].n_unique() > 1


def recognised(folder: Path) -> PublicSet | None:
    """Return the set that a folder holds; None where it is none that is known."""
    for read in _READERS:
        found = read(folder)
        if found is not None:
            return found
    return None


def five_core(events: pl.DataFrame, least: int = 5) -> pl.DataFrame:
    """Return the events of readers and items that have so many within what is returned."""
    while True:
        n = len(events)
        for side in ("item", "user"):
            events = events.filter(pl.len().over(side) >= least)
        if len(events) == n:
            return events


def _split(folder: Path) -> PublicSet | None:
    train, test = _at(folder, "train.txt"), _at(folder, "test.txt")
    if train is None or test is None:
        return None
    parts = [
        _pairs((ids[0], ids[1:]) for ids in _numbers(path)).with_columns(is_test=pl.lit(value))
        for path, value in ((train, False), (test, True))
    ]
    return PublicSet(folder.name, Shape.SPLIT, pl.concat(parts), {})


def _movies(folder: Path) -> PublicSet | None:
    path = _at(folder, "u.data") or _at(folder, "ratings.dat") or _at(folder, "ratings.csv")
    if path is None:
        return None
    name, shape = "MovieLens", Shape.TIME
    if path.name.startswith("u.data"):
        table = _table(path, "\t", (0, 1, 3))
    elif path.name.startswith("ratings.csv"):
        table = _table(path, ",", (0, 1, 3), has_header=True)
    else:
        table = _table(path, ":", (0, 2, 6))  # of the four columns' `::` every second is empty
        if (table["item"].str.len_chars() >= _IMDB_DIGITS).mean() == 1:
            name, shape = "MovieTweetings", Shape.DAYS
    return PublicSet(name, shape, _timed(table, _S_US), _titles(folder))


def _library(folder: Path) -> PublicSet | None:
    path = _at(folder, "users.dat")
    if path is None:
        return None
    users: list[tuple[str, list[str]]] = []
    for row, ids in enumerate(_numbers(path)):
        if not ids[0].isdecimal() or int(ids[0]) != len(ids) - 1:
            return None
        users.append((str(row), ids[1:]))
    events = _pairs(iter(users)).with_columns(is_test=pl.lit(False))
    return PublicSet(folder.name, Shape.WARM, events, _papers(folder))


def _artists(folder: Path) -> PublicSet | None:
    path = _at(folder, "user_artists.dat")
    if path is not None:
        return PublicSet(
            "Last.fm, hetrec-2011",
            Shape.WARM,
            _timed(_table(path, "\t", (0, 1, None), has_header=True), 0),
            {},
        )
    for path in _files(folder, ".tsv"):
        found = _read(path, "\t", has_header=False)
        if found.width == len(_PLAYS):
            found.columns = _PLAYS
            # A few lines name an artist without an id, who then goes by the name.
            found = found.with_columns(pl.coalesce("item", "artist").alias("item"))
            found = found.drop_nulls(["user", "item"])
            named = found.drop_nulls("artist").unique("item", keep="first", maintain_order=True)
            words = {item: Words(name) for item, name in named.select("item", "artist").rows()}
            events = _timed(found.with_columns(at=pl.lit("0")), 0)
            return PublicSet("Last.fm, 360K", Shape.WARM, events, words)
    return None


class _Review(msgspec.Struct, frozen=True, gc=False):
    """A line of reviews, Amazon's or Yelp's."""

    reviewerID: str = ""  # noqa: N815 - as the files call them
    asin: str = ""
    unixReviewTime: int = 0  # noqa: N815
    user_id: str = ""
    business_id: str = ""
    date: str = ""


def _reviews(folder: Path) -> PublicSet | None:
    for path in _files(folder, ".json", ".jsonl"):
        lines = _lines(path)
        name = _whose(next(lines, ""))
        if name is not None:
            decoder = msgspec.json.Decoder(_Review)
            rows = [_reviewed(decoder.decode(line)) for line in _lines(path)]
            table = pl.DataFrame(rows, schema=["user", "item", "at"], orient="row")
            return _next(f"{name}, {path.name.partition('.')[0]}", table, 1)
    for path in _files(folder, ".csv"):
        names = next(_lines(path), "").split(",")
        if names[:4] == ["user_id", "parent_asin", "rating", "timestamp"]:
            table = _table(path, ",", (0, 1, 3), has_header=True)
            return _next(f"Amazon reviews, {path.name.partition('.')[0]}", table, _MS_US)
    return None


def _whose(line: str) -> str | None:
    """Return whose reviews these are, by the first line."""
    try:
        review = msgspec.json.decode(line, type=_Review)
    except msgspec.MsgspecError:
        return None
    if review.reviewerID and review.asin:
        return "Amazon reviews"
    return "Yelp reviews" if review.user_id and review.business_id else None


def _reviewed(r: _Review) -> tuple[str, str, int]:
    if r.reviewerID:
        return r.reviewerID, r.asin, r.unixReviewTime * _S_US
    return r.user_id, r.business_id, to_us(datetime.fromisoformat(r.date).replace(tzinfo=UTC))


_READERS: tuple[Callable[[Path], PublicSet | None], ...] = (
    _split,
    _movies,
    _library,
    _artists,
    _reviews,
)


def _next(name: str, table: pl.DataFrame, unit_us: int) -> PublicSet:
    return PublicSet(name, Shape.NEXT, five_core(_timed(table, unit_us)), {})


def _timed(table: pl.DataFrame, unit_us: int) -> pl.DataFrame:
    """Return the events of a table of `user`, `item` and `at`, the latter in units."""
    at_us = (pl.col("at").cast(pl.Int64) * unit_us).alias("at_us")
    return table.select("user", "item", at_us, pl.lit(False).alias("is_test"))


def _pairs(lists: Iterator[tuple[str, list[str]]]) -> pl.DataFrame:
    """Return the events of users with lists of what they went for, nobody knows when."""
    users, items = zip(*lists, strict=True)
    table = pl.DataFrame({"user": users, "item": items}).explode("item").drop_nulls()
    return table.with_columns(at_us=pl.lit(0, pl.Int64))


def _table(
    path: Path, separator: str, places: tuple[int, int, int | None], *, has_header: bool = False
) -> pl.DataFrame:
    """Return `user`, `item` and `at` of a table, by their places; `at` is 0 without a place."""
    found = _read(path, separator, has_header=has_header)
    columns = [found.columns[place] for place in places if place is not None]
    table = found.select(columns)
    table.columns = ["user", "item", "at"][: len(columns)]
    return table if len(columns) == len(places) else table.with_columns(at=pl.lit("0"))


def _read(path: Path, separator: str, *, has_header: bool) -> pl.DataFrame:
    """Return a table of strings; what is between separators is never quoted in these sets."""
    return pl.read_csv(
        path,
        separator=separator,
        has_header=has_header,
        infer_schema=False,
        quote_char=None,
        encoding="utf8-lossy",
    )


def _titles(folder: Path) -> dict[str, Words]:
    """Return what films are called and what kinds they are of, where a file says so."""
    for name in ("movies.dat", "movies.csv", "u.item"):
        path = _at(folder, name)
        if path is None:
            continue
        rows: Iterator[list[str]]
        if name == "movies.csv":
            rows = csv.reader(_lines(path))
            next(rows, None)
        elif name == "movies.dat":
            rows = (line.split("::") for line in _lines(path))
        else:
            rows = (line.split("|")[:2] for line in _lines(path))
        return {
            row[0]: Words(row[1], topics=tuple(filter(None, "".join(row[2:3]).split("|"))))
            for row in rows
            if len(row) > 1 and row[1]
        }
    return {}


def _papers(folder: Path) -> dict[str, Words]:
    """Return what papers say: titles and abstracts, or what is left of them, words and their counts."""
    raw = _at(folder, "raw-data.csv")
    if raw is not None:
        rows = csv.DictReader(f"{line}\n" for line in _lines(raw))
        return {
            str(place): Words(row["raw.title"] or row["title"], row["raw.abstract"] or "")
            for place, row in enumerate(rows)
        }
    counts, vocabulary = _at(folder, "mult.dat"), _at(folder, "vocabulary.dat")
    if counts is None:
        return {}
    words = [line.strip() for line in _lines(vocabulary)] if vocabulary is not None else []
    found = {}
    for place, pairs in enumerate(_numbers(counts)):
        said = []
        for pair in pairs[1:]:
            word, _, n = pair.partition(":")
            said += [words[int(word)] if int(word) < len(words) else f"word{word}"] * int(n)
        # Apart by full stops: what stands side by side here did not in the paper.
        found[str(place)] = Words(f"paper{place}", ". ".join(said))
    return found


def _numbers(path: Path) -> Iterator[list[str]]:
    return (parts for line in _lines(path) if (parts := line.split()))


def _at(folder: Path, name: str) -> Path | None:
    """Return a file of a folder, compressed or not; None if there is none."""
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.is_file()), None)


def _files(folder: Path, *endings: str) -> list[Path]:
    every = (*endings, *(f"{ending}.gz" for ending in endings))
    return sorted(path for path in folder.iterdir() if path.name.endswith(every))


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file without their ends; the older sets are in Latin-1.

    Raises:
        ValueError: when it is damaged, since half a set must not pass for one.
    """
    with opened(path, _refuse) as file:
        for line in file:
            try:
                yield line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                yield line.decode("latin-1").rstrip("\r\n")


def _refuse(problem: str) -> None:
    raise ValueError(problem)
