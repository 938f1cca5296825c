"""Server-side functions: Lua scripts called by digest, loaded where a server does not know them.

Scripts rather than Redis functions: a library is replaced for everybody at once, while scripts of an
old and a new version live side by side during a rolling deployment.
"""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from recsvc.store.pipe import Pipe

# What scripts share stands before them: a script cannot load another.
_SHARED = {"apply": ["board"], "absorb": ["board"]}


@cache
def source(name: str) -> str:
    """Return the text of a script."""
    folder = files("recsvc.store") / "lua"
    return "".join((folder / f"{n}.lua").read_text() for n in [*_SHARED.get(name, []), name])


@cache
def digest(name: str) -> str:
    """Return the digest by which a server knows a script."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


async def call(pipe: Pipe, name: str, keys: list[str], args: list[Any]) -> Any:
    """Call a script, loading it first where the server does not know it."""
    try:
        return await pipe.send("EVALSHA", digest(name), len(keys), *keys, *args)
    except NoScriptError:
        return await pipe.send("EVAL", source(name), len(keys), *keys, *args)
