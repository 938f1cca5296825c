"""Settings: what the processes need to know themselves, and the params of every part, composed."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from recsvc.access.admission import AdmissionParams
from recsvc.core.access.origins import parse_origins
from recsvc.core.brand import BrandParams
from recsvc.core.items.address import Addresses
from recsvc.core.loop import TargetParams
from recsvc.core.ranking.voices import check_names
from recsvc.core.readers.gorse_feedback import types_with
from recsvc.core.readers.kinds import Kind, check_beside_votes
from recsvc.core.readers.off_feed import off_since
from recsvc.errors import SettingsError
from recsvc.lists.params import ListParams
from recsvc.mail.params import DigestParams
from recsvc.params import check_url, setting
from recsvc.settings.place import Place
from recsvc.sources.extra_fields import PUBLIC
from recsvc.sources.fetching.params import FetchParams
from recsvc.store.log.writing import EventLogParams
from recsvc.store.mail.limits import MailLimitParams
from workers.log.params import ArchiveParams, ExposureFileParams
from workers.mail.params import PostParams, SmtpParams
from workers.training.params import TrainingParams


class Settings(Place, frozen=True, kw_only=True):
    """Every setting; `docs/configuration.md` is tested against this."""

    demo: Annotated[bool, setting("Load the demo catalogue when there is no other.")] = True
    durability: Annotated[
        Literal["always", "everysec"],
        setting(
            "When the bundled store syncs its log to disk: before it acknowledges a "
            "write, or every second.",
        ),
    ] = "always"
    api_processes: Annotated[int, setting("Processes serving HTTP.", ge=1, le=256)] = 1
    log_format: Annotated[
        Literal["auto", "json", "text"],
        setting("How logs are written; auto: text on a terminal, else JSON."),
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], setting("What is logged.")
    ] = "info"
    max_body_bytes: Annotated[int, setting("Largest request body taken.", ge=1024)] = (
        4 * 1024 * 1024
    )
    max_bodies_bytes: Annotated[
        int,
        setting(
            "What a process holds of all request bodies together; beyond it, 503. At least one of "
            "the largest always fits.",
            ge=0,
        ),
    ] = 16 * 1024 * 1024
    compiled: Annotated[
        bool,
        setting("Compute with the compiled kernels where they were built; `false`: with numpy."),
    ] = True
    cached_items: Annotated[
        int,
        setting("Items with their text held in memory per process.", ge=100),
    ] = 20_000
    public_extra: Annotated[
        str,
        setting(
            "Names in items' `extra` that everybody may see, between spaces; `*`: all. Others are for "
            "keys with the scope `items`."
        ),
    ] = PUBLIC
    image_origins: Annotated[
        str,
        setting(
            "Origins whose pictures of items (`thumbnail` in `extra`) the pages show, between spaces, "
            "e.g. `https://cdn.example.org`: these learn who reads what. Empty: no pictures.",
            check=parse_origins,
        ),
    ] = ""
    pages: Annotated[bool, setting("Serve the site's pages, `/` and below.")] = True
    page_impressions: Annotated[
        bool,
        setting(
            "Log as impressions what known readers saw of lists on the site's pages, half of a card "
            "for a second; what was passed over steps back in their next list."
        ),
    ] = True
    console: Annotated[
        bool, setting("Serve the console of whoever runs the service, `/console`.")
    ] = True
    syndication: Annotated[
        bool, setting("Serve lists for feed readers, `/feeds/`, private addresses included.")
    ] = True
    websub_hub_url: Annotated[
        str,
        setting(
            "Address of a WebSub hub that public feeds name, so that it can tell subscribers of news.",
            check=check_url,
        ),
    ] = ""
    huggingface: Annotated[bool, setting("Serve the calls of Hugging Face's client.")] = True
    embed: Annotated[
        bool, setting("Serve what other people's pages embed: `/embed`, `/oembed`.")
    ] = True
    reclaim_after_s: Annotated[
        float,
        setting("Take over what a silent worker left after this long.", gt=0),
    ] = 10.0
    gorse_path: Annotated[
        str,
        setting(
            "Path of Gorse's API, e.g. `/api` for clients that cannot be told another; "
            "empty: it is not served.",
            pattern=r"^(/[A-Za-z0-9._~-]+)*$(?!\n)",
        ),
    ] = "/gorse/api"
    gorse_feedback: Annotated[
        dict[str, str],
        setting(
            "Kinds of events that types of feedback in Gorse's API are, besides the "
            'usual, e.g. `{"purchase": "save", "*": "click"}`.',
        ),
    ] = msgspec.field(default_factory=dict)

    log: EventLogParams = EventLogParams()
    lists: ListParams = ListParams()
    training: TrainingParams = TrainingParams()
    archive: ArchiveParams = ArchiveParams()
    exposures: ExposureFileParams = ExposureFileParams()
    targets: TargetParams = TargetParams()
    fetch: FetchParams = FetchParams()
    digest: DigestParams = DigestParams()
    post: PostParams = PostParams()
    smtp: SmtpParams = SmtpParams()
    mail_limits: MailLimitParams = MailLimitParams()
    admission: AdmissionParams = AdmissionParams()

    @property
    def kinds(self) -> dict[str, Kind]:
        """The table of kinds of events with the weights in force."""
        return self.lists.profile.kinds

    @property
    def brand(self) -> BrandParams:
        """What the site is called and looks like."""
        return self.digest.brand

    @property
    def addresses(self) -> Addresses:
        """Where items are to be read."""
        return Addresses(self.digest.item_url, self.site_url if self.pages else None)

    def gorse_types(self) -> dict[str, str]:
        """Return the kind of event for each type of feedback of Gorse's API."""
        return types_with(self.gorse_feedback, self.kinds)

    def check(self) -> None:
        """Refuse settings that fit one by one and not together.

        Raises:
            SettingsError: naming the one to change.
        """
        try:
            kinds = self.kinds
        except SettingsError as exc:
            raise SettingsError(f"RECSVC_KIND_UNITS: {exc}") from None
        checks: dict[str, Callable[[], object]] = {
            "GORSE_FEEDBACK": self.gorse_types,
            "OFF_FEED_KINDS": lambda: off_since(self.lists.profile.off_feed, kinds),
            "TRENDING_KINDS": lambda: check_beside_votes(self.lists.trending.kinds, kinds),
        }
        for name, check in checks.items():
            try:
                check()
            except SettingsError as exc:
                raise SettingsError(f"RECSVC_{name}: {exc}") from None
        check_names(self.lists.blend)
        if self.smtp.shows_password:
            raise SettingsError("RECSVC_SMTP_TLS: `none` would send the password in the clear")
