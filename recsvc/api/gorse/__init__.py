"""Gorse's REST API, so that its clients work by changing an address.

docs/gorse.md says how each call is answered, and which are not. Once keys exist every call needs a
secret one: a publishable key names no readers, and these calls do. What names a reader asks for the
scope `readers`, wherever the name stands.
"""

from litestar import Router

from recsvc.api.gorse import feedback, health, items, recommend, users
from recsvc.core.access.caller import CATALOGUE


def router(path: str) -> Router:
    """Return the API under a path."""
    return Router(
        path,
        route_handlers=[
            *health.HANDLERS,
            *users.HANDLERS,
            *items.HANDLERS,
            *feedback.HANDLERS,
            *recommend.HANDLERS,
        ],
        opt={"access": CATALOGUE},
        include_in_schema=False,  # a foreign API: its own documentation describes it
    )
