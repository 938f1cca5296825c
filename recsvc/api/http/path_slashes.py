"""Slashes within names in a path, where routes have names between slashes: `/item/hep%2F9407/neighbors`.

A path is decoded before a route is looked for, and such a name would be two. Here the slash that belongs
to a name is something else until the route is found.
"""

from typing import Any, cast
from urllib.parse import unquote

from litestar.types import Scope

_FOR_SLASH = "\x1f"  # no id has it


def kept_apart(scope: Any, below: str) -> Any:
    """Return a scope whose path keeps slashes of names apart, for paths below some path."""
    raw: bytes = scope.get("raw_path", b"").partition(b"?")[0]
    if not below or b"%2f" not in raw.lower() or not scope["path"].startswith(f"{below}/"):
        return scope
    names = raw.decode("latin-1").split("/")
    return {**scope, "path": "/".join(unquote(name).replace("/", _FOR_SLASH) for name in names)}


def put_back(scope: Scope) -> None:
    """Give names their slashes, once the route is found."""
    params = cast("dict[str, Any]", scope).get("path_params", {})
    for name, value in params.items():
        if isinstance(value, str) and _FOR_SLASH in value:
            params[name] = value.replace(_FOR_SLASH, "/")
