"""Vouching: who stands behind the votes of a place, and how much each of them is believed."""

import msgspec

from recsvc.core.access.trust import training_weights
from recsvc.errors import StoreUnavailableError
from recsvc.lists.params import ListParams
from recsvc.store.items.boards import Boards
from recsvc.store.pipe import Pipe


class Vouched(msgspec.Struct, frozen=True):
    """Votes that the same sort of credential vouches for.

    Attributes:
        n: standing votes, those of owners and those that are held included.
        on_boards: what each counts in trending and popularity.
        in_training: what such evidence weighs in the model, the walk included.
    """

    n: int
    on_boards: float
    in_training: float


class Vouching:
    """Asks for the votes behind items; reading writes nothing."""

    def __init__(self, pipe: Pipe, params: ListParams) -> None:
        self._boards = Boards(pipe, params.trending)
        self._in_training = training_weights(params.profile.trust.weights)

    async def behind(self, items: list[str]) -> dict[str, dict[str, Vouched]]:
        """Return by item and class who vouches for its votes; nothing while the store is away."""
        try:
            classes, is_keyed = await self._boards.classes(items)
        except StoreUnavailableError:
            return {}
        return {
            item: {
                name: Vouched(n, weight, self._in_training[name] if is_keyed else 1.0)
                for name, (n, weight) in found.items()
            }
            for item, found in classes.items()
        }
