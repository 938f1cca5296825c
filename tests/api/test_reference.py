"""The API for people, at the address where programs get the document."""

import html
import re

import pytest

from recsvc.api.reference.document import groups
from tests.service import Service

_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def document(service: Service) -> dict:
    return service.http.get("/schema/openapi.json").json()


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.oai.openapi+json"])
def test_programs_get_the_document_and_people_a_page_of_the_same_address(
    service: Service, accept: str, document
):
    asked = service.http.get("/schema", headers={"Accept": accept})
    page = service.http.get("/schema", headers=_BROWSER)

    assert asked.json() == document
    assert page.headers["content-type"].startswith("text/html")
    assert "Accept" in page.headers["vary"]
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]


def test_the_page_tells_every_call_of_the_document_with_all_that_it_takes(
    service: Service, document
):
    page = html.unescape(service.http.get("/schema", headers=_BROWSER).text)

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            call = page.split(f'id="{operation["operationId"]}"')[1].split("</details>")[0]
            assert f"{method.upper()}</b> <code>{path}<" in call
            for one in operation.get("parameters", ()):
                assert f'name="{one["name"]}"' in call, (path, one["name"])
            for status in operation["responses"]:
                assert status < "400" or f"<b>{status}</b>" in call, (path, status)


def test_what_a_form_begins_with_is_what_the_service_asks_for(document):
    calls = {call.id: call for group in groups(document) for call in group.calls}

    fields = {field.name: field for field in calls["recordEvents"].body.fields}
    assert re.sub(r"\s+", " ", calls["recordEvents"].body.example) == (
        '{ "item": "", "kind": "upvote" }'
    )
    assert fields["item"].is_required
    assert not fields["user"].is_required
    assert fields["at"].kind == "time or number"
    assert [one.name for one in calls["getDaily"].parameters if one.is_in_path] == ["name"]
    assert calls["getTrending"].parameters[0].is_repeated
