"""The OpenAPI document says who may call what, and every way in which it can fail."""

import re
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from recsvc.api.app import create_app
from recsvc.core.access.caller import Access
from recsvc.settings import Settings
from tests.service import Service

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi_schema.to_schema()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_every_failure_is_a_problem(document: dict[str, Any]):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "4" and name != "GET /health/ready" and status not in ("414", "431"):
                assert list(response["content"]) == ["application/problem+json"], name


def test_what_needs_a_credential_says_so_and_how_it_is_refused(document: dict[str, Any]):
    schemes = set(document["components"]["securitySchemes"])
    assert schemes == {"secretKey", "publishableKey", "userToken"}
    for name, operation in operations(document):
        needed = operation.get("security")
        if needed:
            assert {"401", "403", "429"} <= set(operation["responses"]), name
            assert {scheme for choice in needed for scheme in choice} <= schemes
        else:
            assert "401" not in operation["responses"], name


def test_it_agrees_with_the_routes(document: dict[str, Any]):
    by_id = {operation["operationId"]: operation for _, operation in operations(document)}
    for route in create_app(Settings()).routes:
        assert isinstance(route, HTTPRoute)
        for handler, _ in route.route_handler_map.values():
            if handler.operation_id in by_id:
                access: Access = handler.opt["access"]
                needed = by_id[handler.operation_id].get("security") or []
                schemes = {scheme for choice in needed for scheme in choice}
                assert ("publishableKey" in schemes) == access.publishable
                assert ("userToken" in schemes) == access.token
                assert ("secretKey" in schemes) == (access.scope is not None)


def test_answers_that_are_not_plain_json_say_what_they_are(document: dict[str, Any]):
    answers = {
        operation["operationId"]: set(operation["responses"]["200"]["content"])
        for _, operation in operations(document)
        if "200" in operation["responses"]
    }

    assert answers["metrics"] == {"text/plain; version=0.0.4"}
    assert answers["hfReadPaper"] == {"text/html", "text/markdown"}
    for feeds in ("getListAsFeed", "getPeriodAsFeed"):
        assert answers[feeds] == {
            "application/rss+xml", "application/atom+xml", "application/feed+json",
        }  # fmt: skip


def test_operation_ids_are_names_for_methods(document: dict[str, Any]):
    ids = [operation["operationId"] for _, operation in operations(document)]

    assert len(ids) == len(set(ids))
    assert all(i.isidentifier() and i[0].islower() for i in ids)


def test_a_call_without_the_body_that_it_needs_is_told_just_that(
    document: dict[str, Any], service: Service
):
    told = {}
    for name, operation in operations(document):
        if operation.get("requestBody", {}).get("required"):
            method, _, path = name.partition(" ")
            asked = [p for p in operation.get("parameters", []) if p["in"] == "query"]
            query = {p["name"]: "x" for p in asked if p.get("required")}
            answer = service.http.request(method, re.sub(r"{\w+}", "x", path), params=query)
            told[name] = answer.status_code, "the body is empty" in answer.text
    assert told
    assert set(told.values()) == {(400, True)}, told
