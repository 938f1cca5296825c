"""Salvage: which bytes of a damaged log stay. What that is, `recsvc.store.bundled.entries` says."""

import msgspec

from recsvc.store.bundled.entries import Log, Span, entry_at, is_word_at, next_after


class Salvage(msgspec.Struct, frozen=True):
    """What a log comes to.

    Attributes:
        kept: what stays, in order; neighbours are joined.
        damaged: what cannot be read, and the group that the log's end cut off.
    """

    kept: list[Span]
    damaged: list[Span]

    @property
    def is_sound(self) -> bool:
        """Whether everything stays."""
        return not self.damaged

    @property
    def n_lost_bytes(self) -> int:
        """Bytes that cannot be read."""
        return sum(span.end - span.start for span in self.damaged)


class _Group:
    """What stands between MULTI and EXEC."""

    def __init__(self, multi: Span) -> None:
        self.multi = multi
        self.commands: list[Span] = []
        self.broken_at: int | None = None


def salvage(log: Log) -> Salvage:
    """Return what of a log can be kept: every whole entry."""
    sorting = _Sorting()
    at = 0
    while at < len(log):
        entry = entry_at(log, at)
        if entry is None:
            behind = next_after(log, at)
            sorting.damage(Span(at, behind), is_count_wrong=is_word_at(log, at))
            at = behind
        else:
            sorting.entry(entry.command, Span(at, entry.end))
            at = entry.end
    return sorting.finish(len(log))


class _Sorting:
    def __init__(self) -> None:
        self._kept: list[Span] = []
        self._damaged: list[Span] = []
        self._group: _Group | None = None
        self._last: Span | None = None

    def entry(self, command: bytes, span: Span) -> None:
        self._last = None if command in (b"MULTI", b"EXEC") else span
        if command == b"MULTI":
            self._keep_commands()  # the EXEC before it was damaged
            self._group = _Group(span)
        elif command == b"EXEC":
            self._end_group(span)
        elif self._group is not None:
            self._group.commands.append(span)
        else:
            self._keep(span)

    def damage(self, span: Span, is_count_wrong: bool) -> None:
        if is_count_wrong and self._last is not None:
            # A word too many: the entry before it lost one, and would be carried out without it.
            self._take_back(self._last)
            span = Span(self._last.start, span.end)
        self._last = None
        self._damaged.append(span)
        if self._group is not None and self._group.broken_at is None:
            self._group.broken_at = span.start

    def finish(self, end: int) -> Salvage:
        """Return the result; a group that the end cut off goes."""
        group = self._group
        if group is not None:
            last = group.commands[-1].start if group.commands else group.multi.start
            if group.broken_at is None or last < group.broken_at:
                self._damaged = [d for d in self._damaged if d.start < group.multi.start]
                self._damaged.append(Span(group.multi.start, end))
            else:
                self._keep_commands()
        return Salvage(self._kept, self._damaged)

    def _end_group(self, span: Span) -> None:
        group, self._group = self._group, None
        if group is None:
            return  # its MULTI was damaged, and its commands are kept already
        if group.broken_at is None:
            self._keep(Span(group.multi.start, span.end))
        else:
            self._group = group
            self._keep_commands()

    def _keep_commands(self) -> None:
        if self._group is not None:
            for span in self._group.commands:
                self._keep(span)
        self._group = None

    def _keep(self, span: Span) -> None:
        if self._kept and self._kept[-1].end == span.start:
            self._kept[-1] = Span(self._kept[-1].start, span.end)
        else:
            self._kept.append(span)

    def _take_back(self, span: Span) -> None:
        if self._group is not None:
            self._group.commands.pop()
            return
        joined = self._kept.pop()
        if joined.start < span.start:
            self._kept.append(Span(joined.start, span.start))
