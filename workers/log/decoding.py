"""Decoding entries of the log, those apart that can never be decoded."""

from recsvc.core.fitting import UNREADABLE
from recsvc.core.readers.events import Entry
from recsvc.store.log.streams import Logged


def decoded(logged: Logged) -> Entry | None:
    """Return an entry's event; None for one that is kept among the dead letters instead."""
    try:
        return logged.entry()
    except (*UNREADABLE, KeyError):
        return None
