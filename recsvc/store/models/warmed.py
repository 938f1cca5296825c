"""Warmed items in Redis: what the worker publishes beside a snapshot between two trainings."""

from typing import Any

import msgspec
import numpy as np

from recsvc.core.fitting import UNREADABLE
from recsvc.core.model.snapshot import Warmed
from recsvc.store import keys
from recsvc.store.pipe import Pipe

_DTYPES: dict[str, str] = {
    "rows": "<i8",
    "support": "<i4",
    "factors": "<f4",
    "led_from": "<i8",
    "led_to": "<i8",
    "led_weight": "<f4",
}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class WarmedItems:
    """Keeps them, with a version that tells whether they changed."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def publish(self, warmed: Warmed, version: int) -> None:
        """Replace what was published.

        Args:
            version: later ones are greater.
        """
        fields: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(warmed, name), dtype).tobytes()
            for name, dtype in _DTYPES.items()
        }
        packed = _encode(fields | {"snapshot_id": warmed.snapshot_id})
        await self._pipe.send("HSET", keys.WARMED, "v", version, "w", packed)

    async def version(self) -> int:
        """Return the version of what is published; 0 without."""
        return int(await self._pipe.send("HGET", keys.WARMED, "v") or 0)

    async def read(self) -> Warmed | None:
        """Return what is published; None without, or when another version wrote what we cannot read."""
        packed = await self._pipe.send("HGET", keys.WARMED, "w")
        if packed is None:
            return None
        try:
            fields = _decode(packed)
            arrays = {name: np.frombuffer(fields[name], d) for name, d in _DTYPES.items()}
            n = len(arrays["rows"])
            arrays["factors"] = arrays["factors"].reshape(n, len(arrays["factors"]) // max(n, 1))
            return Warmed(snapshot_id=fields["snapshot_id"], **arrays)
        except (*UNREADABLE, KeyError, ValueError, TypeError):
            return None
