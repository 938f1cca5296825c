"""The client that waits and the client that is awaited are one client: same calls, same arguments."""

import inspect
from typing import Any

from recsvc.client import AsyncClient, Client

_ENDS = {"close": "aclose"}


def methods(of: type[Any]) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(of, inspect.isfunction)
    return {name: inspect.signature(f) for name, f in found if not name.startswith("_")}


def test_both_clients_have_the_same_calls_with_the_same_arguments():
    waiting, awaited = methods(Client), methods(AsyncClient)

    assert {_ENDS.get(name, name) for name in waiting} == set(awaited)
    for name, signature in waiting.items():
        twin = awaited[_ENDS.get(name, name)]
        ours = [(p.name, p.kind, p.default) for p in signature.parameters.values()]
        theirs = [(p.name, p.kind, p.default) for p in twin.parameters.values()]
        assert ours == theirs, name


def test_both_say_the_same_of_every_call():
    for name in methods(Client):
        ours = inspect.getdoc(getattr(Client, name)) or ""
        theirs = inspect.getdoc(getattr(AsyncClient, _ENDS.get(name, name))) or ""
        assert ours.split("\n")[0].split(":")[0] == theirs.split("\n")[0].split(":")[0], name
