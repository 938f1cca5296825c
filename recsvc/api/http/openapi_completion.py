"""The OpenAPI document, completed: who may call what, and every way in which a call can fail.

Both follow from what the routes say of themselves: their `access`, and the `problems` that only they
know of (404 where something may not be there, 409, 410). So the document cannot forget them. Handlers
that encode their answer themselves say what it is: `answers`, a type for each media type.
"""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    PathItem,
    Reference,
    Schema,
    SecurityScheme,
)
from litestar.routes import HTTPRoute

from recsvc.api.http.openapi import Plain, named_schemas, schema_of
from recsvc.api.http.problems import MEDIA_TYPE, TITLES, Problem
from recsvc.core.access.caller import ADMIN, HEALTH, Access

_SAFE = ("GET", "HEAD")

# While no key exists and only this machine is served, none of these is needed.
COMPONENTS = Components(
    security_schemes={
        "secretKey": SecurityScheme(
            type="http",
            scheme="bearer",
            description="`rsk_…`, for servers: everything, or the scopes it was made with.",
        ),
        "publishableKey": SecurityScheme(
            type="http",
            scheme="bearer",
            description="`rpk_…`, for pages of its origins: public lists and events.",
        ),
        "userToken": SecurityScheme(
            type="http",
            scheme="bearer",
            bearer_format="JWT",
            description="HS256, signed by the host with its signing secret: `sub` (the reader), "
            "`aud`, `exp` at most an hour ahead.",
        ),
    }
)

_HEADERS = {
    401: ("WWW-Authenticate", "What kind of credential is wanted (RFC 6750)."),
    403: ("WWW-Authenticate", "Which scope would have been enough (RFC 6750)."),
    429: ("Retry-After", "Seconds after which the same call would be let in."),
    503: ("Retry-After", "Seconds after which to try again."),
}


def complete(app: Litestar) -> None:
    """Complete an application's document."""
    document = app.openapi_schema
    assert document.components.schemas is not None
    document.components.schemas["Problem"] = Plain(_schema())
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                operation = _operation(document, route.path_format, method)
                if operation is not None and handler.resolve_include_in_schema():
                    _complete(operation, handler, method)
    for name, schema in named_schemas().items():
        document.components.schemas.setdefault(name, Plain(schema))


def _operation(document: OpenAPI, path: str, method: str) -> Operation | None:
    item: PathItem | None = (document.paths or {}).get(path)
    return None if item is None else getattr(item, method.lower(), None)


def _complete(operation: Operation, handler: HTTPRouteHandler, method: str) -> None:
    access: Access = handler.opt.get("access", ADMIN)
    operation.security = _security(access)
    responses = operation.responses or {}
    responses.pop("400", None)  # the framework's own, which nobody ever gets
    if "answers" in handler.opt:
        responses["200"] = OpenAPIResponse(
            description="Success.",
            content={
                media_type: OpenAPIMediaType(schema=Plain(schema_of(answer)))
                for media_type, answer in handler.opt["answers"].items()
            },
        )
    statuses = _statuses(access, method, operation.request_body is not None)
    for status in sorted({*statuses, *handler.opt.get("problems", ())}):
        responses[str(status)] = _response(status)
    if operation.parameters:
        # Said by the server below, without a body.
        responses["414"] = OpenAPIResponse(description="The address is longer than 64 KiB.")
        responses["431"] = OpenAPIResponse(
            description="Address and headers are longer than 64 KiB."
        )
    operation.responses = responses


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.scope is None:
        return []
    schemes = [{"secretKey": [str(access.scope)]}]
    if access.publishable:
        schemes.append({"publishableKey": []})
    if access.token:
        schemes.append({"userToken": []})
    return schemes


def _statuses(access: Access, method: str, has_body: bool) -> set[int]:
    """Return the statuses that follow from what a route is, whatever it does."""
    found = {400}
    if access.scope is not None:
        found |= {401, 403}
    elif method not in _SAFE:
        found.add(403)
    if access.is_limited:
        found.add(429)
    if has_body:
        found |= {408, 413}
    if access != HEALTH:
        found.add(503)
    return found


def _response(status: int) -> OpenAPIResponse:
    headers: dict[str, OpenAPIHeader | Reference] = {}
    if status in _HEADERS:
        name, description = _HEADERS[status]
        headers[name] = OpenAPIHeader(description=description, schema=Schema(type=None))
    return OpenAPIResponse(
        description=TITLES[status],
        headers=headers,
        content={MEDIA_TYPE: OpenAPIMediaType(schema=Reference("#/components/schemas/Problem"))},
    )


def _schema() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([Problem])
    found: dict[str, Any] = components["Problem"]
    return found
