"""`make import-census DIR=folder`: read anybody's files and print what of them was lost.

Nothing is written anywhere. Per format: how many records came in and how many did not, how many have
which field, what was cut, and what in the texts still looks like another program's markup.
"""

import argparse
import re
from collections import Counter, defaultdict
from pathlib import Path

from recsvc.core.items.item import NewItem
from recsvc.errors import UnknownFormatError
from recsvc.sources.formats import recognised
from recsvc.sources.reading.place import Problem
from recsvc.sources.records import LibraryEntry, Options, Record

_FIELDS = ("title", "text", "authors", "topics", "url", "published_at", "listed_at")
_LEFT_OVER = re.compile(r"\\[A-Za-z]+|\{|\}|&[a-z]+;|</?[a-z]{1,6}>|\ufffd|Ã.|â€")
_SHOWN = 10


class Count:
    """What became of the records of one format."""

    def __init__(self) -> None:
        self.files = 0
        self.records = 0
        self.have: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.problems: list[str] = []
        self.odd: list[str] = []

    def take(self, record: Record) -> None:
        if isinstance(record, Problem):
            self.problems.append(f"{record.file}:{record.line}: {record.detail}")
            return
        item = record.item if isinstance(record, LibraryEntry) else record
        if not isinstance(item, NewItem):
            return
        self.records += 1
        self.have.update(name for name in _FIELDS if getattr(item, name))
        self.have.update(name for name in ("doi", "arxiv_id") if item.extra.get(name))
        self.left_out.update(getattr(item, "left_out", ()))
        texts = [item.title, *item.authors]
        self.odd += [text for text in texts if _LEFT_OVER.search(re.sub(r"\$[^$]*\$", "", text))]

    def lines(self, name: str) -> list[str]:
        shares = (f"{field} {self.have[field]}" for field in (*_FIELDS, "doi", "arxiv_id"))
        out = [
            f"{name}: {self.files} files, {self.records} records, {len(self.problems)} not understood"
        ]
        out.append(f"  with {', '.join(shares)}")
        out += [f"  cut or left out: {field} of {n}" for field, n in self.left_out.most_common()]
        out += [f"  ! {problem}" for problem in self.problems[:_SHOWN]]
        out += [f"  ? {text[:100]}" for text in self.odd[:_SHOWN]]
        return out


def census(folder: Path) -> list[str]:
    """Return what a folder's files would lose, line by line."""
    counts: dict[str, Count] = defaultdict(Count)
    unknown: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            for source, content in recognised(path, Options(year=2025)):
                count = counts[source.NAME]
                count.files += 1
                for record in source.read(content, Options(year=2025)):
                    count.take(record)
        except UnknownFormatError as exc:
            unknown.append(f"not read: {exc}")
    known = [line for name in sorted(counts) for line in counts[name].lines(name)]
    return known + unknown


def main() -> None:
    parser = argparse.ArgumentParser(description="Say what files would lose by being imported.")
    parser.add_argument("folder", type=Path)
    for line in census(parser.parse_args().folder):
        print(line)


if __name__ == "__main__":
    main()
