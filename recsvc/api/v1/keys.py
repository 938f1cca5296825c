"""Credentials over HTTP: make, list, rotate and revoke them; each key is shown once."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from recsvc.api.services import Services
from recsvc.clock import DAY_S, from_us, now_us, to_us
from recsvc.core.access.caller import ADMIN, Scope
from recsvc.core.access.origins import parse_origin
from recsvc.core.items.item import Instant
from recsvc.store.access.credentials import Credential, CredentialKind, NewCredential


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential to be made."""

    kind: CredentialKind
    name: Annotated[str, Meta(max_length=200, description="For people.")] = ""
    scopes: Annotated[
        tuple[Scope, ...],
        Meta(max_length=10, description="Of a secret key; none means everything."),
    ] = ()
    origins: Annotated[
        tuple[Annotated[str, Meta(max_length=300, examples=["https://papers.example.org"])], ...],
        Meta(max_length=100, description="Of a publishable key: where it works, exactly."),
    ] = ()
    expires_at: Annotated[
        Instant | None, Meta(description="When it ends; absent: when it is revoked.")
    ] = None


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a credential is replaced."""

    overlap_s: Annotated[
        float, Meta(ge=0, le=90 * DAY_S, description="How long the old one goes on counting.")
    ] = float(DAY_S)


class KeyAnswer(msgspec.Struct, frozen=True):
    """A credential, without what must stay secret."""

    id: str
    kind: CredentialKind
    name: str
    scopes: tuple[Scope, ...]
    origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    replaces: str | None


class KeyList(msgspec.Struct, frozen=True):
    """The credentials that count, oldest first."""

    keys: list[KeyAnswer]


class KeyMade(msgspec.Struct, frozen=True):
    """A new credential.

    Attributes:
        key: shown now and never again.
    """

    key: str
    about: KeyAnswer


@get("/v1/keys", operation_id="listKeys", tags=["keys"])
async def list_keys(services: NamedDependency[Services]) -> KeyList:
    """The credentials that count."""
    return KeyList([answer(c) for c in await services.credentials.all(now_us())])


@post("/v1/keys", operation_id="createKey", tags=["keys"])
async def create_key(data: JSONBody[NewKey], services: NamedDependency[Services]) -> KeyMade:
    """Make a credential: the first one of a service ends its being open to this machine."""
    origins = tuple(dict.fromkeys(parse_origin(origin) for origin in data.origins))
    until_us = None if data.expires_at is None else to_us(data.expires_at)
    scopes = tuple(dict.fromkeys(data.scopes))
    wanted = NewCredential(data.kind, data.name, scopes, origins, until_us)
    made, shown = await services.credentials.create(wanted, now_us())
    await services.keyring.refresh()
    return KeyMade(shown, answer(made))


@post(
    "/v1/keys/{key_id:str}/rotate",
    operation_id="rotateKey",
    tags=["keys"],
    access=ADMIN,
    problems=(404, 409),
)
async def rotate_key(
    key_id: FromPath[str], data: JSONBody[Rotation], services: NamedDependency[Services]
) -> KeyMade:
    """Make a credential like another, which ends after the overlap."""
    made, shown = await services.credentials.rotate(key_id, data.overlap_s, now_us())
    await services.keyring.refresh()
    return KeyMade(shown, answer(made))


@delete("/v1/keys/{key_id:str}", operation_id="revokeKey", tags=["keys"])
async def revoke_key(key_id: FromPath[str], services: NamedDependency[Services]) -> None:
    """End a credential: here at once, in every other process within two seconds."""
    await services.credentials.revoke(key_id)
    await services.keyring.refresh()


def answer(credential: Credential) -> KeyAnswer:
    """Return what may be told of a credential."""
    return KeyAnswer(
        credential.id,
        credential.kind,
        credential.name,
        credential.scopes,
        credential.origins,
        from_us(credential.created_us),
        None if credential.expires_us is None else from_us(credential.expires_us),
        credential.replaces,
    )


router = Router(
    "/",
    route_handlers=[list_keys, create_key, rotate_key, revoke_key],
    opt={"access": ADMIN, "problems": (404, 409)},
)
