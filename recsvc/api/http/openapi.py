"""What the OpenAPI document says beyond what signatures can."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.types import BeforeRequestHookHandler

from recsvc import __version__
from recsvc.core.access.caller import PUBLIC


def config(components: Components, for_people: BeforeRequestHookHandler) -> OpenAPIConfig:
    """Return how the document is made: OpenAPI 3.1 at /schema.

    Args:
        for_people: answers a request for it in its own way, or leaves it by None.
    """
    return OpenAPIConfig(
        title="recsvc",
        version=__version__,
        description="Log events with one POST, read a personal feed with one GET; the very next "
        "request reflects the event. What answers GET answers HEAD too, without a body.",
        use_handler_docstrings=True,
        components=components,
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            include_in_schema=False,
            opt={"access": PUBLIC},
            before_request=for_people,
        ),
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
    )


_NAMED: dict[str, dict[str, Any]] = {}


class Plain(Schema):
    """A schema given as the JSON it becomes."""

    def __init__(self, json: dict[str, Any]) -> None:
        super().__init__()
        self._json = json

    def to_schema(self) -> dict[str, Any]:
        """Return the JSON."""
        return self._json


def accepts_records(
    record: type, description: str, envelope: type | None = None
) -> type[Operation]:
    """Return an operation whose body is one record, an array of at most 1,000, or NDJSON.

    Such handlers read their body themselves, so that one bad record does not cost the others.

    Args:
        envelope: another object that the body may be.
    """
    one = schema_of(record)
    many = {"type": "array", "items": one, "maxItems": 1000}
    shapes = [one, many] if envelope is None else [one, many, schema_of(envelope)]
    lines = OpenAPIMediaType(schema=Plain({"type": "string"}))
    return _with_body(
        description,
        {
            "application/json": OpenAPIMediaType(schema=Plain({"anyOf": shapes})),
            "application/x-ndjson": lines,
            "text/plain": lines,
        },
    )


def accepts_record(record: type, description: str) -> type[Operation]:
    """Return an operation whose body is one record, whatever it is labelled."""
    content = {
        "application/json": OpenAPIMediaType(schema=Plain(schema_of(record))),
        "text/plain": OpenAPIMediaType(schema=Plain({"type": "string"})),
    }
    return _with_body(description, content)


def _with_body(description: str, content: dict[str, OpenAPIMediaType]) -> type[Operation]:
    body = RequestBody(description=description, required=True, content=content)

    @dataclass
    class ReadingOperation(Operation):
        """An operation that reads its body itself."""

        def __post_init__(self) -> None:
            self.request_body = body

    return ReadingOperation


def schema_of(record: Any) -> dict[str, Any]:
    """Return a type's JSON schema; structs in it are named, and told to `named_schemas`.

    Written out where they are used, a struct would be as many types to whoever generates a client as
    there are places, and generators refuse to make two of one name.
    """
    (schema,), components = msgspec.json.schema_components(
        [record], ref_template="#/components/schemas/{name}"
    )
    for name, component in components.items():
        assert _NAMED.setdefault(name, component) == component, f"two types are named {name}"
    found: dict[str, Any] = schema
    return found


def named_schemas() -> dict[str, dict[str, Any]]:
    """Return what schemas made here refer to, by name."""
    return _NAMED
