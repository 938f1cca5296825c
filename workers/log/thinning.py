"""Thinning: events for which nobody vouches leave the archive earlier than others.

Whoever floods a site fills its disk as well. Files are written anew without such events once they are
old enough, and say so, so that each is looked at once.
"""

from datetime import date

import polars as pl

from recsvc.core.access.caller import ANONYMOUS
from recsvc.core.access.trust import OWN_PREFIXES, UNVOUCHED
from workers.log.archive import Archive


def thin_before(archive: Archive, day: date) -> int:
    """Drop what nobody vouches for from the files of earlier days; return how many events went."""
    gone = 0
    for file in archive.thick_before(day):
        events = pl.read_parquet(file)
        kept = events.filter(~is_unvouched(events))
        archive.rewrite(file, kept, is_thinned=True)
        gone += events.height - kept.height
    return gone


def is_unvouched(events: pl.DataFrame) -> pl.Expr:
    """The same as `trust_of` says of one entry; files of former releases do not name the class."""
    user = pl.col("user")
    trust = pl.col("trust") if "trust" in events.columns else pl.lit(None, pl.String)
    is_own = pl.any_horizontal(user.str.starts_with(prefix) for prefix in OWN_PREFIXES)
    classed = trust.is_in([one.value for one in UNVOUCHED])
    return user.str.starts_with(ANONYMOUS) | pl.when(trust.is_null()).then(is_own).otherwise(
        classed
    )
