"""A proposal: other weights of the voices, and why."""

import msgspec

from recsvc.core.model.snapshot import Compared


class VoiceChange(msgspec.Struct, frozen=True):
    """What becomes of a voice.

    Attributes:
        now, proposed: its weight.
        worth: clicks per list that the proposal would lose if this weight stayed.
    """

    voice: str
    now: float
    proposed: float
    worth: float


class Proposal(msgspec.Struct, frozen=True):
    """Weights that clicks on lists speak for.

    Attributes:
        clicks: per list with the weights in force, by the same reckoning.
        gain: clicks per list more, of readers who did not teach the weights.
        gain_within: where that is with 95 %, at any time of looking.
        effective: clicks that stand for the proposed order.
        looked: how much each place is looked at, against the first.
    """

    voices: list[VoiceChange]
    clicks: float
    gain: float
    gain_within: tuple[float, float]
    lists: int
    readers: int
    effective: float
    looked: list[float]

    @property
    def weights(self) -> dict[str, float]:
        """The weights, by name of the voice."""
        return {one.voice: one.proposed for one in self.voices}

    def __str__(self) -> str:
        """What speaks for it, in words."""
        low, high = self.gain_within
        return (
            f"{self.gain:+.4f} clicks per list ({low:+.4f} to {high:+.4f}) on {self.clicks:.4f}, by "
            f"{self.lists:,} lists of {self.readers:,} readers"
        )


class Looked(msgspec.Struct, frozen=True):
    """What the clicks on lists said by an instant.

    Attributes:
        proposal: None where they speak for no other weights.
        refused: why not.
    """

    at_us: int
    proposal: Proposal | None = None
    refused: str = ""


class Offer(msgspec.Struct, frozen=True):
    """Weights that the owner offers to the gate, which asks readers at each training.

    Attributes:
        why: what spoke for them.
        judged_us: when the gate did last; None: not yet, or it has too few readers to ask.
        compared: NDCG@20 with them, against the weights that training would take.
        is_taken: whether they were in force with the model that was trained then.
    """

    weights: dict[str, float]
    why: str
    at_us: int
    judged_us: int | None = None
    compared: Compared | None = None
    is_taken: bool = False
