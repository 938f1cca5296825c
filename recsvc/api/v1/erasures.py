"""Erasures over HTTP: how far one is, and the proof that is left of it."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, Parameter

from recsvc.api.services import Services
from recsvc.clock import from_us
from recsvc.core.access.caller import ADMIN
from recsvc.store.readers.erasures import ErasureState, Proof


class ErasureAnswer(msgspec.Struct, frozen=True):
    """An erasure, and in the end the proof of it: it does not name the reader.

    Attributes:
        state: `running`: forgotten, but events are still logged. `compacting`: only old files still
            name the reader. `done`.
        digest: keyed digest of the reader's id.
        erased: what was erased, by what it is.
        compacted: whether the store's files were written anew too; where the store is not the bundled
            one, that is for whoever runs it.
    """

    id: str
    state: ErasureState
    digest: str
    requested_at: datetime
    erased_at: datetime | None
    erased: dict[str, int]
    compacted: bool


class ErasureList(msgspec.Struct, frozen=True):
    """A reader's erasures, latest first."""

    erasures: list[ErasureAnswer]


@get("/v1/erasures/{erasure_id:str}", operation_id="getErasure", tags=["users"])
async def get_erasure(
    erasure_id: FromPath[str], services: NamedDependency[Services]
) -> ErasureAnswer:
    """How far an erasure is."""
    return answer(await services.erasures.find(erasure_id))


@get("/v1/erasures", operation_id="listErasures", tags=["users"])
async def list_erasures(
    services: NamedDependency[Services],
    user: Annotated[str, Parameter(min_length=1, max_length=256, description="Id of the reader.")],
) -> ErasureList:
    """The erasures of a reader, found by the digest of the id."""
    return ErasureList([answer(proof) for proof in await services.erasures.proofs_of(user)])


def answer(proof: Proof) -> ErasureAnswer:
    """Return a proof as it is told."""
    return ErasureAnswer(
        id=proof.id,
        state=proof.state,
        digest=proof.digest,
        requested_at=from_us(proof.requested_us),
        erased_at=None if proof.erased_us is None else from_us(proof.erased_us),
        erased=proof.counts,
        compacted=proof.compacted,
    )


router = Router(
    "/",
    route_handlers=[get_erasure, list_erasures],
    opt={"access": ADMIN, "problems": (404,)},
)
