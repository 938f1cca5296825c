"""What the clients offer to ask for is what the service can be asked for."""

import re
from typing import get_args, get_type_hints

import msgspec
import pytest

from recsvc.api.http.list_parameters import FeedAsked, ListAsked
from recsvc.client import calls
from recsvc.core import choices
from tests.service import REPOSITORY

TYPES = (REPOSITORY / "recsvc/api/static/client.d.ts").read_text()


def fields(shape: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(shape)}


def declared(interface: str) -> set[str]:
    """The fields of a TypeScript interface, its parents' included."""
    found = re.search(rf"interface {interface}(?: extends (\w+))? {{(.*?)\n}}", TYPES, re.DOTALL)
    assert found is not None, interface
    own = set(re.findall(r"^  (\w+)\??:", found[2], re.MULTILINE))
    return own | (declared(found[1]) if found[1] else set())


def test_the_python_client_offers_what_lists_take():
    assert set(get_type_hints(calls.ListFilters)) == fields(ListAsked)
    assert set(get_type_hints(calls.FeedFilters)) == fields(FeedAsked) - {"user"}  # an argument


def test_the_types_of_the_javascript_client_do_too():
    assert declared("ListFilters") == fields(ListAsked)
    assert declared("FeedFilters") == fields(FeedAsked) - {"user"} | {"history"}


@pytest.mark.parametrize("name", ["Seen", "Fields", "Window", "PeriodKind", "Likeness", "Sort"])
def test_both_clients_know_the_choices_there_are(name: str):
    known = get_args(getattr(choices, name))

    assert get_args(getattr(calls, name)) == known
    unions = re.findall(r"""\w+\?: ((?:"[^"]+"(?: \| )?)+)""", TYPES)
    offered = [set(re.findall(r'"([^"]+)"', union)) for union in unions]
    assert set(known) in offered or all(f"  {method}(" in TYPES for method in known)
