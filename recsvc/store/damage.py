"""Damage: rows of the store that cannot be read. They are left out and told, and stop nothing else.

A row may come from a version that was taken back, a hand that slipped, or a copy that was cut short. One
of them must never keep a process from starting or a list from being answered.
"""

from collections.abc import Callable
from typing import TypeVar

import structlog

from recsvc.core.fitting import UNREADABLE

log = structlog.get_logger()

Row = TypeVar("Row")

_KEPT = 1_000
_NAMED = 3
_UNREADABLE = (
    *UNREADABLE, AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError
)  # fmt: skip


class Damage:
    """What this process could not read.

    Attributes:
        counts: rows by kind, each counted once.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._broken: dict[tuple[str, str], str] = {}

    def read(
        self, kind: str, name: bytes | str, raw: bytes, decode: Callable[[bytes], Row]
    ) -> Row | None:
        """Return what a row says; None when it cannot be read, which is noted."""
        try:
            row = decode(raw)
        except _UNREADABLE as exc:
            self._note(kind, _text(name), str(exc))
            return None
        if self._broken:
            self._broken.pop((kind, _text(name)), None)
        return row

    def whole(self, read: Callable[[], Row]) -> Row | None:
        """Return many rows that are read at once; None when each has to be, by `read`.

        That is where one of them cannot be read, or where there are some to be found sound again.
        """
        if self._broken:
            return None
        try:
            return read()
        except _UNREADABLE:
            return None

    def gone(self, kind: str, name: bytes | str) -> None:
        """Note that there is no such row any more."""
        self._broken.pop((kind, _text(name)), None)

    @property
    def problem(self) -> str | None:
        """What cannot be read, and what helps; None while everything can."""
        if not self._broken:
            return None
        kinds = {kind for kind, _ in self._broken if kind != "profile"}
        named = [f"{kind} {name!r}" for kind, name in self._broken if kind != "profile"]
        n_profiles = len(self._broken) - len(named)
        parts = named[:_NAMED] + (["profiles"] if n_profiles else [])
        more = "" if len(named) <= _NAMED else " and more"
        help_ = "put the items anew" if "item" in kinds else "`recsvc rebuild` makes them anew"
        left_out = f"{', '.join(parts)}{more}; {help_}"
        return f"{len(self._broken)} rows cannot be read, and are left out: {left_out}"

    def _note(self, kind: str, name: str, error: str) -> None:
        if (kind, name) in self._broken or len(self._broken) >= _KEPT:
            return
        self._broken[kind, name] = error
        self.counts[kind] = self.counts.get(kind, 0) + 1
        log.error("row_unreadable", kind=kind, error=error, **_shown(kind, name))


def _text(name: bytes | str) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def _shown(kind: str, name: str) -> dict[str, str]:
    return {} if kind == "profile" else {"name": name}  # no reader in a log


damage = Damage()
