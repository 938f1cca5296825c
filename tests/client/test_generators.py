"""Clients that generators make of the OpenAPI document: whole, and at work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recsvc.api.app import create_app
from recsvc.settings import Settings
from tests.service import Service

pytestmark = pytest.mark.slow

GENERATOR = "openapi-python-client==0.29.1"
NEEDED = ("httpx", "attrs", "python-dateutil")
METHODS = ("get", "post", "put", "patch", "delete")

USE = """
import sys
from out import Client
from out.api.events import record_events
from out.api.items import upsert_items
from out.api.lists import search
from out.models import Event, NewItem

client = Client(base_url=sys.argv[1])
done = upsert_items.sync(client=client, body=[NewItem(id="made/1", title="Made by a generator")])
assert (done.created, done.updated, done.unchanged) == (1, 0, 0), done
sent = record_events.sync(client=client, body=Event(user="made", item="made/1", kind="upvote"))
assert sent.accepted == 1, sent
found = search.sync(client=client, q="generator", facets=True)
assert found.items[0].id == "made/1", found
assert found.search.found == 1, found.search
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(json.dumps(create_app(Settings()).openapi_schema.to_schema()))
    return path


@pytest.fixture(scope="module")
def uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def test_openapi_python_client_makes_every_operation_and_its_client_works(
    service: Service, document: Path, uv: str
):
    done = subprocess.run(
        [uv, "tool", "run", GENERATOR, "generate", "--path", document, "--meta", "none",
         "--output-path", "out"],
        cwd=document.parent, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Endpoint will not be generated" not in done.stdout
    paths = json.loads(document.read_text())["paths"]
    operations = [item[method] for item in paths.values() for method in METHODS if method in item]
    made = [
        file for file in (document.parent / "out" / "api").glob("*/*.py") if file.stem[0] != "_"
    ]
    assert len(made) == len(operations)

    use = [uv, "run", "--no-project", *(f"--with={name}" for name in NEEDED), "python", "-c", USE]
    done = subprocess.run(
        [*use, str(service.http.base_url)],
        cwd=document.parent, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_openapi_typescript_makes_types_that_compile(document: Path, node: str, node_modules: Path):
    types = node_modules / "api.d.ts"
    done = subprocess.run(
        [node, "node_modules/openapi-typescript/bin/cli.js", document, "-o", types],
        cwd=node_modules, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (node_modules / "uses-api.ts").write_text(
        'import type { components, operations } from "./api.d.ts";\n'
        'export const event: components["schemas"]["Event"] = { item: "a", kind: "upvote" };\n'
        'export type Found = operations["search"]["responses"][200]["content"]["application/json"];\n'
        "export const n = (found: Found): number => found.search.found + found.items.length;\n"
    )
    done = subprocess.run(
        [node, "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--module", "nodenext",
         "--target", "es2022", "uses-api.ts"],
        cwd=node_modules, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
