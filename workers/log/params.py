"""When applied events move to the archive, and how long they stay there."""

from typing import Annotated

import msgspec

from recsvc.params import setting


class ExposureFileParams(msgspec.Struct, frozen=True):
    """How long it is kept what readers were shown, and how much of it."""

    kept_days: Annotated[
        int,
        setting(
            "Exposures are dropped after this many days; 0: never.", name="exposure_days", ge=0
        ),
    ] = 90
    megabytes: Annotated[
        int,
        setting(
            "Disk for exposures, the oldest going first: about 10,000 lists of 20 per MB.",
            name="exposure_mb",
            ge=1,
        ),
    ] = 1_000


class ArchiveParams(msgspec.Struct, frozen=True):
    """When the archiver has something to do."""

    every_s: Annotated[
        float,
        setting(
            "Move applied events from Redis to the archive this often.",
            name="archive_every_s",
            gt=0,
        ),
    ] = 60.0
    n_events: Annotated[
        int,
        setting("… and as soon as this many have gathered.", name="archive_events", ge=1),
    ] = 100_000
    kept_days: Annotated[
        int,
        setting(
            "Archived events are dropped after this many days; 0: never.",
            name="archive_days",
            ge=0,
        ),
    ] = 0
    unvouched_days: Annotated[
        int,
        setting(
            "… and those of anonymous sessions and visitors, for whom nobody vouches, after this many; "
            "0: with the others.",
            name="archive_anonymous_days",
            ge=0,
        ),
    ] = 365
