"""What is logged names nobody: neither a reader, nor an address that mail goes to."""

import ast
from collections.abc import Iterator

from tests.secured import Secured
from tests.service import REPOSITORY, wait_until

NAMING = {"user", "users", "reader", "readers", "email", "address", "subscriber", "cookie", "token"}
# A worker's fencing token is a number that says who leads.
HARMLESS = {("'worker_leads' if token else 'worker_stands_by'", "token")}


def logged() -> Iterator[tuple[str, set[str]]]:
    """Every line that may be logged: its event, and the names of its fields."""
    for path in [*REPOSITORY.glob("recsvc/**/*.py"), *REPOSITORY.glob("workers/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and node.func.attr in ("debug", "info", "warning", "error", "exception")
            ):
                yield ast.unparse(node.args[0]), {keyword.arg or "**" for keyword in node.keywords}


def test_no_field_of_a_line_is_a_readers():
    found = list(logged())

    assert len(found) > 50
    naming = {(event, name) for event, names in found for name in names & NAMING}
    assert naming - HARMLESS == set()


def test_no_line_of_a_log_names_a_reader(secured: Secured):
    user, email = "whom-no-log-names", "whom-no-log-names@bulk.example"
    token = secured.token(user)
    event = {"item": "unheard-of", "kind": "upvote"}
    asked = [
        ("POST", "/v1/events", event),
        ("GET", "/v1/feed", None),
        ("PATCH", "/v1/preferences", {"topics": {"x": "follow"}}),
        ("POST", "/v1/private-feed", None),
        ("GET", "/v1/feed?limit=none", None),
        ("POST", "/v1/events", event | {"kind": user}),
        ("GET", f"/v1/users/{user}/export", None),
    ]
    for method, path, body in asked:
        secured.call(method, path, token, json=body)
    secured.call("POST", "/v1/subscriptions", secured.secret, json={"email": email, "user": user})
    secured.call("GET", f"/v1/users/{user}/nothing", "rsk_wrong_key")
    erasure = secured.call("DELETE", f"/v1/users/{user}", secured.secret)
    assert erasure.status_code in (200, 202, 204), erasure.text

    log = secured.service.log_path
    wait_until(lambda: "readers_erased" in log.read_text(), "the worker has erased", 30)

    assert user not in log.read_text()
