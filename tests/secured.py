"""A service with credentials, and callers that show them."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from recsvc.access import tokens
from recsvc.clock import now_us
from tests.service import Service

ORIGIN = "https://papers.example.org"
OTHER_ORIGIN = "https://blog.example.org"

_addresses = itertools.count(1)


@dataclass
class Secured:
    """A running service, and one credential of each kind."""

    service: Service
    secret: str
    publishable: str
    signing: str

    def token(self, user: str) -> str:
        """A user token as a host would make it."""
        return tokens.mint(self.signing, user, "recsvc", now_us(), 600)

    def call(
        self,
        method: str,
        path: str,
        key: str | None = None,
        origin: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Call with a credential, from an address that nobody else in the tests has."""
        headers = {"x-forwarded-for": address()} | dict(options.pop("headers", {}))
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        if origin is not None:
            headers["origin"] = origin
        return self.service.http.request(method, path, headers=headers, **options)

    def make(self, **wanted: Any) -> tuple[str, str]:
        """Make a key; return its id and the key."""
        response = self.call("POST", "/v1/keys", self.secret, json=wanted)
        assert response.status_code == 201, response.text
        return response.json()["about"]["id"], response.json()["key"]


def address() -> str:
    """An address in a neighbourhood of its own."""
    n = next(_addresses)
    return f"10.{n // 256}.{n % 256}.1"


def secure(folder: Path, **settings: Any) -> Secured:
    """Start a service and make one credential of each kind."""
    service = Service(folder, **({"trusted_proxies": "127.0.0.1"} | settings)).start()
    made = service.http.post("/v1/keys", json={"kind": "secret"})
    assert made.status_code == 201, made.text
    found = Secured(service, made.json()["key"], "", "")
    found.publishable = found.make(kind="publishable", origins=[ORIGIN])[1]
    found.signing = found.make(kind="signing")[1]
    return found
