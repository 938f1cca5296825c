"""The online guard: a model that readers go for less than for those before it is rolled back by itself.

The gate judges by the log; what readers do with the lists shows only afterwards. Models follow each
other fast, and few readers see each: so all since one that is kept are held against all up to it, for
each that is kept, in the same kind of hours. What is rolled back is marked, and is never gone back to;
and no other is published for a while, since the next training would make much the same from much the
same log.

A model to go back to is kept of an hour before, however fast others follow.

Where readers go for the model before as little as for the one that was rolled back, it was something
else: a holiday, a page that reports no clicks any more. Then the rollback is taken back, and what came
before that change is compared with nothing after it.
"""

import asyncio

import msgspec
import numpy as np
import polars as pl
import structlog

from recsvc.clock import DAY_US, HOUR_S, HOUR_US
from recsvc.core.experiments.guard import Fall, fallen, kind_of, worst
from recsvc.core.experiments.sequential import FEWEST, Rate, rate
from recsvc.store.models.serving import serve
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training, Trusted
from workers.log.exposures import ExposureFiles
from workers.loop.served import Served
from workers.training.params import GuardParams

log = structlog.get_logger()

# A model is trusted an hour after it was published, if so many readers had lists since, or after a day.
_TRUST_READERS = 4 * FEWEST


