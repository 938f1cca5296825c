"""A handler's `asked`: a struct whose fields litestar reads from the query, checks and documents.

Litestar could make the struct as a dependency. It resolves those side by side, in a task each, which
takes several times as long as reading the query (250 µs more, measured): here the fields are the
handler's own parameters, and the struct is made on the way in.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

from recsvc.api.http.quick import learn

T = TypeVar("T")
Handler = Callable[..., Awaitable[T]]

_SAID = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern", "description")


def reads(shape: type[msgspec.Struct]) -> Callable[[Handler[T]], Handler[T]]:
    """Have a handler's `asked` read from the query, each field under its name.

    Args:
        shape: all its fields have a default; their `Meta` says what they mean.
    """
    fields = _parameters(shape)

    def decorated(handler: Handler[T]) -> Handler[T]:
        @wraps(handler)
        async def handle(**given: Any) -> T:
            asked = shape(**{field.name: given.pop(field.name) for field in fields})
            if (request := given.get("request")) is not None:
                learn(request.scope, asked)
            return await handler(asked=asked, **given)

        theirs = signature(handler)
        others = [
            parameter.replace(kind=Parameter.KEYWORD_ONLY)
            for parameter in theirs.parameters.values()
            if parameter.name != "asked"
        ]
        shown = theirs.replace(parameters=[*others, *fields])
        # What litestar looks at instead of the code (PEP 362).
        vars(handle)["__signature__"] = shown
        handle.__annotations__ = {p.name: p.annotation for p in shown.parameters.values()}
        handle.__annotations__["return"] = shown.return_annotation
        return handle

    return decorated


def _parameters(shape: type[msgspec.Struct]) -> list[Parameter]:
    plain, annotated = get_type_hints(shape), get_type_hints(shape, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=Annotated[plain[field.name], _parameter(annotated[field.name])],
        )
        for field in msgspec.structs.fields(shape)
    ]


def _parameter(hint: Any) -> Any:
    """Return what a field's `Meta` says, as litestar says it of a query parameter."""
    parts = (hint, *get_args(hint))  # in `Annotated[…] | None` it stands inside
    metas = [m for part in parts for m in getattr(part, "__metadata__", ()) if isinstance(m, Meta)]
    said = {name: getattr(meta, name) for meta in metas[:1] for name in _SAID}
    return QueryParameter(**{name: value for name, value in said.items() if value is not None})
