"""What a serving process holds: opened in the application's lifespan, handed to handlers by name."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import structlog
from litestar import Litestar
from litestar.di import Provide

from recsvc.access.admission import Admission
from recsvc.access.keyring import Keyring
from recsvc.access.owner import owner_of
from recsvc.core.readers.kinds import Kind
from recsvc.errors import StoreError
from recsvc.lists.periods import Periods
from recsvc.lists.recommender import Recommender
from recsvc.lists.search import Search
from recsvc.live.catalogue import LiveCatalogue
from recsvc.live.item_cache import ItemCache
from recsvc.live.model import LiveModel
from recsvc.live.search_index import SearchIndex
from recsvc.live.view import Live
from recsvc.mail.composing import Composer
from recsvc.mail.letters import Writer
from recsvc.mail.links import Links
from recsvc.mail.subscribing import Desk
from recsvc.parent_process import exit_with_server
from recsvc.settings import Settings
from recsvc.store.access.credentials import Credentials
from recsvc.store.access.signatures import Signatures, signatures
from recsvc.store.connection import connect
from recsvc.store.items.boards import Boards
from recsvc.store.items.catalogue import Items
from recsvc.store.log.writing import EventLog
from recsvc.store.mail.limits import MailLimits
from recsvc.store.mail.subscriptions import Subscriptions
from recsvc.store.models.snapshots import Snapshots
from recsvc.store.models.training import Training
from recsvc.store.models.warmed import WarmedItems
from recsvc.store.pipe import Pipe
from recsvc.store.readers.erasures import Erasures
from recsvc.store.readers.exports import Exports
from recsvc.store.readers.gorse import Gorse
from recsvc.store.readers.preferences import ReaderPreferences
from recsvc.store.readers.profiles import Profiles

log = structlog.get_logger()

# A reader does not wait longer for a store that is silent; the feed is then served from memory.
_STORE_TIMEOUT_S = 3.0


class Services(msgspec.Struct, frozen=True):
    """Everything handlers call."""

    settings: Settings
    kinds: dict[str, Kind]
    live: Live
    recommender: Recommender
    search: Search
    periods: Periods
    events: EventLog
    items: Items
    cache: ItemCache
    profiles: Profiles
    preferences: ReaderPreferences
    snapshots: Snapshots
    training: Training
    signatures: Signatures
    desk: Desk
    composer: Composer
    links: Links
    writer: Writer
    credentials: Credentials
    keyring: Keyring
    admission: Admission
    boards: Boards
    erasures: Erasures
    exports: Exports
    gorse: Gorse


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Connect, load the catalogue, follow the store; close it all in the end.

    Raises:
        StoreUnavailableError: when the store does not answer at the start.
    """
    redis = connect(settings.store_url, timeout_s=_STORE_TIMEOUT_S)
    pipe = Pipe(redis)
    items = Items(pipe, settings.lists.trending)
    cache = ItemCache(items, settings.cached_items)
    snapshots = Snapshots(pipe, settings.snapshot_cache_path)
    boards = Boards(pipe, settings.lists.trending)
    index = SearchIndex()
    catalogue = LiveCatalogue(items, boards, cache, index)
    live = Live(redis, catalogue, LiveModel(snapshots, WarmedItems(pipe)))
    profiles = Profiles(pipe, lambda: live.catalogue.aliases)
    kinds = settings.kinds
    params = settings.lists
    digest = settings.digest
    recommender = Recommender(live, profiles, cache, params)
    credentials = Credentials(pipe)
    keyring = Keyring(credentials)
    try:
        await keyring.start()
        await live.start()
        signs = await signatures(pipe)
        links = Links(signs, digest, settings.site_url)
        limits = MailLimits(pipe, signs, settings.mail_limits)
        yield Services(
            settings,
            kinds,
            live,
            recommender,
            Search(live, index, cache, recommender, params.depth),
            Periods(live, recommender, settings.zone, params.cursor_ttl_s),
            EventLog(Pipe(redis), kinds, settings.log, lambda: live.catalogue.aliases),
            items,
            cache,
            profiles,
            ReaderPreferences(pipe),
            snapshots,
            Training(pipe),
            signs,
            Desk(Subscriptions(pipe), limits, links, signs),
            Composer(recommender, profiles, digest),
            links,
            Writer(links, digest),
            credentials,
            keyring,
            Admission(
                keyring,
                settings.admission,
                owner_of(settings.data_path),
                is_local=settings.is_local,
            ),
            boards,
            Erasures(pipe),
            Exports(pipe),
            Gorse(pipe, settings.log.profile_ttl_days),
        )
    finally:
        await keyring.stop()
        await live.stop()
        await redis.aclose()


def lifespan_of(
    settings: Settings,
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return the application's lifespan."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        exit_with_server()
        try:
            async with opened(settings) as services:
                app.state.services = services
                log.info("api_ready", n_items=services.live.catalogue.n)
                yield
        except StoreError as exc:
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
