"""What a page tells of the OpenAPI document: every call, what it takes and what it answers.

Nothing is written twice: whatever is said here stands in the document, and so at the routes.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

Schema = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
_CALLERS = {
    "secretKey": "a secret key",
    "publishableKey": "a publishable key",
    "userToken": "a user token",
}
# So deep is a record within a record shown in what is sent to begin with.
_DEEPEST = 3


class Field(msgspec.Struct, frozen=True):
    """One thing that a call takes or answers.

    Attributes:
        kind: what it may be, in words.
        default: as JSON; empty where there is none.
        choices: all it may be, where these are few.
    """

    name: str
    kind: str
    said: str
    default: str
    choices: list[str]
    is_required: bool
    is_in_path: bool = False
    is_repeated: bool = False


class Record(msgspec.Struct, frozen=True):
    """A body: its media types, what it holds, and one to begin with."""

    media_types: list[str]
    said: str
    fields: list[Field]
    example: str = ""


class Call(msgspec.Struct, frozen=True):
    """One method at one path.

    Attributes:
        paragraphs: what it does; the first is a sentence.
        callers: who may, in words; empty: anybody.
        problems: the statuses of its failures, each with its name.
    """

    id: str
    method: str
    path: str
    paragraphs: list[str]
    callers: list[str]
    parameters: list[Field]
    body: Record | None
    answer: Record | None
    problems: list[tuple[str, str]]


class Group(msgspec.Struct, frozen=True):
    """The calls about one thing."""

    name: str
    calls: list[Call]


def groups(document: Schema) -> list[Group]:
    """Return every call of a document by its tag, in the document's order."""
    found: dict[str, list[Call]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = item[method]
                found.setdefault(operation["tags"][0], []).append(
                    _call(document, method, path, operation)
                )
    return [Group(name, calls) for name, calls in found.items()]


def _call(document: Schema, method: str, path: str, operation: Schema) -> Call:
    answers = operation["responses"]
    good: Schema = next((answers[status] for status in sorted(answers) if status < "300"), {})
    return Call(
        operation["operationId"],
        method.upper(),
        path,
        _paragraphs(operation.get("description") or operation["summary"]),
        [_caller(one) for one in operation.get("security", [])],
        [_parameter(document, one) for one in operation.get("parameters", [])],
        _record(document, operation.get("requestBody")),
        _record(document, good),
        [
            (status, one["description"])
            for status, one in sorted(answers.items())
            if status >= "400"
        ],
    )


def _paragraphs(text: str) -> list[str]:
    return [" ".join(one.split()) for one in text.split("\n\n")]


def _caller(security: dict[str, list[str]]) -> str:
    ((scheme, scopes),) = security.items()
    return " ".join([_CALLERS[scheme], *(f"({scope})" for scope in scopes)])


def _parameter(document: Schema, parameter: Schema) -> Field:
    schema = parameter["schema"]
    field = _field(document, parameter["name"], schema, is_required=parameter["required"])
    return msgspec.structs.replace(
        field,
        said=parameter.get("description") or field.said,
        is_in_path=parameter["in"] == "path",
        is_repeated=schema.get("type") == "array",
    )


def _record(document: Schema, body: Schema | None) -> Record | None:
    """Return a body as one record: of several shapes the first that has fields."""
    if not body or not body.get("content"):
        return None
    media = body["content"]
    schema = media.get(_JSON, {}).get("schema", {})
    record = next(_records(document, schema), {})
    required = record.get("required", ())
    return Record(
        list(media),
        body.get("description", ""),
        [
            _field(document, name, one, is_required=name in required)
            for name, one in record.get("properties", {}).items()
        ],
        json.dumps(_example(document, record, _DEEPEST), indent=2, ensure_ascii=False)
        if record
        else "",
    )


def _records(document: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield the records that a schema may be, or may be a list of."""
    if "$ref" in schema:
        yield from _records(document, _resolved(document, schema))
    elif "properties" in schema:
        yield schema
    for one in (*_shapes(schema), schema.get("items", {})):
        yield from _records(document, one) if one else ()


def _resolved(document: Schema, schema: Schema) -> Schema:
    """Return what a schema refers to; one that refers to nothing as it is."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    found: Schema = document["components"]["schemas"][name]
    return found


def _shapes(schema: Schema) -> list[Schema]:
    return [*schema.get("oneOf", ()), *schema.get("anyOf", ())]


def _field(document: Schema, name: str, schema: Schema, *, is_required: bool) -> Field:
    whole = _resolved(document, schema)
    default = whole.get("default")
    return Field(
        name,
        _kind(schema),
        _paragraphs(schema.get("description") or "")[0],
        "" if default is None or default in ("", [], {}) else json.dumps(default).strip('"'),
        _choices(document, schema),
        is_required,
    )


def _choices(document: Schema, schema: Schema) -> list[str]:
    whole = _resolved(document, schema)
    found = [str(one) for one in whole.get("enum", ()) if one is not None]
    if whole.get("type") == "boolean":
        return ["true", "false"]
    return found or [one for shape in _shapes(whole) for one in _choices(document, shape)]


def _kind(schema: Schema) -> str:
    """Return what a value may be, in words: `list of text`, `time or number`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kinds = [_kind(one) for one in _shapes(schema)]
    if not kinds:
        given = schema.get("type", "anything")
        kinds = [
            _kind_of_type(schema, one) for one in ([given] if isinstance(given, str) else given)
        ]
    named = list(dict.fromkeys(one for one in kinds if one != "nothing"))
    return " or ".join(named) or "nothing"


def _kind_of_type(schema: Schema, name: str) -> str:
    if name == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if name == "string":
        return {"date-time": "time"}.get(schema.get("format", ""), "text")
    return {"null": "nothing", "integer": "whole number", "object": "object"}.get(name, name)


def _example(document: Schema, schema: Schema, depth: int) -> Any:
    """Return what a schema asks for and no more, to begin with."""
    if "$ref" in schema:
        return _example(document, _resolved(document, schema), depth)
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "default" in schema:
        return schema["default"]
    if "properties" in schema:
        required = schema.get("required", ()) if depth else ()
        return {
            name: _example(document, one, depth - 1)
            for name, one in schema["properties"].items()
            if name in required
        }
    if shapes := _shapes(schema):
        return _example(document, shapes[0], depth)
    empty: dict[str, Any] = {"array": [], "object": {}, "integer": 0, "number": 0, "boolean": False}
    given = schema.get("type", "string")
    if given == "array" and depth and schema.get("minItems"):
        return [_example(document, schema["items"], depth - 1)]
    return empty.get(given, "") if isinstance(given, str) else None
