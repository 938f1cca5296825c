"""Query names that a call does not know are refused: a misspelt filter must not silently be none.

What a route knows is what litestar reads for it, its dependencies included - the same that the OpenAPI
document shows - so that no handler says it again. Names by which links are tracked on their way are
no mistake of whoever follows a list in a feed reader: `/feeds/` ignores those. Pages ignore all they
do not know, since links to them are decorated too; so does `/oembed`, whose specification allows
parameters of anybody's own, and so do the facades of other services, as their originals.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.routes import HTTPRoute

from recsvc.errors import InvalidError

STRICT = ("/v1/", "/feeds/")
_DECORATED = "/feeds/"
_TRACKED = ("utm_", "_")
_TRACKERS = frozenset({"fbclid", "gclid"})

_OPT = "query_names"
_MAY_TRACK = "query_may_track"
_LONGEST = 40


def learn_names(app: Litestar) -> None:
    """Note with every strict route what its query may hold."""
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith(STRICT):
            for handler, reads in route.route_handler_map.values():
                names = {parameter.field_alias for parameter in reads.expected_query_params}
                handler.opt[_OPT] = frozenset(names)
                handler.opt[_MAY_TRACK] = route.path_format.startswith(_DECORATED)


def refuse_unknown(opt: Mapping[str, Any], query: bytes) -> None:
    """Refuse a query with a name that its route does not know.

    Args:
        opt: of the route.

    Raises:
        InvalidError: naming it, and the one that was probably meant.
    """
    known: frozenset[str] | None = opt.get(_OPT)
    if not query or known is None:
        return
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known and not (opt.get(_MAY_TRACK) and _is_tracking(name)):
            raise InvalidError(
                f"there is no parameter {name[:_LONGEST]!r}; {_hint(name, known)}", name
            )


def _is_tracking(name: str) -> bool:
    return name.startswith(_TRACKED) or name in _TRACKERS


def _hint(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name[:_LONGEST].casefold(), known, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(sorted(known))}" if known else "this call takes none"
