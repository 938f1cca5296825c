"""The blend over HTTP: which weights the clicks on lists speak for, and whether they are offered."""

from datetime import datetime

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency

from recsvc.api.services import Services
from recsvc.clock import from_us, now_us
from recsvc.core.access.caller import ADMIN, FIGURES
from recsvc.core.experiments.proposal import Offer, Proposal
from recsvc.core.model.snapshot import Compared
from recsvc.core.ranking.voices import VOICES


class OfferAnswer(msgspec.Struct, frozen=True):
    """Weights that are offered to the gate.

    Attributes:
        why: what spoke for them.
        judged_at: when the gate asked readers last; null before, and where it has too few to ask.
        compared: their NDCG@20 with these weights, against those that training would take.
        taken: whether they were in force with the model that was trained then.
    """

    weights: dict[str, float]
    why: str
    offered_at: datetime
    judged_at: datetime | None
    compared: Compared | None
    taken: bool


class BlendAnswer(msgspec.Struct, frozen=True):
    """How loud voices speak, and what the clicks on lists say of it.

    Attributes:
        weights: in force, by voice.
        looked_at: when clicks were last asked; null before.
        proposal: null where they speak for no other weights.
        why: what speaks for it, or why nothing is proposed.
        offered: null where nothing is.
    """

    weights: dict[str, float]
    looked_at: datetime | None
    proposal: Proposal | None
    why: str
    offered: OfferAnswer | None


@get("/v1/blend", operation_id="getBlend", tags=["snapshots"], access=FIGURES)
async def blend(services: NamedDependency[Services]) -> BlendAnswer:
    """The weights of the voices, those that clicks on lists speak for, and those that are offered."""
    params = services.settings.lists.blend.with_weights(services.live.model.weights)
    weights = {voice.name: voice.weight(params) for voice in VOICES}
    looked, offer = await services.training.proposed(), await services.training.offered()
    offered = None if offer is None else _answer(offer)
    if looked is None:
        return BlendAnswer(weights, None, None, "nobody has looked yet", offered)
    why = looked.refused if looked.proposal is None else str(looked.proposal)
    return BlendAnswer(weights, from_us(looked.at_us), looked.proposal, why, offered)


@post(
    "/v1/blend/offer",
    operation_id="offerBlend",
    tags=["snapshots"],
    status_code=200,
    access=ADMIN,
    problems=(409,),
)
async def offer_blend(services: NamedDependency[Services]) -> OfferAnswer:
    """Offer what is proposed to the gate: in force from the next training on if it passes."""
    return _answer(await services.training.offer(now_us()))


@delete("/v1/blend/offer", operation_id="withdrawBlend", tags=["snapshots"], access=ADMIN)
async def withdraw_blend(services: NamedDependency[Services]) -> None:
    """Offer nothing any more: from the next training on voices speak as training finds."""
    await services.training.withdraw()


def _answer(offer: Offer) -> OfferAnswer:
    return OfferAnswer(
        offer.weights,
        offer.why,
        from_us(offer.at_us),
        None if offer.judged_us is None else from_us(offer.judged_us),
        offer.compared,
        offer.is_taken,
    )


router = Router("/", route_handlers=[blend, offer_blend, withdraw_blend])
