"""What a serving process holds: opened in the application's lifespan, handed to handlers by name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext

import structlog
from litestar import Litestar
from litestar.di import Provide

from recsvc.access.admission import Admission, Head
from recsvc.access.keyring import Keyring
from recsvc.access.owner import owner_of
from recsvc.api.starting import ends_when_told
from recsvc.core import compiled
from recsvc.core.items.address import Addresses
from recsvc.core.items.item import names_in
from recsvc.errors import SettingsError, StoreError, StoreUnavailableError
from recsvc.ground import Ground
from recsvc.lists.assembled import assembled
from recsvc.lists.experiments import Experiments
from recsvc.lists.exposures import Exposures
from recsvc.lists.kit import Memory, kit
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.keeping import Keeping
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.live.wish_file import WishFile
from recsvc.live.wishes import Wishes
from recsvc.mail.composing import Composer
from recsvc.mail.letters import Letters
from recsvc.mail.links import Links
from recsvc.mail.subscribing import Subscribing
from recsvc.mail.troubles import MailWatch
from recsvc.parent_process import exit_with_server
from recsvc.settings import Settings
from recsvc.store.access.credentials import Credentials
from recsvc.store.access.network_names import NetworkNames
from recsvc.store.access.signatures import Signatures, signatures
from recsvc.store.connection import Redis, connect
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.keepsake import Keepsake, KeptPipe
from recsvc.store.log.dead_letters import DeadLetters
from recsvc.store.log.exposures import ExposureLog
from recsvc.store.log.loop import LoopStore
from recsvc.store.log.questions import Questions
from recsvc.store.log.writing import EventLog
from recsvc.store.mail.deliveries import Deliveries
from recsvc.store.mail.limits import MailLimits
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.models.experiments import ExperimentStore
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.exports import Exports
from recsvc.store.readers.gorse import Gorse
from recsvc.store.readers.index import ReaderIndex
from recsvc.store.readers.preferences import ReaderPreferences
from recsvc.store.readers.profiles import Profiles
from recsvc.store.troubles import StoreProblem

log = structlog.get_logger()

# A reader does not wait longer for a store that is silent; the feed is then served from memory.
_STORE_TIMEOUT_S = 3.0
_RETRY_S = 0.5


class Services:
    """Everything handlers call, by the nouns it is about; what is added needs one line.

    Args:
        signs: makes and reads what is signed.
    """

    def __init__(self, settings: Settings, redis: Redis, signs: Signatures) -> None:
        pipe, trending = Pipe(redis), settings.lists.trending
        self.settings = settings
        self.kinds = settings.kinds
        self.refuses_unknown = settings.log.budget.unknown_items == "refuse"
        self.store_problem = StoreProblem(settings.data_path)
        self.ground = Ground(settings.archive_path) if settings.is_bundled else None
        # items
        self.items = Items(pipe, trending)
        shown_at = Addresses(settings.digest.item_url, None)
        public_extra = names_in(settings.public_extra)
        self.cache = ItemCache(self.items, settings.cached_items, public_extra, shown_at)
        self.boards = Boards(pipe, trending)
        index = SearchIndex()
        # models
        self.snapshots = Snapshots(pipe, settings.snapshot_cache_path)
        self.training = Training(pipe)
        model = LiveModel(self.snapshots, WarmedItems(pipe))
        self.live = Live(redis, LiveCatalogue(self.items, self.boards, self.cache, index), model)
        # readers
        self.profiles = Profiles(pipe, lambda: self.live.catalogue.aliases)
        self.readers = ReaderIndex(pipe, settings.log.profile_ttl_days)
        self.preferences = ReaderPreferences(pipe, settings.log.budget)
        self.erasures = Erasures(pipe)
        self.exports = Exports(pipe)
        self.gorse = Gorse(pipe, settings.log.profile_ttl_days)
        self.events = EventLog(pipe, self.kinds, settings.log, lambda: self.live.catalogue.aliases)
        self.questions = Questions(pipe)
        self.dead_letters = DeadLetters(pipe)
        # lists
        self.keepsake = keepsake_of(settings)
        wishes = Wishes(self.kinds, file=WishFile(settings.keepsake_path))
        self.events.observe_logged = wishes.logged
        self.preferences.observe_changed = wishes.preferred
        self.exposures = Exposures(settings.lists.exposures, ExposureLog(pipe))
        self.loop = LoopStore(pipe)
        self.experiment_store = ExperimentStore(pipe)
        self.experiments = Experiments(self.experiment_store, self.live)
        memory = Memory(self.live, self.cache, wishes, self.exposures, self.experiments)
        tools = kit(memory, settings.lists, pipe, signs)
        self.keeping = Keeping(settings.keepsake_path, self.keepsake, wishes, pipe)
        self.ranker, self.shared = tools.ranker, tools.shared
        self.lists = assembled(tools, index, settings.zone)
        # mail
        self.links = Links(signs, settings.digest, settings.site_url)
        self.letters = Letters(self.links, settings.digest)
        self.composer = Composer(self.lists, settings.digest)
        limits = MailLimits(pipe, signs, settings.mail_limits)
        self.subscriptions = Subscriptions(pipe)
        self.deliveries = Deliveries(pipe, settings.digest.repeat_days)
        self.mail_watch = MailWatch(self.deliveries)
        self.subscribing = Subscribing(self.subscriptions, limits, self.links, signs)
        # access
        self.signatures = signs
        self.networks = NetworkNames(pipe)
        self.credentials = Credentials(pipe)
        self.keyring = Keyring(self.credentials)
        self.admission = Admission(
            self.keyring,
            settings.admission,
            owner_of(settings.data_path),
            is_local=settings.is_local,
        )

    async def network(self, head: Head) -> str:
        """Return what stands for the network that a request came from."""
        return await self.networks.name(self.admission.neighbourhood(head))


def keepsake_of(settings: Settings) -> Keepsake:
    """Return what is kept of the store on this machine."""
    return Keepsake(settings.keepsake_path, settings.store_url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Connect, load the catalogue, follow the store; close it all in the end.

    Where the store does not answer, what was kept of it is loaded in its place; it is waited for only
    where nothing was.
    """
    redis = connect(settings.store_url, timeout_s=_STORE_TIMEOUT_S)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(redis.aclose)
        kept = await _unless_answered(redis, keepsake_of(settings))
        services = Services(settings, redis, await signatures(kept or Pipe(redis)))
        closing.push_async_callback(services.exposures.stop)
        for part in (services.live, services.keyring):
            closing.push_async_callback(part.stop)
            await part.start(kept)
        for other in (services.mail_watch, services.keeping, services.experiments):
            closing.push_async_callback(other.stop)
            await other.start()
        yield services


