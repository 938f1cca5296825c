"""Lists of which it was noted what each voice said of their places, with what came of them."""

import numpy as np
import polars as pl

from recsvc.errors import InvalidError
from workers.log.archive import Archive
from workers.log.attribution import attributed_in
from workers.log.exposures import ExposureFiles
from workers.loop.blending import Lists

_MOST_LISTS = 20_000
_ACTS = ("clicked", "has_read", "upvoted", "saved", "shared")


def noted_lists(files: ExposureFiles, archive: Archive, since_us: int) -> Lists:
    """Return the latest of those that the served model ranked; an act of any kind is a click.

    Raises:
        InvalidError: when there is none.
    """
    is_own = (pl.col("source") == "personal") & ~pl.col("is_tried").fill_null(value=False)
    noted = (
        files.scan(since_us)
        .filter(is_own & (pl.col("points").list.len() > 0))
        .sort("at_us")
        .tail(_MOST_LISTS)
        .collect()
    )
    places = attributed_in(noted.lazy(), archive, since_us)
    acted = places.filter(pl.any_horizontal(*_ACTS)).select("feed_id", "at_us", "position")
    return _lists(noted, acted.collect())


def _lists(shown: pl.DataFrame, clicks: pl.DataFrame) -> Lists:
    """Return the lists whose voices are those of the latest.

    Args:
        shown: exposures of which points were noted, oldest first.
        clicks: `feed_id`, `at_us` and `position` of places that were clicked.

    Raises:
        InvalidError: when there is none.
    """
    if shown.is_empty():
        raise InvalidError("of no list is known what each voice said of its places")
    voices = tuple(shown["speakers"][-1].to_list())
    noted = shown.filter(pl.col("speakers").list.join(" ") == " ".join(voices))
    width = max(noted["items"].list.len().to_list())
    size = len(voices) + 1
    points = np.zeros((noted.height, width, size), np.float32)
    is_there, is_free, clicked = np.zeros((3, noted.height, width), bool)
    by_list: dict[tuple[str, int], list[int]] = {}
    for feed_id, at_us, position in clicks.iter_rows():
        by_list.setdefault((feed_id, at_us), []).append(position)
    for i, row in enumerate(noted.iter_rows(named=True)):
        n = len(row["items"])
        points[i, :n] = np.array(row["points"], np.float32).reshape(n, size)
        is_there[i, :n] = True
        is_free[i, :n] = [voice != "explore" for voice in row["voices"]]
        clicked[i, by_list.get((row["feed_id"], row["at_us"]), [])] = True
    readers = noted["user"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return Lists(voices, points, is_there, is_free, clicked, readers)
