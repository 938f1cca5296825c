"""A store with the small world in it, and what works on it."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from recsvc.core.items.item import StoredItem
from recsvc.core.model.snapshot import Manifest
from recsvc.core.readers.events import Entry
from recsvc.settings import from_environment
from recsvc.store.connection import Redis
from recsvc.store.items.catalogue import Items
from recsvc.store.leases import Lease
from recsvc.store.log.streams import Streams
from recsvc.store.log.writing import EventLog, EventLogParams
from recsvc.store.models.snapshots import TRAIN_LEASE, Snapshots
from recsvc.store.models.training import Training
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe
from recsvc.store.readers.profiles import Profiles
from tests.stored import put_all
from tests.workers.training import world
from workers.log.archive import Archive
from workers.training import als
from workers.training.candidate import carry_out, round_params
from workers.training.engine import Engine
from workers.training.params import DueParams
from workers.training.trainer import CarryOut, Shelves, Steps, Trainer
from workers.warmer import Warmer


class Site:
    """A store with the small world in it, and trainers for it."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        pipe = self._pipe = Pipe(redis)
        self.settings = from_environment(
            {}, data_dir=str(folder), factors=16, train_threads=1, search_s=0
        )
        self.items, self.log = Items(pipe), EventLog(pipe, self.settings.kinds, EventLogParams())
        self.snapshots = Snapshots(pipe, self.settings.snapshot_cache_path)
        self.training = Training(pipe)
        self._archive = Archive(self.settings.archive_path)
        self._streams = Streams(redis, "trainer")
        self.warmed = WarmedItems(pipe)
        self.warmer = Warmer(
            self._streams, self.items, self.snapshots, Profiles(pipe), self.warmed,
            self.settings.lists.profile,
        )  # fmt: skip

    async def fill(self) -> None:
        await put_all(self.items, list(world.items().values()))
        wanted = set(Entry.__struct_fields__)
        entries = [
            Entry(**{name: value for name, value in event.items() if name in wanted})
            for event in world.events().to_dicts()
        ]
        for start in range(0, len(entries), 500):
            batch = entries[start : start + 500]
            await self.log.record(batch, [False] * len(batch))

    async def put(self, item: StoredItem) -> None:
        await put_all(self.items, [item])

    async def act(self, user: str, kind: str, item: str, at_us: int) -> None:
        entry = Entry(user=user, item=item, kind=kind, at_us=at_us, received_us=at_us)
        await self.log.record([entry], [False])

    async def train(
        self, carry: CarryOut = carry_out, at_s: int = 0, engine: Engine = als
    ) -> Manifest:
        done = await self.trainer(carry, engine).train(None, world.NOW_US + at_s * 1_000_000)
        return await self.snapshots.manifest(done.manifest.snapshot_id)

    async def lead(self) -> int:
        """Return the token of the leading worker."""
        return await Lease(self._pipe, TRAIN_LEASE, "site", 60.0).acquire()

    def trainer(
        self, carry: CarryOut = carry_out, engine: Engine = als, due: DueParams | None = None,
        alarm: Callable[[str, str | None], object] = lambda *_: None,
    ) -> Trainer:  # fmt: skip
        params, lists = self.settings.training, self.settings.lists
        return Trainer(
            Shelves(self._archive, self._streams, self.items, self.snapshots, self.training),
            msgspec.structs.replace(params, due=due or params.due),
            round_params(params, lists.profile, lists.blend, engine),
            Steps(carry_out=carry),
            alarm,
        )
