"""Ordinary files: compressed, cut off, with one row that is wrong, or of another kind altogether.

One bad row costs itself and is named; what cannot be read at all is called by its name.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from recsvc.errors import UnknownFormatError
from recsvc.sources.formats import recognised
from recsvc.sources.records import Options, Paper
from tests.sources.reading import Read, read_file, read_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
ROWS = [{"id": f"i{n}", "title": str(random.Random(n).random())} for n in range(5_000)]
TEXTS = {
    "items.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "items.json": json.dumps(ROWS),
    "items.csv": "id,title\n" + "".join(f"{row['id']},{row['title']}\n" for row in ROWS),
}
LONG = {
    "id": "i" * 257, "ItemId": "i" * 257, "item": "i" * 257, "user": "u" * 257, "UserId": "u" * 257,
    "event_id": "e" * 257, "feed_id": "f" * 257, "title": "t" * 1_001, "text": "t" * 300_000,
    "Comment": "c" * 1_001, "topics": ["t" * 101], "authors": ["a" * 301], "aliases": ["a" * 257],
    "url": "https://e.org/" + "u" * 2_000, "organisation": {"slug": "s" * 301, "name": "n"},
    "Categories": ["c" * 101], "Labels": {"text": "t" * 100_001},
}  # fmt: skip
GOOD = {
    "items": {"id": "a", "title": "A"},
    "events": {"user": "u", "item": "a", "kind": "click"},
    "gorse items": {"ItemId": "a"},
    "gorse feedback": {"FeedbackType": "star", "UserId": "u", "ItemId": "a"},
}
FIELDS = {
    "items": ["id", "title", "text", "topics", "authors", "aliases", "url", "organisation"],
    "events": ["user", "item", "event_id", "feed_id"],
    "gorse items": ["ItemId"],
    "gorse feedback": ["UserId", "ItemId"],
}
DEEP = "[" * 5_000 + "]" * 5_000


def n_records(found: Read) -> int:
    return len(found.items) + len(found.events)


def as_csv(rows: list[dict[str, object]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [
        [value if isinstance(value := row.get(n, ""), str) else json.dumps(value) for n in names]
        for row in rows
    ]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    return "\n".join([",".join(names), *quoted]) + "\n"


@pytest.mark.parametrize("form", ["lines", "list", "table"])
@pytest.mark.parametrize(
    ("what", "field"), [(w, f) for w, fields in FIELDS.items() for f in fields]
)
def test_what_is_too_long_costs_its_row_and_is_named(form: str, what: str, field: str):
    if form == "table" and "gorse" in what:
        pytest.skip("Gorse writes JSON")
    good = GOOD[what]
    rows = [good, good | {field: LONG[field]}, good]
    text = {"lines": "\n".join(map(json.dumps, rows)), "list": json.dumps(rows, indent=1)}

    found = read_text(as_csv(rows) if form == "table" else text[form])

    assert n_records(found) == 2
    (problem,) = found.problems
    assert problem.record == 2


@pytest.mark.parametrize("what", GOOD)
def test_what_is_nested_without_end_costs_its_row(what: str):
    good = json.dumps(GOOD[what])
    name = {"items": "extra", "events": "value"}.get(what, "Labels")
    deep = f'{good[:-1]}, "{name}": {DEEP}}}'

    found = read_text(f"{good}\n{deep}\n{good}\n")

    assert n_records(found) == 2
    assert [(p.line, p.detail) for p in found.problems] == [(2, "nested too deeply")]


@pytest.mark.parametrize("label", [["w" * 101], [f"w{n}" for n in range(300)], ["a", 7, None, {}]])
def test_labels_that_are_no_topics_are_kept_beside_them(label: list[object]):
    """Of Gorse's items what does not fit is cut or left out, as where they come in by its API."""
    (item,) = read_text(json.dumps({"ItemId": "a", "Categories": ["c"], "Labels": label})).items

    assert item.topics[0] == "c"
    assert len(item.topics) <= 100
    assert item.extra["labels"] == label


@pytest.mark.parametrize(
    ("field", "named"), [("Comment", "title"), ("Categories", "topics"), ("Labels", "text")]
)
def test_what_is_too_long_of_gorses_items_is_cut_and_counted(field: str, named: str):
    (item,) = read_text(json.dumps(GOOD["gorse items"] | {field: LONG[field]})).items

    assert isinstance(item, Paper)
    assert item.left_out == (named,)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_compressed_file_is_read_whatever_it_is_called(
    tmp_path: Path, name: str, compression: str
):
    path = tmp_path / name
    path.write_bytes(COMPRESSED[compression](TEXTS[name].encode()))

    found = read_file(path)

    assert len(found.items) == len(ROWS)
    assert not found.problems


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("compression", ["gzip", "xz"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.9999])
def test_of_a_compressed_file_that_was_cut_whole_records_come_in(
    tmp_path: Path, name: str, compression: str, share: float
):
    path = tmp_path / name
    raw = COMPRESSED[compression](TEXTS[name].encode())
    path.write_bytes(raw[: int(len(raw) * share)])

    ((source, content),) = recognised(path, Options())
    found = Read(source.NAME, list(source.read(content, Options())))

    whole = [
        item for item, row in zip(found.items, ROWS, strict=False) if item.title == row["title"]
    ]
    assert len(whole) > 0.8 * share * len(ROWS)
    assert len(found.items) - len(whole) <= 1, "a line that was cut in its last cell"
    assert "damaged or cut off" in str(content.damage)


