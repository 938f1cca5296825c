"""Which model is served, when a person decides: an earlier one, and whether training may replace it."""

from recsvc.core.model.snapshot import Manifest
from recsvc.errors import NotFoundError
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training


def earlier(manifests: list[Manifest], current: str | None) -> str:
    """Return the snapshot published before the one that is served.

    Args:
        manifests: of all that are kept, latest first.

    Raises:
        NotFoundError: when none is kept.
    """
    for manifest in manifests:
        if manifest.was_published and current is not None and manifest.snapshot_id < current:
            return manifest.snapshot_id
    raise NotFoundError("no earlier model is kept")


async def serve(kept: Snapshots, training: Training, snapshot_id: str, *, hold: bool) -> None:
    """Serve a model from now on: until training publishes another, or until it is released.

    It is held before it is served: training could publish in between.

    Raises:
        NotFoundError: when there is no such snapshot; nothing is held then.
        SnapshotError: when it is to be held and cannot be read.
    """
    if hold:
        await kept.manifest(snapshot_id)
        await training.hold(snapshot_id)
    await kept.activate(snapshot_id)
