"""Params: how a struct beside an algorithm declares the numbers that operators may set.

    class TrendingParams(msgspec.Struct, frozen=True):
        half_life_hours: Annotated[
            float, setting("Votes halve in this time.", name="trending_half_life_hours", gt=0)
        ] = 36.0

Name, meaning, bounds and default of a setting stand there and nowhere else. `recsvc.settings` composes
such structs: it reads `RECSVC_TRENDING_HALF_LIFE_HOURS` for this field, names it when a value does not
fit, and lists it in docs/configuration.md. A field without `setting` cannot be set.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from msgspec import Meta

_LONGEST_URL = 800  # with what we append to it, a header of one line holds it


def setting(
    meaning: str,
    *,
    name: str | None = None,
    check: Callable[[Any], object] | None = None,
    **bounds: Any,
) -> Meta:
    """Declare a field that operators may set.

    Args:
        meaning: its line in docs/configuration.md.
        name: of its variable, in lower case and without the prefix; None: the field's own.
        check: called with a value within the bounds; raises what is wrong with it.
        bounds: as of `msgspec.Meta`: `ge`, `gt`, `le`, `lt`, `pattern`, …
    """
    return Meta(
        description=meaning, extra={"setting": True, "name": name, "check": check}, **bounds
    )


def check_url(url: str) -> None:
    """Refuse what is neither empty nor an http(s) address.

    Raises:
        ValueError: saying so.
    """
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    if url and not (is_plain and url.startswith(("https://", "http://")) and urlsplit(url).netloc):
        raise ValueError(f"{url!r} is not an http(s) address")
