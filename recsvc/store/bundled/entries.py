"""Entries of an append-only log: which are whole, and where the next whole one begins behind damage.

The log is a sequence of commands in the store's protocol: `*<words>`, then each word as `$<bytes>`, its
bytes and a line end. What one server-side function writes stands between MULTI and EXEC.

- What cannot be read is damaged up to the next entry that can, is a write, and is of a key of ours: a
  value can look like an entry, but texts hold no line ends where the service keeps them raw.
- A group that damage broke was acknowledged, since the log goes on behind it: its whole entries count
  one by one. A group without its EXEC at the end never was: it goes as a whole, as on the server.
- The log has no checksums: a bit that fell inside a value is not seen here, nor by the server.
"""

import mmap
import re
from typing import NamedTuple

Log = bytes | mmap.mmap

_ENTRY = re.compile(rb"\*([1-9]\d{0,6})\r\n")
_WORD = re.compile(rb"\$(\d{1,10})\r\n")
_BEGINNING = re.compile(rb"\*[1-9]\d{0,6}\r\n\$\d{1,2}\r\n[A-Za-z]")
_NOTE = re.compile(rb"#[^\r\n]{1,1024}\r\n")

_KEYLESS = frozenset((b"MULTI", b"EXEC", b"SELECT"))
_OPERATORS = frozenset((b"FLUSHALL", b"FLUSHDB", b"SWAPDB", b"FUNCTION", b"SCRIPT"))
_WRITES = frozenset(
    b"""
    APPEND BITFIELD BITOP BLMOVE COPY DECR DECRBY DEL DELIFEQ EXPIRE EXPIREAT GEOADD
    GEOSEARCHSTORE GETDEL GETEX GETSET HDEL HEXPIRE HEXPIREAT HGETEX HINCRBY HINCRBYFLOAT HMSET
    HPERSIST HPEXPIRE HPEXPIREAT HSET HSETEX HSETNX INCR INCRBY INCRBYFLOAT LINSERT LMOVE LPOP
    LPUSH LPUSHX LREM LSET LTRIM MOVE MSET MSETNX PERSIST PEXPIRE PEXPIREAT PFADD PFMERGE PSETEX
    RENAME RENAMENX RESTORE RPOP RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SET SETBIT SETEX SETNX
    SETRANGE SINTERSTORE SMOVE SPOP SREM SUNIONSTORE UNLINK XACK XADD XAUTOCLAIM XCLAIM XDEL
    XGROUP XREADGROUP XSETID XTRIM ZADD ZDIFFSTORE ZINCRBY ZINTERSTORE ZPOPMAX ZPOPMIN ZRANGESTORE
    ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZUNIONSTORE
    """.split()
)


class Span(NamedTuple):
    """Bytes of a log, from `start` up to `end`."""

    start: int
    end: int


class Entry(NamedTuple):
    """A whole entry: where it ends, its command, and what follows the command."""

    end: int
    command: bytes
    key: bytes

    @property
    def is_ours(self) -> bool:
        """Whether the service itself may have written it."""
        return self.command in _KEYLESS or (self.command in _WRITES and b"rs:" in self.key[:12])


def entry_at(log: Log, at: int) -> Entry | None:
    """Return the entry that begins there; None if none does, or a part of it is missing."""
    note = _NOTE.match(log, at)
    if note is not None:  # a time, where the server is told to note it
        return Entry(note.end(), b"#", b"")
    head = _ENTRY.match(log, at)
    if head is None:
        return None
    words: list[bytes] = []
    at = head.end()
    for _ in range(int(head[1])):
        word = _word_at(log, at)
        if word is None:
            return None
        if len(words) < 2:
            words.append(bytes(log[word.start : word.end]))
        at = word.end + 2
    command = words[0].upper()
    if command not in _WRITES | _KEYLESS | _OPERATORS:
        return None
    if command == b"XGROUP":  # its key comes after what is done with the group
        return Entry(at, command, b"rs:")
    return Entry(at, command, words[1] if len(words) > 1 else b"")


def next_after(log: Log, damage: int) -> int:
    """Return where the first whole entry of ours begins behind a damage; the end if none does."""
    for found in _BEGINNING.finditer(log, damage + 1):
        entry = entry_at(log, found.start())
        if entry is not None and entry.is_ours:
            return found.start()
    return len(log)


def is_word_at(log: Log, at: int) -> bool:
    """Whether a whole word begins there: behind an entry it says that the entry's count is damaged."""
    return _word_at(log, at) is not None


def _word_at(log: Log, at: int) -> Span | None:
    head = _WORD.match(log, at)
    if head is None:
        return None
    end = head.end() + int(head[1])
    return Span(head.end(), end) if log[end : end + 2] == b"\r\n" else None
