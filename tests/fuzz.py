"""`make fuzz`: schemathesis against a real service, from its own OpenAPI document.

Nothing it sends may lead to a 5xx, to a status or a content type that the document does not name, to an
answer that does not fit its schema, or past the credential that a route asks for.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.secured import Secured, secure

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)

# oEmbed 1.0 answers a format that it does not speak with 501.
_EXPECTED = """
[[operations]]
include-path = "/oembed"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""


def main() -> None:
    """Fuzz for a while; the exit code says whether anything was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, help="to repeat a run")
    parser.add_argument("more", nargs="*", help="further options of `schemathesis run`")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        secured = secure(Path(folder) / "data", limit_refused_per_minute=0, log_level="error")
        try:
            fill(secured)
            code = fuzz(secured, asked.seconds, asked.seed, asked.more, Path(folder))
            print(secured.service.log(), file=sys.stderr)
        finally:
            secured.service.stop()
    sys.exit(code)


def fill(secured: Secured) -> None:
    """Give the lists something to say."""
    items = [{"id": f"p{n}", "title": f"paper {n}", "topics": ["t"]} for n in range(30)]
    assert secured.call("POST", "/v1/items", secured.secret, json=items).status_code == 200
    events = [
        {"user": f"u{u}", "item": f"p{(u * 7 + n) % 30}", "kind": kind}
        for u in range(10)
        for n, kind in enumerate(["upvote", "click", "hide", "impression"])
    ]
    assert secured.call("POST", "/v1/events", secured.secret, json=events).status_code == 202


def fuzz(secured: Secured, seconds: int, seed: int | None, more: list[str], folder: Path) -> int:
    """Run schemathesis; return its exit code."""
    (folder / "schemathesis.toml").write_text(_EXPECTED)
    command = [
        sys.executable, "-m", "schemathesis.cli", "run",
        f"{secured.service.http.base_url}/schema/openapi.json",
        "--header", f"Authorization: Bearer {secured.secret}",
        "--checks", ",".join(CHECKS),
        "--max-time", str(seconds),
        "--request-timeout", "30",  # an export waits for erasures that came before it
        "--suppress-health-check", "all",
        "--continue-on-failure",
        "--warnings", "off",
        *([] if seed is None else ["--seed", str(seed)]),
        *more,
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    main()
