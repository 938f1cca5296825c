"""Settings: read once from `RECSVC_*` at the start, frozen, unknown names refused."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from recsvc.access.admission import AdmissionParams
from recsvc.clock import HOUR_US
from recsvc.core.access.networks import parse_networks
from recsvc.core.access.origins import is_loopback, parse_origins
from recsvc.core.items.trending import TrendingParams
from recsvc.core.model.confidence import ConfidenceParams
from recsvc.core.ranking.arrangement import ArrangementParams
from recsvc.core.ranking.params import BlendParams
from recsvc.core.readers.gorse_feedback import types_with
from recsvc.core.readers.kinds import Kind, kinds_with
from recsvc.core.readers.profile import ProfileParams
from recsvc.errors import InvalidError, SettingsError
from recsvc.lists.recommender import RecommenderParams
from recsvc.mail.params import DigestParams
from recsvc.secret import Secret
from recsvc.store.bundled import socket_url
from recsvc.store.log.writing import EventLogParams
from recsvc.store.mail.limits import MailLimitParams

PREFIX = "RECSVC_"

# Settings whose values are never shown.
SECRET = frozenset({"redis_url"})

# Settings that are JSON objects, as types.
_MAPPINGS: dict[str, Any] = {
    "RECSVC_KIND_WEIGHTS": dict[str, float],
    "RECSVC_GORSE_FEEDBACK": dict[str, str],
    "RECSVC_VOICE_WEIGHTS": dict[str, float],
}

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting, its default and its meaning; `docs/configuration.md` is tested against this."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#]+/?)?$(?!\n)",
            description="Origin that readers reach the service at, e.g. `https://papers.example.org`; "
            "links in mails begin with it. Empty: as each request says, and in mails the address it "
            "listens on.",
        ),
    ] = ""
    data_dir: Annotated[
        str, Meta(description="Folder of the bundled store, the archive and the caches.")
    ] = "data"
    redis_url: Annotated[
        str,
        Meta(description="Redis or Valkey to use, e.g. `redis://host:6379/0`; empty: the bundled."),
    ] = ""
    demo: Annotated[bool, Meta(description="Load the demo catalogue when there is no other.")] = (
        True
    )
    durability: Annotated[
        Literal["always", "everysec"],
        Meta(
            description="When the bundled store syncs its log to disk: before it acknowledges a "
            "write, or every second."
        ),
    ] = "always"
    api_processes: Annotated[int, Meta(ge=1, le=256, description="Processes serving HTTP.")] = 1
    log_format: Annotated[
        Literal["auto", "json", "text"],
        Meta(description="How logs are written; auto: text on a terminal, else JSON."),
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="What is logged.")
    ] = "info"
    timezone: Annotated[
        str, Meta(description="IANA zone in which days begin and end, for lists by day.")
    ] = "UTC"

    kind_weights: Annotated[
        dict[str, float],
        Meta(description='Weights of kinds of events, e.g. `{"click": 0.5, "purchase": 8}`.'),
    ] = msgspec.field(default_factory=dict)
    evidence_half_life_days: Annotated[
        NotNegative, Meta(description="Evidence loses half its weight in this time; 0: never.")
    ] = 0.0
    max_body_bytes: Annotated[int, Meta(ge=1024, description="Largest request body taken.")] = (
        4 * 1024 * 1024
    )

    event_id_days: Annotated[
        Positive, Meta(description="A repeated event id is recognised for at least this long.")
    ] = 3.0
    profile_ttl_days: Annotated[
        Positive, Meta(description="Profiles of readers who stay away are forgotten after this.")
    ] = 400.0
    profile_items: Annotated[
        int, Meta(ge=10, description="Interactions kept per reader, the latest.")
    ] = 2_000
    shown_items: Annotated[
        int, Meta(ge=10, description="Impressions remembered per reader, the latest.")
    ] = 1_000

    feed_depth: Annotated[
        int, Meta(ge=100, le=2000, description="Items a ranked list reaches through its cursor.")
    ] = 300
    cursor_ttl_s: Annotated[
        int, Meta(ge=1, description="A cursor older than this is answered with 410.")
    ] = 1_800
    cached_items: Annotated[
        int, Meta(ge=100, description="Items with their text held in memory per process.")
    ] = 20_000

    personal_weight: Annotated[
        NotNegative, Meta(description="Weight of what like-minded readers went for.")
    ] = 1.0
    similar_weight: Annotated[
        NotNegative, Meta(description="Weight of where readers of the same items went on to.")
    ] = 0.5
    just_read_boost: Annotated[
        NotNegative, Meta(description="How much louder the item read last leads on; 0: not at all.")
    ] = 1.0
    content_weight: Annotated[
        NotNegative, Meta(description="Weight of likeness to what the reader went for.")
    ] = 1.0
    trending_weight: Annotated[
        NotNegative, Meta(description="Weight of a doubling of fresh votes in personal feeds.")
    ] = 0.15
    fresh_weight: Annotated[
        NotNegative, Meta(description="Weight of having been listed just now in personal feeds.")
    ] = 0.15
    voice_weights: Annotated[
        dict[str, NotNegative],
        Meta(description="Weights of voices that have no setting of their own, by name."),
    ] = msgspec.field(default_factory=dict)
    freshness_half_life_days: Annotated[
        Positive, Meta(description="Freshness halves in this time.")
    ] = 14.0
    follow_weight: Annotated[
        NotNegative, Meta(description="Weight of a topic, organisation or word that is followed.")
    ] = 1.5
    explore_share: Annotated[
        Share,
        Meta(
            description="Share of a personal feed's slots, behind the first three, that show plausible "
            "items with few readers by chance."
        ),
    ] = 0.05
    diversity: Annotated[
        Share,
        Meta(description="How much a personal feed avoids items alike: 0 not at all, 1 above all."),
    ] = 0.0
    organisation_cap: Annotated[
        int, Meta(ge=0, description="Items of one organisation on a page of 20; 0: any number.")
    ] = 0
    topic_cap: Annotated[
        int, Meta(ge=0, description="Items of one topic on a page of 20; 0: any number.")
    ] = 0
    trending_half_life_hours: Annotated[
        Positive,
        Meta(
            description="Votes halve in this time in the `week` window; `day` is four times faster, "
            "`month` four times slower."
        ),
    ] = 36.0

    train_every_s: Annotated[
        Positive, Meta(description="Train when this long has passed and there are new events.")
    ] = 30.0
    train_every_events: Annotated[
        int, Meta(ge=1, description="… or as soon as there are this many new events.")
    ] = 1_000
    train_pause_s: Annotated[NotNegative, Meta(description="Never train more often than this.")] = (
        5.0
    )
    train_share: Annotated[
        float, Meta(gt=0, le=1, description="Largest share of the time spent training.")
    ] = 0.05
    factors: Annotated[int, Meta(ge=1, le=1024, description="Dimensions of the factors.")] = 64
    iterations: Annotated[int, Meta(ge=1, le=100, description="Iterations of ALS.")] = 5
    regularization: Annotated[Positive, Meta(description="Regularization λ of ALS.")] = 5.0
    alpha: Annotated[Positive, Meta(description="Mean confidence of an interaction.")] = 20.0
    user_exponent: Annotated[
        Share, Meta(description="Heavy readers count less by their degree to the minus this.")
    ] = 0.25
    item_exponent: Annotated[
        Share, Meta(description="Popular items count less by their degree to the minus this.")
    ] = 0.25
    train_threads: Annotated[
        int, Meta(ge=0, description="Threads used for training; 0: one per processor.")
    ] = 0
    seed: Annotated[int, Meta(ge=0, description="Seed of everything random in training.")] = 42
    search_s: Annotated[
        NotNegative,
        Meta(
            description="Seconds given to a search for better training parameters, when there is twice "
            "as much to learn from as at the last one; 0: those above are used."
        ),
    ] = 20.0
    gate_share: Annotated[
        float,
        Meta(gt=0, lt=1, description="Share of the events, the latest, that models are judged by."),
    ] = 0.1
    gate_min_readers: Annotated[
        int, Meta(ge=2, description="With fewer readers in them, every model passes.")
    ] = 30
    snapshots_kept: Annotated[
        int, Meta(ge=1, description="Snapshots kept for rollback, the served one included.")
    ] = 5

    archive_every_s: Annotated[
        Positive, Meta(description="Move applied events from Redis to the archive this often.")
    ] = 60.0
    archive_events: Annotated[
        int, Meta(ge=1, description="… and as soon as this many have gathered.")
    ] = 100_000
    archive_days: Annotated[
        int, Meta(ge=0, description="Archived events are dropped after this many days; 0: never.")
    ] = 0
    reclaim_after_s: Annotated[
        Positive, Meta(description="Take over what a silent worker left after this long.")
    ] = 10.0

    hf_url: Annotated[
        str, Meta(description="Where `recsvc import hf-daily` asks for daily papers.")
    ] = "https://huggingface.co"
    arxiv_url: Annotated[str, Meta(description="Where `recsvc import arxiv` asks for papers.")] = (
        "https://export.arxiv.org"
    )
    arxiv_pause_s: Annotated[
        NotNegative,
        Meta(description="Between two requests to arXiv; its terms ask for 3 seconds."),
    ] = 3.0
    fetch_contact: Annotated[
        str,
        Meta(description="Mail address or page named to archives, so that they can reach you."),
    ] = ""
    item_url: Annotated[
        str,
        Meta(
            description="Where the site shows an item, `{id}` standing for it, e.g. "
            "`https://papers.example.org/papers/{id}`; empty: the item's own `url`."
        ),
    ] = ""
    digest_title: Annotated[
        str, Meta(description="What the mail is called, and the name it is sent under.")
    ] = "Daily Papers"
    digest_items: Annotated[int, Meta(ge=1, le=50, description="Items in each part of a mail.")] = (
        10
    )
    digest_repeat_days: Annotated[
        Positive, Meta(le=400, description="An item is mailed to a subscriber once in this time.")
    ] = 30.0
    digest_fresh_days: Annotated[
        Positive,
        Meta(description="The personal part picks among items listed within this time."),
    ] = 7.0
    digest_lease_s: Annotated[
        float,
        Meta(
            ge=1,
            description="A mail that a dead worker had in hand is taken up again after this long, if "
            "no worker starts on its machine before.",
        ),
    ] = 900.0
    mail_from: Annotated[
        str, Meta(description="Address that mails are sent from, of a domain of your own.")
    ] = "papers@localhost"
    mail_imprint: Annotated[
        str, Meta(max_length=500, description="Who sends the mail: the last line of each.")
    ] = ""
    smtp_host: Annotated[
        str, Meta(description="Relay that takes mails; empty: they go to a folder, `outbox`.")
    ] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="Its port.")] = 587
    smtp_tls: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(
            description="How the connection is encrypted: STARTTLS, TLS from the start, not at all."
        ),
    ] = "starttls"
    smtp_user: Annotated[str, Meta(description="User at the relay; empty: no authentication.")] = ""
    smtp_password: Annotated[Secret, Meta(description="Password at the relay.")] = Secret()
    smtp_connections: Annotated[
        int, Meta(ge=1, le=100, description="Connections to the relay at the same time.")
    ] = 2
    subscribe_per_address_day: Annotated[
        int, Meta(ge=1, description="Confirmations mailed to one address in a day.")
    ] = 3
    subscribe_per_network_hour: Annotated[
        int, Meta(ge=1, description="Requests to subscribe from one network in an hour.")
    ] = 20
    subscribe_per_hour: Annotated[
        int, Meta(ge=1, description="Confirmations mailed in an hour, to everybody together.")
    ] = 1_000

    insecure: Annotated[
        bool,
        Meta(description="Serve other machines although no key exists: anybody may do anything."),
    ] = False
    token_audience: Annotated[
        str, Meta(min_length=1, description="The `aud` that user tokens must name.")
    ] = "recsvc"  # noqa: S105 - a name
    cors_origins: Annotated[
        str,
        Meta(
            description="Origins whose pages may call, beside those of publishable keys; exact, "
            "between spaces."
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(description="Networks whose `X-Forwarded-For` is believed, e.g. `10.0.0.0/8`."),
    ] = ""
    vote_hold_hours: Annotated[
        NotNegative,
        Meta(
            le=8_760,
            description="Votes count on boards once their reader has been known for this long; 0: "
            "at once.",
        ),
    ] = 0.0
    anonymous_ttl_hours: Annotated[
        Positive, Meta(description="Profiles of anonymous sessions are forgotten after this.")
    ] = 24.0
    limit_key_per_minute: Annotated[
        int, Meta(ge=0, description="Requests a minute of one key; 0: no limit.")
    ] = 0
    limit_user_per_minute: Annotated[
        int, Meta(ge=0, description="Requests and events a minute of one user token's reader.")
    ] = 600
    limit_ip_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests and events a minute from one /24 or /64, of callers without a "
            "secret key.",
        ),
    ] = 3_000
    limit_refused_per_minute: Annotated[
        int, Meta(ge=0, description="Wrong credentials a minute from one /24 or /64.")
    ] = 20
    gorse_path: Annotated[
        str,
        Meta(
            pattern=r"^(/[A-Za-z0-9._~-]+)*$(?!\n)",
            description="Path of Gorse's API, e.g. `/api` for clients that cannot be told another; "
            "empty: it is not served.",
        ),
    ] = "/gorse/api"
    gorse_feedback: Annotated[
        dict[str, str],
        Meta(
            description="Kinds of events that types of feedback in Gorse's API are, besides the "
            'usual, e.g. `{"purchase": "save", "*": "click"}`.'
        ),
    ] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Show everything but secrets."""
        shown = [
            f"{name}={'•••' if name in SECRET else repr(getattr(self, name))}"
            for name in self.__struct_fields__
        ]
        return f"Settings({', '.join(shown)})"

    @property
    def data_path(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    @property
    def store_url(self) -> str:
        """The address of the store: the one configured, or the bundled one's socket."""
        return self.redis_url or socket_url(self.data_path)

    @property
    def is_bundled(self) -> bool:
        """Whether the store is the bundled one."""
        return not self.redis_url

    @property
    def archive_path(self) -> Path:
        """Folder of the archive."""
        return self.data_path / "archive"

    @property
    def outbox_path(self) -> Path:
        """Mails, where there is no relay that takes them."""
        return self.data_path / "outbox"

    @property
    def snapshot_cache_path(self) -> Path:
        """Folder of the local copies of snapshots."""
        return self.data_path / "cache" / "snapshots"

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which days begin and end."""
        return ZoneInfo(self.timezone)

    @property
    def site_url(self) -> str:
        """Where a reader's browser finds the service, without a slash at the end."""
        return self.public_url.rstrip("/") or self.local_url

    @property
    def local_url(self) -> str:
        """Where this machine finds the service, without a slash at the end."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - as told apart from here
        host = everywhere.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def gorse_types(self) -> dict[str, str]:
        """Return the kind of event for each type of feedback of Gorse's API."""
        return types_with(self.gorse_feedback, self.kinds())

    def kinds(self) -> dict[str, Kind]:
        """Return the table of kinds with the weights in force."""
        return kinds_with(self.kind_weights)

    def profile_params(self) -> ProfileParams:
        """Return how evidence is drawn from interactions."""
        return ProfileParams(self.kinds(), self.evidence_half_life_days)

    def event_log_params(self) -> EventLogParams:
        """Return what the log keeps."""
        return EventLogParams(
            self.event_id_days,
            self.profile_ttl_days,
            self.profile_items,
            self.shown_items,
            self.vote_hold_hours,
            self.anonymous_ttl_hours,
        )

    def trending_params(self) -> TrendingParams:
        """Return how fast votes fade."""
        return TrendingParams(self.trending_half_life_hours)

    def confidence_params(self) -> ConfidenceParams:
        """Return how evidence becomes confidence."""
        return ConfidenceParams(self.alpha, self.user_exponent, self.item_exponent)

    def blend_params(self) -> BlendParams:
        """Return how loud each source speaks."""
        return BlendParams(
            personal=self.personal_weight,
            similar=self.similar_weight,
            just_read=self.just_read_boost,
            content=self.content_weight,
            trending=self.trending_weight,
            fresh=self.fresh_weight,
            fresh_half_life_days=self.freshness_half_life_days,
            trending_half_life_us=self.trending_half_life_hours * HOUR_US,
            weights=self.voice_weights,
        )

    def admission_params(self) -> AdmissionParams:
        """Return what is asked of callers."""
        return AdmissionParams(
            is_loopback(self.host),
            self.insecure,
            self.token_audience,
            parse_origins(self.cors_origins),
            parse_networks(self.trusted_proxies),
            self.limit_key_per_minute,
            self.limit_user_per_minute,
            self.limit_ip_per_minute,
            self.limit_refused_per_minute,
        )

    def recommender_params(self) -> RecommenderParams:
        """Return what the use cases need to know."""
        return RecommenderParams(
            self.profile_params(),
            self.blend_params(),
            self.trending_params(),
            self.feed_depth,
            self.cursor_ttl_s,
            self.follow_weight,
            ArrangementParams(
                self.diversity, self.explore_share, self.organisation_cap, self.topic_cap
            ),
        )

    def digest_params(self) -> DigestParams:
        """Return what the digest needs to know of its site."""
        return DigestParams(
            self.digest_title,
            self.mail_from,
            self.site_url,
            self.item_url,
            self.mail_imprint,
            self.digest_items,
            self.digest_repeat_days,
            self.digest_fresh_days,
        )

    def mail_limit_params(self) -> MailLimitParams:
        """Return how many confirmations may be asked for."""
        return MailLimitParams(
            self.subscribe_per_address_day,
            self.subscribe_per_network_hour,
            self.subscribe_per_hour,
        )


def from_environment(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings.

    Args:
        environ: the process's environment if None.
        overrides: what the command line says; None means it does not.

    Raises:
        SettingsError: for an unknown name or a value that does not fit, naming it.
    """
    found = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for variable, text in found.items():
        if variable.startswith(PREFIX):
            name = variable[len(PREFIX) :].lower()
            if name not in Settings.__struct_fields__ or variable != variable.upper():
                raise SettingsError(f"unknown setting {variable}{_suggestion(name)}")
            values[name] = _parsed(variable, text)
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_secret)
        settings.kinds()
        settings.gorse_types()
        settings.digest_params()
        _check_relay(settings)
        _ = settings.zone
        settings.admission_params()
    except InvalidError as exc:
        raise SettingsError(f"RECSVC_CORS_ORIGINS or RECSVC_TRUSTED_PROXIES: {exc}") from None
    except msgspec.ValidationError as exc:
        raise SettingsError(_named(str(exc))) from None
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"RECSVC_TIMEZONE: no such zone {settings.timezone!r}") from None
    return settings


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables that make a child process see the same settings."""
    variables = {}
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        if isinstance(value, Secret):
            value = value.reveal()
        text = msgspec.json.encode(value).decode() if not isinstance(value, str) else value
        variables[PREFIX + name.upper()] = text
    return variables


def _check_relay(settings: Settings) -> None:
    """Refuse to send a password in the clear to another machine.

    Raises:
        SettingsError: naming the setting.
    """
    is_here = settings.smtp_host in ("localhost", "127.0.0.1", "::1")
    if settings.smtp_user and settings.smtp_tls == "none" and not is_here:
        raise SettingsError("RECSVC_SMTP_TLS: `none` would send the password in the clear")


def _secret(wanted: type, value: object) -> object:
    """Make a secret of its text, for msgspec."""
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(wanted)


def _parsed(variable: str, text: str) -> object:
    if variable in _MAPPINGS:
        try:
            return msgspec.json.decode(text or "{}", type=_MAPPINGS[variable])
        except msgspec.MsgspecError as exc:
            raise SettingsError(f"{variable}: {exc}") from None
    return text


def _named(message: str) -> str:
    """Turn msgspec's path of a field into the name of its variable."""
    problem, _, path = message.partition(" - at `$.")
    name = path.rstrip("`").split(".")[0].split("[")[0]
    return f"{PREFIX}{name.upper()}: {problem}" if name else message


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.__struct_fields__, 1)
    return f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
