"""Public data sets: a folder of each format, made up here, is told and read."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from bench.goals.baselines import EASE, NEIGHBOURS, RULES
from bench.goals.grounds import Way, held_apart, log_of, report
from bench.goals.orders import foreseen, latest_of_each
from bench.goals.public import PublicSet, Shape, Words, five_core, recognised
from recsvc.clock import DAY_US
from recsvc.core.items.item import StoredItem
from tests.workers.training import world
from workers.evaluation.methods import SHIPPED
from workers.training.popularity import POPULARITY
from workers.training.training import gather

_REVIEWS = [(f"A{u}", f"B{i}", 1_400_000_000 + 10 * u + i) for u in range(5) for i in range(5)]
_AMAZON = "".join(
    f'{{"reviewerID": "{u}", "asin": "{i}", "helpful": [0, 1], "overall": 5.0, "unixReviewTime": {t}}}\n'
    for u, i, t in [*_REVIEWS, ("rare", "B0", 1_400_000_000)]
)
_YELP = "".join(
    f'{{"review_id": "r", "user_id": "{u}", "business_id": "{i}", "stars": 4.0,'
    f' "date": "2014-05-13 16:53:{i[1:]:0>2}"}}\n'
    for u, i, _ in _REVIEWS
)
_AMAZON_2023 = "user_id,parent_asin,rating,timestamp\n" + "".join(
    f"{u},{i},5.0,{t}000\n" for u, i, t in _REVIEWS
)
# By what they are: the files, the name, the shape, the first event, and how many there are.
FORMATS: dict[str, tuple[dict[str, str], str, Shape, tuple[str, str, int], int]] = {
    "lightgcn": (
        {"train.txt": "0 0 1 2\n1 2\n2 \n", "test.txt": "0 3\n1 0 1\n"},
        "set", Shape.SPLIT, ("0", "0", 0), 7,
    ),
    "ml-100k": (
        {"u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
         "u.item": "242|Kolya (1996)|24-Jan-1997||http://x|0\n302|Élan (1997)||\n"},
        "MovieLens", Shape.TIME, ("196", "242", 881250949_000_000), 2,
    ),
    "ml-1m": (
        {"ratings.dat": "1::1193::5::978300760\n1::661::3::978302109\n",
         "users.dat": "1::F::1::10::48067\n",
         "movies.dat": "1193::Cuckoo: a Nest (1975)::Drama|War\n"},
        "MovieLens", Shape.TIME, ("1", "1193", 978300760_000_000), 2,
    ),
    "ml-20m": (
        {"ratings.csv": "userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n",
         "movies.csv": 'movieId,title,genres\n2,"Jumanji, or so (1995)",Adventure|Children\n'},
        "MovieLens", Shape.TIME, ("1", "2", 1112486027_000_000), 1,
    ),
    "movietweetings": (
        {"ratings.dat": "1::0114508::8::1381006850\n2::10155932::7::1586466072\n",
         "users.dat": "1::139564917\n", "movies.dat": "0114508::Species (1995)::Action|Horror\n"},
        "MovieTweetings", Shape.DAYS, ("1", "0114508", 1381006850_000_000), 2,
    ),
    "citeulike": (
        {"users.dat": "2 5 7\n1 5\n", "mult.dat": "2 0:2 1:1\n", "vocabulary.dat": "gene\ncell\n"},
        "set", Shape.WARM, ("0", "5", 0), 3,
    ),
    "hetrec": (
        {"user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n"},
        "Last.fm, hetrec-2011", Shape.WARM, ("2", "51", 0), 2,
    ),
    "lastfm-360k": (
        {"usersha1-artmbid-artname-plays.tsv":
         '00a\t3bd7\tbetty "b" blow\t2137\n00a\t\tdie ärzte\t1099\n'},
        "Last.fm, 360K", Shape.WARM, ("00a", "3bd7", 0), 2,
    ),
    "amazon": (
        {"reviews_Beauty_5.json": _AMAZON},
        "Amazon reviews, reviews_Beauty_5", Shape.NEXT, ("A0", "B0", 1_400_000_000_000_000), 25,
    ),
    "yelp": (
        {"yelp_academic_dataset_review.json": _YELP},
        "Yelp reviews, yelp_academic_dataset_review", Shape.NEXT,
        ("A0", "B0", 1_399_999_980_000_000), 25,
    ),
    "amazon-2023": (
        {"All_Beauty.csv": _AMAZON_2023},
        "Amazon reviews, All_Beauty", Shape.NEXT, ("A0", "B0", 1_400_000_000_000_000), 25,
    ),
}  # fmt: skip


def held(folder: Path, files: dict[str, str], packed: bool = False) -> PublicSet:
    folder.mkdir()
    for name, text in files.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / name).write_text(text, encoding="utf-8")
    found = recognised(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_is_told_by_its_files(name: str, packed: bool, tmp_path: Path):
    files, called, shape, first, n = FORMATS[name]

    found = held(tmp_path / "set", files, packed)

    assert (found.name, found.shape, len(found.events)) == (called, shape, n)
    assert found.events.row(0)[:3] == first
    assert found.events.schema == pl.Schema(
        {"user": pl.String, "item": pl.String, "at_us": pl.Int64, "is_test": pl.Boolean}
    )
    assert found.events["is_test"].any() == (shape is Shape.SPLIT)


@pytest.mark.parametrize(
    ("name", "item", "words"),
    [
        ("ml-100k", "302", Words("Élan (1997)")),
        ("ml-1m", "1193", Words("Cuckoo: a Nest (1975)", topics=("Drama", "War"))),
        ("ml-20m", "2", Words("Jumanji, or so (1995)", topics=("Adventure", "Children"))),
        ("citeulike", "0", Words("paper0", "gene. gene. cell")),
        ("lastfm-360k", "die ärzte", Words("die ärzte")),
    ],
)
def test_what_items_say_is_read_too(name: str, item: str, words: Words, tmp_path: Path):
    assert held(tmp_path / "set", FORMATS[name][0]).words[item] == words


def test_abstracts_are_read_in_the_coding_that_they_are_in(tmp_path: Path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "users.dat").write_text("1 0\n")
    heads = '"doc.id","title","citeulike.id","raw.title","raw.abstract"\n'
    raw = heads + '1,"a cafe",42,"A café","Of coffee,\nand milk."\n'
    (folder / "raw-data.csv").write_bytes(raw.encode("latin-1"))

    found = recognised(folder)

    assert found is not None
    assert found.words["0"].title == "A café"
    assert found.words["0"].text.split() == ["Of", "coffee,", "and", "milk."]


def test_what_is_left_of_a_core_has_as_many_on_either_side():
    pairs = [(u, i) for u in "abcde" for i in "vwxyz"] + [("f", i) for i in "vwxy"] + [("a", "o")]
    events = pl.DataFrame(pairs, schema=["user", "item"], orient="row")

    left = five_core(events)

    assert sorted(left.rows()) == sorted(pairs[:25])


def test_a_folder_of_something_else_is_none_of_them(tmp_path: Path):
    (tmp_path / "users.dat").write_text("1::F::1\n")
    (tmp_path / "notes.json").write_text('{"title": "nothing of a review"}\n')
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")

    assert recognised(tmp_path) is None


def test_a_line_that_is_no_review_is_not_the_end_of_them(tmp_path: Path):
    (tmp_path / "reviews.json").write_text(_AMAZON + "{\n" + _AMAZON)

    with pytest.raises(msgspec.DecodeError):
        recognised(tmp_path)


def test_a_damaged_file_does_not_pass_for_a_whole_set(tmp_path: Path):
    whole = gzip.compress(_AMAZON.encode(), mtime=0)
    (tmp_path / "reviews.json.gz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ValueError, match="damaged"):
        recognised(tmp_path)


def taken(n_readers: int = 40) -> Iterator[tuple[int, list[int]]]:
    """Yield readers with ten items each of one of two tastes, in an order of their own."""
    rng = np.random.default_rng(0)
    for reader in range(n_readers):
        yield reader, rng.permutation(np.arange(reader % 2, 40, 2))[:10].tolist()


def test_a_split_is_asked_for_its_test_part(tmp_path: Path):
    parts = {"train.txt": slice(0, 8), "test.txt": slice(8, 10)}
    files = {
        name: "".join(f"{u} {' '.join(map(str, items[part]))}\n" for u, items in taken())
        for name, part in parts.items()
    }

    found = held(tmp_path / "set", files)
    told = report(found, Way())

    assert held_apart(found).sum() == 80
    assert "| 40 readers | recall@20 |" in told
    for method in (SHIPPED, NEIGHBOURS, EASE, POPULARITY):
        assert f"| {method} |" in told
    assert RULES not in told, "nobody knows in which order"


def test_days_are_asked_one_after_the_other(tmp_path: Path):
    ratings = [
        f"{u}::{item + 1_000_000}::9::{1_400_000_000 + 86_400 * place + 60 * u}\n"
        for u, items in taken()
        for place, item in enumerate(items)
    ]

    told = report(held(tmp_path / "set", {"ratings.dat": "".join(ratings)}), Way(days=1))

    assert "| 40 readers | recall@20 |" in told
    for method in (SHIPPED, RULES, NEIGHBOURS, EASE, "popularity, 3 days"):
        assert f"| {method} |" in told


def test_what_is_to_be_foreseen_is_not_popular_yet():
    rows = [
        (f"u{u}", f"i{item}", DAY_US * (u + 1) + place)
        for u, items in taken(30)
        for place, item in enumerate([*items[:4], 40])
    ]
    events = pl.DataFrame(rows, schema=["user", "item", "at_us"], orient="row")
    items = {row: StoredItem(id=f"i{row}", title=f"t{row}", created_us=1) for row in range(41)}
    material = gather(log_of(events), items, {f"i{row}": row for row in items}, "shop", 40 * DAY_US)

    found = foreseen(material, latest_of_each(events), world.ROUND).found

    # Nobody else has gone for it: it comes after whatever anybody has.
    n_known = events.filter(pl.col("item") != "i40")["item"].n_unique()
    assert n_known > 20
    assert all(40 not in rows[:20] for rows in found[POPULARITY].lists)