class OnlineGuard:
    """Looks at what came of the models that are served; at most one at a time, by the leader."""

    def __init__(
        self,
        snapshots: Snapshots,
        training: Training,
        files: ExposureFiles,
        served: Served,
        params: GuardParams,
    ) -> None:
        self._snapshots = snapshots
        self._training = training
        self._files = files
        self._served = served
        self._params = params
        self.problem: str | None = None

    async def run_once(self, now_us: int, late_us: int) -> str | None:
        """Roll back if readers go for less; return the model that is served then.

        Args:
            late_us: so long what was shown and done may not be in files yet.
        """
        current = await self._snapshots.current()
        if not self._params.is_on or current is None:
            self.problem = None
            return None
        held = await self._training.held()
        if held is not None and await self._training.is_resting():
            table = await asyncio.to_thread(self._despite_damage, now_us, late_us)
            if await self._takes_back(held, table, now_us):
                held = await self._training.held()
        self.problem = await self._told(held)
        if held is not None:  # somebody decided, the guard or a person
            return None
        published = [
            one.snapshot_id
            for one in await self._snapshots.manifests()
            if one.was_published and one.snapshot_id <= current
        ]
        if current not in published:  # somebody wants one that the gate had stopped
            return None
        table = await asyncio.to_thread(self._despite_damage, now_us, late_us)
        known = await self._trust(table, published, now_us)
        doubted = [one for one in published if known.trusted <= one < current]
        table = table.filter(pl.col("hour") >= known.from_us // HOUR_US)
        falls = await asyncio.to_thread(falls_since, doubted, table, self._params.fall)
        back = worst(falls)
        if back is None:
            return None
        await self._roll_back(back, [one for one in published if one > back], falls[back])
        await self._training.trust(Trusted(back, back, now_us, known.from_us))
        return back

    def _despite_damage(self, now_us: int, late_us: int) -> pl.DataFrame:
        return self._files.despite_damage(lambda: self._served.by(now_us, late_us))

    async def _told(self, held: str | None) -> str | None:
        """Return what to say while another model than the latest is held because of the guard."""
        if held is None or not await self._training.is_resting():
            return None
        why = next((m.rolled_back for m in await self._snapshots.manifests() if m.rolled_back), "")
        return (
            f"the online guard serves the model {held} again, as {why or 'readers went for less'}: "
            f"nothing is published for {self._params.rest_h:g} hours or until "
            "`recsvc snapshots release`"
        )

    async def _takes_back(self, held: str, table: pl.DataFrame, now_us: int) -> bool:
        """Serve what was rolled back again if readers go for the model before as little."""
        known = await self._training.trusted()
        if known is None or known.trusted != held:
            return False
        hour = known.since_us // HOUR_US
        found = await asyncio.to_thread(self._fallen_without, held, table, known)
        if found is None:
            return False
        latest = held
        for manifest in await self._snapshots.manifests():
            if manifest.rolled_back and manifest.snapshot_id > held:
                await self._snapshots.replace(msgspec.structs.replace(manifest, rolled_back=""))
                latest = max(latest, manifest.snapshot_id)
        await self._training.release()
        await serve(self._snapshots, self._training, latest, hold=False)
        await self._training.trust(Trusted(latest, latest, now_us, (hour + 1) * HOUR_US))
        log.warning("rollback_taken_back", snapshot_id=latest, instead_of=held, reason=str(found))
        return True

    def _fallen_without(self, held: str, table: pl.DataFrame, known: Trusted) -> Fall | None:
        """Return how the rate fell although none is served of what was rolled back."""
        hour = known.since_us // HOUR_US
        own = table.filter(
            (pl.col("snapshot_id") <= held) & (pl.col("hour") >= known.from_us // HOUR_US)
        )
        is_since = pl.col("hour") > hour
        return _fall(own.filter(is_since), own.filter(~is_since), self._params.fall)

    async def _trust(self, table: pl.DataFrame, published: list[str], now_us: int) -> Trusted:
        """Return up to which model none is doubted any more, and have it kept."""
        before = await self._training.trusted()
        readers = 0
        if before is not None:
            readers = await asyncio.to_thread(_readers_since, table, before.next)
        known = advanced(before, published, readers, now_us)
        if known != before:
            await self._training.trust(known)
        return known

    async def _roll_back(self, back: str, worse: list[str], why: Fall) -> None:
        for snapshot_id in worse:
            manifest = await self._snapshots.manifest(snapshot_id)
            marked = msgspec.structs.replace(manifest, rolled_back=str(why))
            await self._snapshots.replace(marked)
        await self._training.rest(back, round(self._params.rest_h * HOUR_S))
        await serve(self._snapshots, self._training, back, hold=False)
        await self._training.count("rolled_back")
        log.error("snapshot_rolled_back", to=back, instead_of=worse[0], reason=str(why))
        self.problem = await self._told(back)


def advanced(known: Trusted | None, published: list[str], readers: int, now_us: int) -> Trusted:
    """Return which models are trusted by now.

    Args:
        published: that are kept, up to the one that is served, latest first.
        readers: who had lists since the one that is to be trusted next.
    """
    served = published[0]
    if known is None or known.trusted not in published:
        return Trusted(served, served, now_us, 0 if known is None else known.from_us)
    waited_us = now_us - known.since_us
    is_trusted = known.trusted == known.next or (
        waited_us >= DAY_US or (waited_us >= HOUR_US and readers >= _TRUST_READERS)
    )
    if known.next not in published:  # rolled back
        return Trusted(known.trusted, served, now_us, known.from_us)
    if is_trusted and (known.trusted, served) != (known.next, known.next):
        return Trusted(known.next, served, now_us, known.from_us)
    return known


def falls_since(candidates: list[str], table: pl.DataFrame, least_share: float) -> dict[str, Fall]:
    """Return how the rate fell since each of some models; those since which it did not are left out.

    Args:
        table: what came of lists, as `Served` tells.
        least_share: of the rate, by which it must have fallen.
    """
    falls = {}
    for one in candidates:
        now = table.filter(pl.col("snapshot_id") > one)
        before = table.filter(pl.col("snapshot_id") <= one)
        if one not in before["snapshot_id"]:  # it was never served: nobody knows what comes of it
            continue
        found = _fall(now, before, least_share)
        if found is not None:
            falls[one] = found
    return falls


def _fall(now: pl.DataFrame, before: pl.DataFrame, least_share: float) -> Fall | None:
    """Return how the rate surely fell, of lists that can be compared; None where it did not."""
    now, before = _alike(now, before)
    return fallen(_rate(now), _rate(before), least_share)


def _alike(now: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return lists of now, and those of before in the same kinds of hours and the same experiments.

    Where too few readers had any in such hours, it is those of the day before.
    """
    now = now.join(before, on="variants", how="semi")
    before = before.join(now, on="variants", how="semi")
    if now.is_empty():
        return now, before
    hours = now["hour"].unique().to_list()
    kinds = {kind_of(hour + off) for hour in hours for off in (-1, 0, 1)}
    kind = pl.col("hour").map_elements(kind_of, return_dtype=pl.Int64)
    of_kind = before.filter(kind.is_in(list(kinds)))
    if of_kind["user"].n_unique() >= _TRUST_READERS:
        return now, of_kind
    return now, before.filter(pl.col("hour") >= min(hours) - 24)


def _rate(table: pl.DataFrame) -> Rate:
    """Return acts per place, readers being what is counted."""
    readers = table.group_by("user").agg(pl.col("acted", "places").sum())
    acted, places = (readers[name].to_numpy().astype(np.float64) for name in ("acted", "places"))
    return rate(acted, places)


def _readers_since(table: pl.DataFrame, snapshot_id: str) -> int:
    return table.filter(pl.col("snapshot_id") >= snapshot_id)["user"].n_unique()
