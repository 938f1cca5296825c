"""Server-side functions: Lua scripts called by digest, loaded where a server does not know them.

Scripts rather than Redis functions: a library is replaced for everybody at once, while scripts of an
old and a new version live side by side during a rolling deployment.
"""

import hashlib
from functools import cache, partial
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from recsvc.store.pipe import Pipe

# Even a store that is full does these, beyond `maxmemory`: erasing and leaving, making keys, and what
# moves the log to the archive, which is what makes room again.
_RESERVED = {"forget", "erase_log", "mail_remove", "reserved", "lease", "apply", "trim"}

# What scripts share stands before them: a script cannot load another.
_SHARED = {
    "apply": ["board"],
    "absorb": ["board"],
    "forget_unknown": ["board"],
    "record": ["strangers"],
    "stranger": ["strangers"],
}


@cache
def source(name: str) -> str:
    """Return the text of a script."""
    folder = files("recsvc.store") / "lua"
    flags = "#!lua flags=allow-oom\n" if name in _RESERVED else ""
    return flags + "".join(
        (folder / f"{n}.lua").read_text() for n in [*_SHARED.get(name, []), name]
    )


async def reserved(pipe: Pipe, command: str, key: str, *args: Any) -> Any:
    """Send one command that even a full store does."""
    return await call(pipe, "reserved", [key], [command, *args])


@cache
def digest(name: str) -> str:
    """Return the digest by which a server knows a script."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


async def call(pipe: Pipe, name: str, keys: list[str], args: list[Any], replicas: int = 0) -> Any:
    """Call a script, loading it first where the server does not know it.

    Args:
        replicas: how many must have what it wrote before this returns.
    """
    send = partial(pipe.send_safely, keys[0], replicas=replicas)
    try:
        return await send("EVALSHA", digest(name), len(keys), *keys, *args)
    except NoScriptError:
        return await send("EVAL", source(name), len(keys), *keys, *args)
