"""What the pages on lists, search and feeds repeat of the code is true."""

import re
from pathlib import Path

import msgspec
import pytest

from recsvc.api.app import create_app
from recsvc.api.http.list_parameters import ListAsked
from recsvc.api.huggingface import shape
from recsvc.api.syndication.formats import FORMATS
from recsvc.core.items import item as items
from recsvc.core.items import keywords
from recsvc.lists.periods import _DEPTH
from recsvc.settings import Settings
from recsvc.store.readers.preferences import MAX_PREFERENCES
from tests.service import REPOSITORY


def page(name: str) -> str:
    return (REPOSITORY / "docs" / f"{name}.md").read_text()


@pytest.fixture(scope="module")
def parameters() -> dict[str, set[str]]:
    """The query parameters of each GET, by path."""
    paths = create_app(Settings()).openapi_schema.to_schema()["paths"]
    return {
        path: {p["name"] for p in methods["get"].get("parameters", []) if p["in"] == "query"}
        for path, methods in paths.items()
        if "get" in methods
    }


COMMON = {field.name for field in msgspec.structs.fields(ListAsked)}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/trending", {"window"}),
        ("/v1/new", set()),
        ("/v1/daily/{name}", set()),
        ("/v1/weekly/{name}", set()),
        ("/v1/monthly/{name}", set()),
        ("/v1/similar", {"item", "by"}),
        ("/v1/search", {"q", "prefix", "sort", "facets"}),
    ],
)
def test_lists_take_the_parameters_that_are_documented(parameters, path: str, more: set[str]):
    assert parameters[path] == COMMON | more
    documented = set(re.findall(r"`(\w+)(?:=[^`]*)?`", page("lists") + page("search")))
    assert documented >= COMMON


def test_figures_in_the_pages_are_the_codes():
    lists = page("lists")

    assert f"reaches its first {_DEPTH:,} items" in lists
    assert f"keeps {MAX_PREFERENCES} at most" in lists
    assert (keywords.N_KEYWORDS, keywords._MAX_WORDS, keywords._MIN_TITLES) == (5, 4, 3)
    assert "up to five keywords" in lists
    assert "up to four words that at least three titles" in lists


def test_every_format_is_documented():
    for ending in FORMATS:
        assert f".{ending}`" in page("syndication")


def test_every_extra_that_the_page_names_is_read():
    listed = page("huggingface").split("comes from its `extra`:")[1]
    named = set(re.findall(r"`(\w+)`", listed))
    code = "".join(Path(module.__file__).read_text() for module in (shape, items))

    assert all(f'"{name}"' in code for name in named)
    assert named >= {name for names in shape._EXTRAS.values() for name in names}
