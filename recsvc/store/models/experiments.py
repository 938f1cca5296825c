"""Experiments in Redis, and what came of them as the worker last found."""

from collections.abc import Callable, Mapping

import msgspec

from recsvc.clock import SECOND_US
from recsvc.core.experiments.experiment import Experiment, placed
from recsvc.core.experiments.report import Report
from recsvc.errors import ConflictError, InvalidError, NotFoundError, SnapshotError
from recsvc.store import keys, scripts
from recsvc.store.models.manifests import servable
from recsvc.store.pipe import Pipe

MOST = 200
# So long after it was made an experiment begins at the earliest: every process has heard of it by then.
NOTICE_US = 5 * SECOND_US

_TRIES = 20

_decode = msgspec.json.Decoder(Experiment).decode
_decode_report = msgspec.json.Decoder(Report).decode


class ExperimentStore:
    """Keeps them by name; those that ended stay until they are removed."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def all(self) -> list[Experiment]:
        """Return them all, in the order of names."""
        return decoded(await self.raw())

    async def raw(self) -> dict[bytes, bytes]:
        """Return them all as they are kept, for `decoded`."""
        found: dict[bytes, bytes] = await self._pipe.send("HGETALL", keys.EXPERIMENTS)
        return found

    async def get(self, name: str) -> Experiment:
        """Return one.

        Raises:
            NotFoundError: when there is none of this name.
        """
        return _decode(await self._packed(name))

    async def create(self, new: Experiment, now_us: int) -> Experiment:
        """Keep a new one, and return it with its place in its layer; it begins soon, or as it says.

        Raises:
            InvalidError, ConflictError: when it cannot be, as `placed` says.
            InvalidError: when it names a model that is not kept, or cannot be served.
        """
        others = await self.all()
        if len(others) >= MOST:
            raise ConflictError(f"there are {MOST} experiments: remove some that ended")
        soonest_us = max(new.starts_us, now_us + NOTICE_US)
        made = placed(msgspec.structs.replace(new, starts_us=soonest_us), others, now_us)
        await self._check_models(made)
        if not await self._pipe.send(
            "HSETNX", keys.EXPERIMENTS, new.name, msgspec.json.encode(made)
        ):
            raise ConflictError(f"there is an experiment {new.name!r} already")
        return made

    async def stop(self, name: str, now_us: int) -> Experiment:
        """End one now, if it has not ended."""

        def ended(one: Experiment) -> Experiment:
            if one.has_ended(now_us):
                return one
            return msgspec.structs.replace(one, ends_us=now_us)

        return await self._change(name, ended)

    async def stop_variants(self, name: str, worse: Mapping[str, str], now_us: int) -> Experiment:
        """Stop some variants of one, each with why; end it where none is left to try.

        Raises:
            NotFoundError: when there is none of this name.
        """
        return await self._change(name, lambda one: one.without(worse, now_us))

    async def remove(self, name: str, now_us: int) -> None:
        """Forget one that has ended, and what came of it.

        Raises:
            NotFoundError: when there is none of this name.
            ConflictError: when it has not ended.
        """
        if not (await self.get(name)).has_ended(now_us):
            raise ConflictError(f"the experiment {name!r} has not ended: stop it first")
        await self._pipe.send_all(
            [("HDEL", keys.EXPERIMENTS, name), ("HDEL", keys.EXPERIMENT_REPORTS, name)]
        )

    async def reports(self) -> dict[str, Report]:
        """Return what came of each that was looked at, by name."""
        raw = await self._pipe.send("HGETALL", keys.EXPERIMENT_REPORTS)
        return {name.decode(): _decode_report(packed) for name, packed in raw.items()}

    async def report(self, name: str) -> Report | None:
        """Return what came of one; None before it was looked at."""
        packed = await self._pipe.send("HGET", keys.EXPERIMENT_REPORTS, name)
        return None if packed is None else _decode_report(packed)

    async def keep_report(self, name: str, report: Report) -> None:
        """Keep what came of one."""
        await self._pipe.send("HSET", keys.EXPERIMENT_REPORTS, name, msgspec.json.encode(report))

    async def _check_models(self, new: Experiment) -> None:
        if not new.snapshots:
            return
        raw: bytes | None = await self._pipe.send("GET", keys.CATALOGUE)
        for snapshot_id in sorted(new.snapshots):
            try:
                await servable(self._pipe, snapshot_id, (raw or b"").decode())
            except (NotFoundError, SnapshotError) as exc:
                raise InvalidError(str(exc), "variants") from None

    async def _change(self, name: str, change: Callable[[Experiment], Experiment]) -> Experiment:
        for _ in range(_TRIES):
            before = await self._packed(name)
            after = change(_decode(before))
            args = [name, before, msgspec.json.encode(after)]
            if await scripts.call(self._pipe, "swap", [keys.EXPERIMENTS], args):
                return after
        raise ConflictError(f"the experiment {name!r} is being changed by somebody else")

    async def _packed(self, name: str) -> bytes:
        packed: bytes | None = await self._pipe.send("HGET", keys.EXPERIMENTS, name)
        if packed is None:
            raise NotFoundError(f"there is no experiment {name!r}")
        return packed


async def snapshots_named(pipe: Pipe, now_us: int) -> set[str]:
    """Return the models that experiments show, or will."""
    open_ones = [one for one in await ExperimentStore(pipe).all() if not one.has_ended(now_us)]
    return {snapshot_id for one in open_ones for snapshot_id in one.snapshots}


def decoded(raw: dict[bytes, bytes]) -> list[Experiment]:
    """Return experiments in the order of names, without those of a later release."""
    found = []
    for packed in raw.values():
        try:
            found.append(_decode(packed))
        except (msgspec.MsgspecError, InvalidError):
            continue
    return sorted(found, key=lambda one: one.name)
