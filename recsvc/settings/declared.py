"""Declared: the settings that composed structs declare - their names, their meanings, where they are."""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, TypeVar, get_origin

import msgspec

from recsvc.secret import Secret

PREFIX = "RECSVC_"

S = TypeVar("S", bound=msgspec.Struct)


class Declared(msgspec.Struct, frozen=True):
    """One setting.

    Attributes:
        name: in lower case and without the prefix.
        path: from the composed struct to the field.
        type: of its value, with its bounds.
        check: raises what is wrong with a value within the bounds.
    """

    name: str
    path: tuple[str, ...]
    type: Any
    meaning: str
    check: Callable[[Any], object] | None

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def is_json(self) -> bool:
        """Whether it is written as a JSON object or array."""
        return get_origin(_bare(self.type)) in (dict, tuple)

    @property
    def is_hidden(self) -> bool:
        """Whether its value is never shown."""
        return _bare(self.type) is Secret

    def of(self, composed: msgspec.Struct) -> Any:
        """Return its value."""
        return reduce(getattr, self.path, composed)

    def text(self, composed: msgspec.Struct) -> str:
        """Return its value as one would write it in the environment, secrets included."""
        value = self.of(composed)
        value = value.reveal() if isinstance(value, Secret) else value
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def shown(self, composed: msgspec.Struct) -> str:
        """Return its value as text for people; dots for a secret."""
        text = self.text(composed)
        return "•••" if text and self.is_hidden else text


def declared_in(struct: type[msgspec.Struct], above: tuple[str, ...] = ()) -> Iterator[Declared]:
    """Yield the settings of a struct and of the structs within it, in the order they are declared."""
    for field in msgspec.structs.fields(struct):
        path = (*above, field.name)
        bare = _bare(field.type)
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            yield from declared_in(bare, path)
        for meta in getattr(field.type, "__metadata__", ()):
            if meta.extra and meta.extra.get("setting"):
                name = meta.extra["name"] or field.name
                check = meta.extra["check"]
                yield Declared(name, path, field.type, meta.description, check)


def placed(composed: S, path: tuple[str, ...], value: object) -> S:
    """Return a composed struct with one value in its place."""
    head, *rest = path
    if rest:
        value = placed(getattr(composed, head), tuple(rest), value)
    return msgspec.structs.replace(composed, **{head: value})


def _bare(hint: Any) -> Any:
    """Return a type without its bounds."""
    return getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
