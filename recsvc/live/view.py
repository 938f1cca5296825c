"""The live view: what requests read of what a process holds in memory, and what they may wait for."""

from collections.abc import Callable, Set

from numpy import int64
from numpy.typing import NDArray

from recsvc.clock import HOUR_US, SECOND_US, apart_us, now_us
from recsvc.core.items.catalogue import Catalogue
from recsvc.core.model.model import Model
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.following import Following
from recsvc.live.model import LiveModel
from recsvc.live.tried import Tried
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe

# Loads of the catalogue, changes of its items, models, hours.
Moment = tuple[int, int, int, int]

_SILENT_US = 3 * SECOND_US
_TURNS = 4  # of the event loop, until what the store said is taken in


class Live:
    """The catalogue, the boards and the model, kept up to date between `start` and `stop`."""

    def __init__(self, redis: Redis, catalogue: LiveCatalogue, model: LiveModel) -> None:
        self._catalogue = catalogue
        self._model = model
        self._following = Following(redis, catalogue, model)

    async def start(self, kept: Pipe | None = None) -> None:
        """Load everything, then follow in the background.

        Args:
            kept: what stands for the store while it is away.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        await self._following.start(kept)

    async def stop(self) -> None:
        """Stop following."""
        await self._following.stop()

    @property
    def catalogue(self) -> Catalogue:
        """Every item by row."""
        return self._catalogue.catalogue

    @property
    def catalogue_id(self) -> str:
        """Which catalogue this is."""
        return self._catalogue.catalogue_id

    @property
    def model(self) -> Model:
        """What ranking computes with: replaced whole, never changed."""
        return self._model.model

    def model_of(self, snapshot_id: str | None) -> Model:
        """Return the model of a snapshot that is tried; the served one where it is not at hand."""
        if snapshot_id is None:
            return self.model
        return self._model.of_trials.get(snapshot_id, self.model)

    @property
    def tried(self) -> Tried:
        """The models that are held beside the served one, and those that are wanted."""
        return self._model.tried

    def can_try(self, snapshots: Set[str]) -> bool:
        """Return whether some models are at hand."""
        return snapshots <= self._model.of_trials.keys()

    @property
    def snapshot_refused(self) -> str | None:
        """Why the published snapshot is not served, if it is not."""
        return self._model.refused

    @property
    def worker_us(self) -> int:
        """The last sign of life of a worker, or when this view began."""
        return self._following.worker.seen_us

    @property
    def events_behind(self) -> int:
        """Logged events that are not yet on the boards."""
        return self._following.worker.events_behind

    @property
    def worker_problems(self) -> dict[str, str]:
        """What ails the workers, by name."""
        return self._following.worker.problems

    @property
    def demo(self) -> bool:
        """Whether the demo catalogue is loaded."""
        return self._following.worker.demo

    @property
    def changed_us(self) -> int:
        """When an item, a board or the model last changed, by the store's clock."""
        return max(self._catalogue.place.latest_ms * 1000, self.model.trained_us or 0)

    @property
    def is_connected(self) -> bool:
        """Whether the store was heard of within the last seconds."""
        following = self._following
        return apart_us(following.seen_us, now_us()) < _SILENT_US + _TURNS * following.late_us

    @property
    def moment(self) -> Moment:
        """What all lists are made of, boards apart: the same for as long as nothing of it changed."""
        catalogue = self._catalogue.catalogue
        _ = catalogue.visible  # notices what is listed, or has ended, by now
        hour = now_us() // HOUR_US  # exploration draws anew
        return self._catalogue.n_loaded, catalogue.items_version, self._model.n_built, hour

    def rows_with(self, words: str) -> NDArray[int64]:
        """Return the rows whose title or text has a word, or several in a row."""
        return self._catalogue.rows_with(words)

    def observe_lag(self, observe: Callable[[float], object]) -> None:
        """Have somebody told how many seconds after its logging an event reached the boards here."""
        self._catalogue.observe_lag = observe

    async def look_around(self) -> None:
        """Ask how the worker is doing and how much it has to do.

        Raises:
            StoreUnavailableError: when the store does not answer.
        """
        await self._following.look_around()

    async def wait_for_change(self, change: str, timeout_s: float) -> None:
        """Wait until a change of the catalogue is in this view, the model included, or give up."""
        await self._following.waiting.for_change(change, timeout_s)

    async def wait_for_vote(self, user: str, entry_id: bytes, timeout_s: float) -> None:
        """Wait until a reader's own vote is on the boards, or give up."""
        await self._following.waiting.for_vote(user, entry_id, timeout_s)

    def has_vote(self, user: str, entry_id: bytes) -> bool:
        """Return whether a reader's own vote is on the boards here."""
        return self._following.waiting.has_vote(user, entry_id)

    async def wait_for_items(self, items: list[str], timeout_s: float) -> None:
        """Wait until the catalogue has some items, or give up."""
        await self._following.waiting.for_items(items, timeout_s)

    async def wait_for_rows(self, rows: NDArray[int64], timeout_s: float) -> None:
        """Wait until the model describes those of some rows that have just arrived, or give up."""
        await self._following.waiting.for_rows(rows, timeout_s)
