"""What comes through a pipe, as a file: to recognise it is to read it, and then it is read again."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

STANDARD_INPUT = "-"


@contextmanager
def at_hand(files: Sequence[str]) -> Iterator[list[tuple[Path, str]]]:
    """Give files that can be read more than once, each with its name for people.

    What is none - standard input, a pipe, `<(curl …)` of a shell - is written down for that long.
    """
    with TemporaryDirectory(prefix="recsvc-") as folder:
        found = []
        for n, name in enumerate(files):
            path = Path(name)
            if name == STANDARD_INPUT or not path.is_file():
                path = Path(folder) / str(n)
                with path.open("wb") as copy:
                    if name == STANDARD_INPUT:
                        shutil.copyfileobj(sys.stdin.buffer, copy)
                    else:
                        with Path(name).open("rb") as pipe:
                            shutil.copyfileobj(pipe, copy)
            found.append((path, "standard input" if name == STANDARD_INPUT else name))
        yield found
