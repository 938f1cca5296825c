"""What is promised when something fails is shown by tests that exist."""

import ast
import re

from tests.service import REPOSITORY

PAGE = (REPOSITORY / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`(tests/\S+\.py)::(\w+)`", PAGE)


def test_every_named_test_exists():
    assert len(NAMED) >= 10
    for path, name in NAMED:
        tree = ast.parse((REPOSITORY / path).read_text())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in tree.body if isinstance(node, functions)}, path


def test_every_promise_names_a_test():
    promises = re.findall(r"^(?:- .+|\| (?!---|what happens).+)$", PAGE, re.M)
    assert promises
    assert not [line for line in promises if not re.search(r"`tests/\S+\.py::\w+`", line)]