async def _unless_answered(redis: Redis, keepsake: Keepsake) -> KeptPipe | None:
    """Return what stands for the store while it is away; None once it answers.

    Whoever starts this process may start the store after it.
    """
    is_told = False
    while True:
        try:
            await Items(Pipe(redis)).count()
            return None
        except StoreUnavailableError as exc:
            kept = await keepsake.read()
            if kept is not None:
                log.warning("api_starts_without_store", error=str(exc))
                return kept
            if not is_told:
                log.warning("api_waits", error=str(exc))
            is_told = True
            await asyncio.sleep(_RETRY_S)


def lifespan_of(
    settings: Settings,
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return the application's lifespan."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        try:
            async with AsyncExitStack() as closing:
                with ends_when_told() if exit_with_server() else nullcontext():
                    services = await closing.enter_async_context(opened(settings))
                app.state.services = services
                log.info(
                    "api_ready", n_items=services.live.catalogue.n, computes=compiled.which()[0]
                )
                yield
        except (StoreError, SettingsError) as exc:
            log.error("api_cannot_start", error=str(exc))
            raise

    return lifespan


def provided(app: Callable[[], Litestar]) -> dict[str, Provide]:
    """Return the dependencies handlers may name.

    Their provider takes no parameters: Litestar would validate them for each request.

    Args:
        app: returns the application, once there is one.
    """

    def services() -> Services:
        found: Services = app().state.services
        return found

    return {"services": Provide(services, sync_to_thread=False)}
