"""What every list is made with: the tools that the use cases share, each of which does one thing."""

import msgspec

from recsvc.lists.audience import Audiences
from recsvc.lists.dressing import Dresser
from recsvc.lists.experiments import Experiments
from recsvc.lists.exposures import Exposures
from recsvc.lists.paging import Pager
from recsvc.lists.params import ExposureParams, ListParams
from recsvc.lists.ranker import Ranker
from recsvc.lists.shared import SharedAnswers
from recsvc.lists.vouching import Vouching
from recsvc.live.item_cache import ItemCache
from recsvc.live.view import Live
from recsvc.live.wishes import Wishes
from recsvc.store.access.signatures import Signatures
from recsvc.store.pipe import Pipe
from recsvc.store.readers.frozen_lists import FrozenLists
from recsvc.store.readers.profiles import Profiles


class Kit(msgspec.Struct, frozen=True):
    """From who asks (audiences) to what is shown (dresser)."""

    live: Live
    cache: ItemCache
    params: ListParams
    audiences: Audiences
    ranker: Ranker
    pager: Pager
    dresser: Dresser
    shared: SharedAnswers
    exposures: Exposures
    experiments: Experiments


class Memory(msgspec.Struct, frozen=True):
    """What a process holds in memory for its lists.

    Attributes:
        wishes: told elsewhere too of what readers hide and mute; the lists' own by default.
        exposures, experiments: told of the lists that are served, and asked how to make them; nobody is,
            where nobody is served.
    """

    live: Live
    cache: ItemCache
    wishes: Wishes = msgspec.field(default_factory=lambda: Wishes({}))
    exposures: Exposures = msgspec.field(default_factory=lambda: Exposures(ExposureParams(), None))
    experiments: Experiments = msgspec.field(default_factory=lambda: Experiments(None))


def kit(memory: Memory, params: ListParams, pipe: Pipe, signs: Signatures) -> Kit:
    """Return the tools of one process.

    Args:
        signs: cursors.
    """
    live, cache = memory.live, memory.cache
    profiles = Profiles(pipe, lambda: live.catalogue.aliases)
    lists = FrozenLists(pipe, signs, params.frozen)
    pager = Pager(live, lists, signs, params.frozen.cursor_ttl_s)
    dresser = Dresser(live, cache, Vouching(pipe, params))
    return Kit(
        live,
        cache,
        params,
        Audiences(live, profiles, cache, params, memory.wishes),
        Ranker(live, params),
        pager,
        dresser,
        SharedAnswers(live, pager, dresser),
        memory.exposures,
        memory.experiments,
    )
