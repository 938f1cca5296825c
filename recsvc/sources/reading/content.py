"""The content of a file, decoded only as far as somebody asks: large files are read by line."""

import codecs
import hashlib
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from recsvc.errors import UnknownFormatError
from recsvc.sources.reading.compressed import opened
from recsvc.sources.reading.encodings import guessed
from recsvc.sources.reading.other_files import described

# Enough to hold the first record of any format; a paper of physics may have 3,000 authors.
_HEAD_BYTES = 1024 * 1024

_MARKED = "recsvc.marked"

NOT_TEXT = "not text in the encoding of the file (--encoding says which)"


def _marked(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for bytes that cannot be decoded, in any encoding, and where to go on."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error(_MARKED, _marked)


def is_text(line: str) -> bool:
    """Return whether a line could be decoded."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unix(text: str) -> str:
    """Return a text with line ends as Unix has them, whatever machine wrote it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Content:
    """What a file holds.

    Attributes:
        file: its name, for messages.
        damage: why a compressed file could not be read to its end, once that was found; else None.
    """

    damage: str | None = None

    def __init__(
        self, file: str, *, path: Path | None = None, text: str | None = None, encoding: str = ""
    ) -> None:
        self.file = file
        self._path = path
        self._text = text
        self._said = encoding

    @cached_property
    def head(self) -> str:
        """The beginning, at most a megabyte.

        Raises:
            UnknownFormatError: when it is no text, or not in the encoding asked for.
        """
        if self._path is None:
            return (self._text or "")[:_HEAD_BYTES]
        raw = self._raw_head
        if not raw and self.damage:
            raise UnknownFormatError(f"{self.file}: {self.damage}")
        what = described(raw)
        if what is not None:
            raise UnknownFormatError(f"{self.file}: this is {what}")
        for cut in range(4):  # a character may be cut in the middle
            try:
                return _unix(raw[: len(raw) - cut].decode(self._encoding))
            except UnicodeDecodeError as exc:
                if exc.start < len(raw) - 4:
                    raise self._not_text(exc.start, raw) from None
        raise self._not_text(0, raw)

    @cached_property
    def _encoding(self) -> str:
        """The encoding asked for, else what the file itself says or looks like."""
        if self._said or self._path is None:
            return self._said or "utf-8-sig"
        return guessed(self._raw_head)

    @cached_property
    def _raw_head(self) -> bytes:
        with self.binary() as file:
            return file.read(_HEAD_BYTES)

    def text(self) -> str:
        """Return all of it.

        Raises:
            UnknownFormatError: when it is not text in the encoding asked for; names the line.
        """
        if self._path is None:
            return self._text or ""
        with self.binary() as file:
            raw = file.read()
        try:
            return _unix(raw.decode(self._encoding))
        except UnicodeDecodeError as exc:
            raise self._not_text(exc.start, raw) from None

    def lines(self) -> Iterator[str]:
        """Yield its lines without their ends; of one that cannot be decoded, `is_text` is false."""
        if self._path is None:
            yield from (self._text or "").splitlines()
            return
        with io.TextIOWrapper(self.binary(), self._encoding, _MARKED) as file:
            for line in file:
                yield line.rstrip("\n")

    def binary(self) -> io.BytesIO | io.BufferedReader:
        """Open it as bytes, decompressed ones, for parsers that decode by themselves."""
        if self._path is None:
            return io.BytesIO((self._text or "").encode())
        return opened(self._path, self._damaged)

    def digest(self) -> str:
        """Return what tells this content from any other."""
        with self.binary() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _damaged(self, why: str) -> None:
        self.damage = why

    def _not_text(self, at: int, raw: bytes) -> UnknownFormatError:
        line = raw.count(b"\n", 0, at) + 1
        name = self._encoding.removesuffix("-sig").upper()
        return UnknownFormatError(
            f"{self.file}:{line}: not {name} text; --encoding says what else it is"
        )