def _zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "id,title\na,A\n")
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return file.getvalue()


OTHERS = {
    "book.xlsx": (_zip("[Content_Types].xml", "xl/workbook.xml"), "a spreadsheet.*as CSV"),
    "book.ods": (_zip("mimetype/application/vnd.oasis.opendocument.spreadsheet"), "as CSV"),
    "book.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "save the sheet as CSV"),
    "all.zip": (_zip("a.csv"), "a ZIP archive: unpack it"),
    "none.zip": (_zip(), "a ZIP archive"),
    "all.tar": (_tar(), "a tar archive: unpack it"),
    "all.tar.gz": (gzip.compress(_tar()), "a tar archive: unpack it"),
    "rows.parquet": (b"PAR1" + bytes(50) + b"PAR1", "a Parquet file"),
    "rows.db": (b"SQLite format 3\x00" + bytes(50), "an SQLite database"),
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "wide.csv": ("id,title\na,A\n".encode("utf-16-le"), "--encoding utf-16-le"),
    "cut.csv.gz": (gzip.compress(b"id,title\n")[:10], "damaged or cut off"),
    "empty.csv.gz": (gzip.compress(b""), "the file is empty"),
    "none.json": (b"[ ]\n", "the list in it is empty"),
    "names.csv": (b"who,what\na,A\n", "as a table it has what, who: --column"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_kind_is_called_by_its_name_with_what_helps(tmp_path: Path, name: str):
    raw, said = OTHERS[name]
    path = tmp_path / name
    path.write_bytes(raw)

    with pytest.raises(UnknownFormatError, match=said):
        recognised(path, Options())


@pytest.mark.parametrize("seed", range(30))
def test_a_row_with_a_quote_too_many_costs_itself_and_the_next_at_most(seed: int):
    rng = random.Random(seed)
    is_quoted, ending = rng.random() < 0.5, rng.choice(["", "\n", "\nand a line", "\nand a line\n"])
    rows = [f'"i{n}","A title, of {n}{ending}"' for n in range(50)]
    bad = rng.randrange(49)
    rows[bad] = rng.choice([f'"i{bad}","5" disk"', f'"i{bad}","open', f'"i{bad}"x,"a"b"'])
    if not is_quoted:
        rows = [row.replace('"', "", 2) for row in rows]

    found = read_text("\n".join(["id,title", *rows]) + "\n")

    assert {item.id for item in found.items} >= {f"i{n}" for n in range(50)} - {
        f"i{bad}",
        f"i{bad + 1}",
    }
    assert len(found.items) <= 50
    assert all(p.record in (bad + 1, bad + 2) for p in found.problems)


@pytest.mark.parametrize("cut", ['tle": "x"}', '{"id": "x", "ti', "}", "noise"])
def test_a_first_line_that_was_cut_off_costs_itself(cut: str):
    found = read_text(f'{cut}\n{{"id": "a", "title": "A"}}\n{{"id": "b", "title": "B"}}\n')

    assert [item.id for item in found.items] == ["a", "b"]
    assert [p.line for p in found.problems] == [1]


@pytest.mark.parametrize("text", [",id,title\n0,a,A\n1,b,B\n", "id,title,\na,A,\nb,B,\n"])
def test_a_column_without_a_name_is_left_alone(text: str):
    found = read_text(text)

    assert [item.id for item in found.items] == ["a", "b"]
    assert "not read: column" in found.notes[0]


@pytest.mark.parametrize(
    ("said", "meant"),
    [(w, True) for w in ("true", "TRUE", "yes", "Y", "t", "1", "on")]
    + [(w, False) for w in ("false", "No", "n", "F", "0", "off")],
)
def test_truth_is_read_however_it_is_written(said: str, meant: bool):
    assert read_text(f"id,title,hidden\na,A,{said}\n").items[0].hidden is meant


@pytest.mark.parametrize("row", [{"hidden": 1, "upvotes": 3.0}, {"hidden": True, "upvotes": "3.0"}])
def test_whole_numbers_and_truth_of_data_frames_are_read(row: dict[str, object]):
    (item,) = read_text(json.dumps({"id": "a", "title": "A"} | row) + "\n").items

    assert (item.hidden, item.upvotes) == (True, 3)
