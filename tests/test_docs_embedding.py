"""docs/embedding.md and docs/clients.md against the code that they repeat."""

import re

import pytest

import recsvc.client
from recsvc.api.embed.modules import STATIC
from recsvc.client import AsyncClient, CallError, Client
from tests.service import REPOSITORY

SOURCE = (STATIC / "v1.js").read_text()
EMBEDDING = (REPOSITORY / "docs" / "embedding.md").read_text()
CLIENTS = (REPOSITORY / "docs" / "clients.md").read_text()


def documented(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("attributes", r'setting\((?:this|element), "([a-z-]+)"\)'),
        ("lists of words", r'words\(this, "([a-z-]+)"\)'),
        ("parts", r'part: "([a-z]+)"|button\("([a-z]+)"'),
        ("properties", r"var\((--recsvc-[a-z-]+)"),
        ("news", r'tell\("(recsvc-[a-z]+)"'),
    ],
)
def test_the_reference_names_all(what, pattern):
    found = {name for match in re.findall(pattern, SOURCE) for name in [match, *match] if name}
    names = {name for name in found if isinstance(name, str) and len(name) > 1}

    assert names, what
    assert names <= documented(EMBEDDING), what


def test_the_reference_names_all_of_the_form_to_subscribe():
    source = (STATIC / "subscribe.js").read_text()
    patterns = [r'part: "([a-z]+)"', r'setting\(this, "([a-z]+)"\)', r"var\((--recsvc-[a-z-]+)"]
    names = {name for pattern in patterns for name in re.findall(pattern, source)}
    texts = {f"text-{name}" for name in re.findall(r'phrase\(this, "([a-z]+)"\)', source)}

    assert len(names) > 8
    assert len(texts) == 5
    assert names | texts <= documented(EMBEDDING)


def test_default_texts_are_those_of_the_script():
    texts = dict(re.findall(r'^  (\w+): "(.*)",$', SOURCE, re.MULTILINE))

    assert len(texts) == 7
    for name, text in texts.items():
        assert f"| `text-{name}` | `{text}` |" in EMBEDDING


def test_every_call_and_every_error_of_the_clients_is_named():
    calls = {n for n, f in vars(Client).items() if not n.startswith("_") and callable(f)} - {
        "close"
    }
    errors = {
        n
        for n, c in vars(recsvc.client).items()
        if isinstance(c, type) and issubclass(c, CallError)
    }

    assert calls | errors <= documented(CLIENTS)
    missing = [name for name in calls if not hasattr(AsyncClient, name)]
    assert not missing


def test_both_clients_have_the_same_calls():
    javascript = (STATIC / "client.js").read_text()

    for name in vars(Client):
        if name.startswith("_") or not callable(vars(Client)[name]):
            continue
        camel = re.sub(r"_(\w)", lambda m: m[1].upper(), name)
        assert re.search(rf"^  (async )?\*?{camel}\(", javascript, re.MULTILINE), camel
    for name in recsvc.client.__all__:
        if name.endswith("Error"):
            assert f"export class {name} " in javascript


def test_the_types_declare_what_the_module_exports():
    module, types = ((STATIC / name).read_text() for name in ("client.js", "client.d.ts"))
    exported = r"^export class (\w+)(?: extends (\w+))?"

    found = set(re.findall(exported, module, re.MULTILINE))
    declared = set(re.findall(exported, types, re.MULTILINE))

    assert found == declared | {("CallError", "Error")}
    for method in re.findall(r"^  (?:async )?\*?([a-z]\w*)\(.*\{$", module, re.MULTILINE):
        assert re.search(rf"^  {method}(?:<.*>)?\(", types, re.MULTILINE), method
