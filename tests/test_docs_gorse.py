"""docs/gorse.md against the code that it repeats."""

import re

from recsvc.api.app import create_app
from recsvc.core.readers.gorse_feedback import ALL_OTHERS, TYPES
from recsvc.settings import Settings
from tests.service import REPOSITORY

PAGE = (REPOSITORY / "docs" / "gorse.md").read_text()
NAMES = {"user_id": "user", "item_id": "item", "type_": "type", "in_category": "category"}


def test_every_call_is_in_the_table():
    path = Settings().gorse_path
    calls = {
        f"{method} {route.path}"
        for route in create_app(Settings()).routes
        if route.path.startswith(path)
        for method in route.methods - {"OPTIONS", "HEAD"}
    }
    assert len(calls) > 40

    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /gorse/[^`]+)`", PAGE))
    for call in calls:
        shown = re.sub(r"\{(\w+):\w+\}", lambda m: f"{{{NAMES.get(m[1], m[1])}}}", call)
        assert shown in named, shown


def test_every_type_is_in_the_table():
    rows = dict(re.findall(r"^\| (`.+?) \| `(\w+)`", PAGE, re.M))
    documented = {
        name: kind for names, kind in rows.items() for name in re.findall(r"`(\w+)`", names)
    }

    assert documented == {name: kind for name, kind in TYPES.items() if name != ALL_OTHERS}
    assert f"| any other | `{TYPES[ALL_OTHERS]}` |" in PAGE
