"""Taught: how loud the voices speak on a site, as its log says, and as manifests keep it."""

import msgspec

from recsvc.core.model.snapshot import Manifest, Snapshot


class Taught(msgspec.Struct, frozen=True):
    """What was learned of the voices, by name; who is not named speaks as it is set.

    Attributes:
        weights: of the voices.
        half_at: how many interactions of a reader it takes to hear a voice with half of that.
    """

    weights: dict[str, float] = msgspec.field(default_factory=dict)
    half_at: dict[str, float] = msgspec.field(default_factory=dict)

    @staticmethod
    def of(manifest: Manifest) -> "Taught":
        """Return what a model is served with."""
        return Taught(manifest.weights, manifest.half_at)

    def told(self, manifest: Manifest) -> Manifest:
        """Return a manifest that says so."""
        return msgspec.structs.replace(manifest, weights=self.weights, half_at=self.half_at)

    def to(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot that is served so."""
        return msgspec.structs.replace(snapshot, manifest=self.told(snapshot.manifest))


NOTHING = Taught()
