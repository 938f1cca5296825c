"""Admission: from a request's head to its caller, or the reason why not.

Everything is decided in memory: keys from the keyring, tokens by their signature, limits by counters
of this process.

Whether a call may pass without a key is decided here, for every route alike: the service listens on a
loopback address, no key exists or ever existed in this store, the call says a loopback name, and no
header says that somebody passed it on. What is worth having is for the owner even then.

Three more things look at where a browser's request comes from. A publishable key works on its
own origins only. And a request without any credential that changes something - our own forms, or
anything at all while no key exists - must not come from a foreign page: there the right to act lies in
being able to reach the address, which any page that a browser shows can do for its author. Where a
cookie shows who calls, only our own pages may change anything, whatever other origins may do.
"""

import time
from typing import Annotated

import msgspec
import structlog

from recsvc.access import tokens
from recsvc.access.keyring import Keyring
from recsvc.access.owner import TOKEN_PREFIX, Address, Owner
from recsvc.clock import HOUR_S, now_us
from recsvc.core.access.caller import NOBODY, OPEN, OWNER, Access, Caller, CallerKind
from recsvc.core.access.limits import Limit, Verdict
from recsvc.core.access.networks import forwarded_client, parse_networks, prefix, wide
from recsvc.core.access.origins import host_of, is_loopback, parse_origins
from recsvc.errors import LimitedError, NotAllowedError, NotAuthenticatedError
from recsvc.params import setting
from recsvc.store.access.credentials import PREFIXES, Credential, CredentialKind

log = structlog.get_logger()

# A /48 is what one customer is given: as many /64 as there are people on earth would each have a limit.
_NETWORKS_OF_A_CUSTOMER = 4

_KEY_PREFIXES = tuple(f"{prefix}_" for prefix in PREFIXES.values())


class AdmissionParams(msgspec.Struct, frozen=True):
    """What is asked of callers.

    Attributes:
        origins, proxies: as text, which `Admission` takes apart once.
    """

    is_insecure: Annotated[
        bool,
        setting(
            "Serve other machines although no key exists: anybody may do anything.",
            name="insecure",
        ),
    ] = False
    audience: Annotated[
        str, setting("The `aud` that user tokens must name.", name="token_audience", min_length=1)
    ] = "recsvc"
    origins: Annotated[
        str,
        setting(
            "Origins whose pages may call, beside those of publishable keys; exact, "
            "between spaces.",
            name="cors_origins",
            check=parse_origins,
        ),
    ] = ""
    proxies: Annotated[
        str,
        setting(
            "Networks whose `X-Forwarded-For` is believed, e.g. `10.0.0.0/8`.",
            name="trusted_proxies",
            check=parse_networks,
        ),
    ] = ""
    key_per_minute: Annotated[
        int,
        setting("Requests a minute of one key; 0: no limit.", name="limit_key_per_minute", ge=0),
    ] = 0
    user_per_minute: Annotated[
        int,
        setting(
            "Requests and events a minute of one user token's reader.",
            name="limit_user_per_minute",
            ge=0,
        ),
    ] = 600
    ip_per_minute: Annotated[
        int,
        setting(
            "Requests and events a minute from one /24 or /64, of callers without a secret key; "
            "from one /48 four times as many.",
            name="limit_ip_per_minute",
            ge=0,
        ),
    ] = 3_000
    strangers_per_hour: Annotated[
        int,
        setting(
            "Events and forms an hour of all those together for whom nobody vouches, anonymous "
            "sessions and visitors, in each process; 0: no limit.",
            name="limit_strangers_per_hour",
            ge=0,
        ),
    ] = 1_000_000
    connections_per_network: Annotated[
        int,
        setting(
            "Connections that one /24 or /48 may hold open in each process; those of trusted proxies "
            "and of this machine are not counted (Linux).",
            ge=1,
        ),
    ] = 512
    refused_per_minute: Annotated[
        int,
        setting(
            "Wrong credentials a minute from one /24 or /48.",
            name="limit_refused_per_minute",
            ge=0,
        ),
    ] = 20


class Head(msgspec.Struct, frozen=True):
    """What of a request's head decides.

    Attributes:
        is_unsafe: whether its method may change something.
        peer: the address that the connection comes from.
        api_key: `X-API-Key`: as good as a bearer; ignored while no key exists.
        forwarded: `X-Forwarded-For`, several of them joined by commas.
        is_passed_on: whether a header says that a proxy is in between.
        is_native: whether its HTTP version is one that programs speak themselves; nginx's plain
            `proxy_pass` speaks 1.0.
        connection: the far and the near end of the connection.
        cookie: the access token that the owner's browser keeps.
        session: what a browser keeps in which a secret key was shown.
        variant: which variants of experiments are to be tried out.
    """

    is_unsafe: bool
    peer: str
    authorization: str | None = None
    api_key: str | None = None
    origin: str | None = None
    host: str = ""
    fetch_site: str | None = None
    forwarded: str = ""
    is_passed_on: bool = False
    is_native: bool = True
    connection: tuple[Address, Address] | None = None
    cookie: str | None = None
    session: str | None = None
    variant: str | None = None


class Visit(msgspec.Struct):
    """One request's standing.

    Attributes:
        charged: the limits it counts against, each with who is charged.
        shared: the limits it counts against together with everybody, which are nobody's to know.
        verdicts: what became of the latest charge, one per limit of `charged`.
    """

    head: Head
    caller: Caller = NOBODY
    charged: tuple[tuple[Limit, str], ...] = ()
    shared: tuple[tuple[Limit, str], ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_stranger(self) -> bool:
        """Whether nothing is known of the caller (yet)."""
        return self.caller.kind is CallerKind.NOBODY


class Admission:
    """Lets callers in.

    Args:
        is_local: whether the service listens on a loopback address only.
    """

    def __init__(
        self, keyring: Keyring, params: AdmissionParams, owner: Owner, *, is_local: bool
    ) -> None:
        self._keyring = keyring
        self._owner = owner
        self._audience = params.audience
        self._origins = parse_origins(params.origins)
        self._proxies = parse_networks(params.proxies)
        self._is_local, self._is_insecure = is_local, params.is_insecure
        self._keys = Limit("key", params.key_per_minute)
        self._users = Limit("user", params.user_per_minute)
        self._prefixes = Limit("ip", params.ip_per_minute)
        self._customers = Limit("customer", _NETWORKS_OF_A_CUSTOMER * params.ip_per_minute)
        self._strangers = Limit("strangers", params.strangers_per_hour, HOUR_S)
        self._refused = Limit("refused", params.refused_per_minute)

    @property
    def is_open(self) -> bool:
        """Whether no credential is needed: none ever existed, and only this machine is served."""
        return self._keyring.is_untouched and (self._is_local or self._is_insecure)

    def admit(self, visit: Visit, access: Access, cost: int = 1) -> None:
        """Find out who calls, and let them through to a route or not.

        Args:
            cost: what the call counts as, in requests.

        Raises:
            NotAuthenticatedError: when a credential is missing or not valid.
            NotAllowedError: when it does not reach that far, or a foreign page is behind the call.
            LimitedError: when the caller asks too often.
        """
        head = visit.head
        shown = None if access.scope is None else self._bearer(head)
        if shown is not None:
            visit.caller = self.identify(shown, head)
        elif access.in_browser and (known := self._in_browser(head)) is not None:
            visit.caller = known
        elif not self.is_open:
            visit.caller = self._without_credential(head, access)
        elif access.is_everybodys:
            visit.caller = NOBODY
        else:
            visit.caller = self._of_this_machine(head, access)
        if access.in_browser and head.is_unsafe and shown is None and not _is_own(head):
            raise NotAllowedError("only the console's own pages may do this")
        if not visit.is_stranger:
            visit.caller.check(access)
        is_known_later = visit.is_stranger and access.in_body  # and charged then
        if access.is_limited and not is_known_later:
            visit.charged = self._limits_of(visit)
            visit.shared = self._limits_of_all(visit, access)
            self.charge(visit, cost)

    def admit_in_body(self, visit: Visit, shown: str | None, access: Access) -> None:
        """Do the same with what came in the body, for callers who can set no headers.

        Raises:
            NotAuthenticatedError, NotAllowedError, LimitedError: as `admit`.
        """
        if shown is None:
            if visit.is_stranger:
                raise NotAuthenticatedError("this needs a key or a user token", is_presented=False)
            return
        caller = self.identify(shown, visit.head)
        if caller.kind is CallerKind.SECRET:
            raise NotAllowedError("a secret key belongs into the Authorization header")
        caller.check(access)
        visit.caller = caller
        visit.charged = self._limits_of(visit)
        visit.shared = self._limits_of_all(visit, access)
        self.charge(visit, 1)

    def identify(self, shown: str, head: Head) -> Caller:
        """Return the caller behind a key or a user token.

        Raises:
            NotAuthenticatedError: when it is not valid.
            NotAllowedError: when a publishable key is used on another origin.
            LimitedError: instead, after too many wrong ones from the same neighbourhood.
        """
        try:
            if shown.startswith(_KEY_PREFIXES):
                return self._of_key(shown, head)
            if shown.startswith(TOKEN_PREFIX):
                return self._of_owner(shown, head)
            secrets, audience = self._keyring.signing_secrets, self._audience
            return Caller(CallerKind.TOKEN, user=tokens.read(shown, secrets, audience, now_us()))
        except NotAuthenticatedError as exc:
            self._count_refusal(head, str(exc))
            raise

    def charge(self, visit: Visit, cost: int) -> None:
        """Charge a visit to everything it counts against.

        Raises:
            LimitedError: when one of them has nothing left; then nothing is charged.
        """
        if not (visit.charged or visit.shared) or cost == 0:
            return
        now_s = time.monotonic()
        limits = visit.charged + visit.shared
        verdicts = tuple(limit.check(who, cost, now_s) for limit, who in limits)
        visit.verdicts = verdicts[: len(visit.charged)]
        waits_s = max(verdict.retry_after_s for verdict in verdicts)
        if waits_s:
            raise LimitedError(f"too many requests; try again in {waits_s} s", waits_s)
        for limit, who in limits:
            limit.charge(who, cost, now_s)

    def allows_origin(self, origin: str) -> bool:
        """Return whether pages of an origin may call, and read the answers."""
        if origin in self._keyring.origins or origin in self._origins:
            return True
        return self.is_open and is_loopback(host_of(origin))

    def is_owner(self, head: Head) -> bool:
        """Return whether the owner calls, on this machine and past no proxy."""
        if not _is_direct(head):
            return False
        if self._owner.shows_token(head.cookie):
            return True
        if head.connection is None or not (head.is_native and self.is_open):
            return False
        return self._owner.is_same_user(*head.connection)

    def welcomes(self, shown: str, head: Head) -> bool:
        """Return whether somebody on this machine shows the access token."""
        return _is_direct(head) and self._owner.shows_token(shown)

    def speaks_for(self, head: Head) -> bool:
        """Return whether a call of a page is believed in whose name it is: the owner's, unkeyed."""
        return self.is_open and (self._is_insecure or self.is_owner(head))

    def _bearer(self, head: Head) -> str | None:
        if head.authorization is None:
            return None if self.is_open else head.api_key
        scheme, _, shown = head.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return shown.strip()
        if self.is_open:
            return None  # meant for a proxy in between
        raise NotAuthenticatedError("the Authorization header must say `Bearer …`")

    def _in_browser(self, head: Head) -> Caller | None:
        """Return whom a browser's cookies show; None for nobody."""
        if _is_direct(head) and self._owner.shows_token(head.cookie):
            return OWNER
        if head.session is None:
            return None
        try:
            return _of_secret(self._keyring.in_session(head.session))
        except NotAuthenticatedError:
            return None

    def _of_key(self, shown: str, head: Head) -> Caller:
        key = self._keyring.find(shown)
        if key.kind is CredentialKind.SECRET:
            return _of_secret(key)
        # Browsers name the origin of every call across origins. Without one, no foreign page is
        # behind it; a program could name whichever origin it likes.
        if head.origin is not None and head.origin not in key.origins and not _is_own(head):
            raise NotAllowedError("this publishable key does not work on this origin")
        return Caller(CallerKind.PUBLISHABLE, key.id)

    def _of_owner(self, shown: str, head: Head) -> Caller:
        if not self._owner.shows_token(shown):
            raise NotAuthenticatedError("this access token is not valid (any more)")
        if not _is_direct(head):
            raise NotAllowedError(
                "the access token is for this machine only, under a loopback name; "
                "for others make a key with `recsvc keys create secret`"
            )
        return OWNER

    def _without_credential(self, head: Head, access: Access) -> Caller:
        if access.scope is None:
            if head.is_unsafe:
                self._refuse_foreign_page(head)
        elif not access.in_body:
            raise NotAuthenticatedError("this needs a key or a user token", is_presented=False)
        return NOBODY

    def _of_this_machine(self, head: Head, access: Access) -> Caller:
        if self._is_insecure:
            caller = OWNER
        elif not _is_direct(head):
            # A name that somebody else controls may point here (DNS rebinding), or a proxy may.
            raise NotAllowedError(
                "while no key exists, only loopback names such as localhost are answered, and nothing "
                "that a proxy passes on; make a key with `recsvc keys create secret`"
            )
        else:
            caller = OWNER if access.is_guarded and self.is_owner(head) else OPEN
        if head.is_unsafe:
            self._refuse_foreign_page(head)
        return NOBODY if access.scope is None else caller

    def _refuse_foreign_page(self, head: Head) -> None:
        if head.fetch_site in ("same-origin", "none"):
            return
        if head.origin is None:
            is_foreign = head.fetch_site is not None  # what is no browser sends neither header
        else:
            is_foreign = not _is_own(head) and not self.allows_origin(head.origin)
        if is_foreign:
            raise NotAllowedError("a page of another origin may not do this")

    def _limits_of(self, visit: Visit) -> tuple[tuple[Limit, str], ...]:
        caller, limits = visit.caller, []
        if self.is_open or caller.kind is CallerKind.OWNER:
            return ()
        if caller.key_id is not None and self._keys.is_on:
            limits.append((self._keys, caller.key_id))
        if caller.user is not None and self._users.is_on:
            limits.append((self._users, caller.user))
        if caller.kind is not CallerKind.SECRET and self._prefixes.is_on:
            limits += self._limits_of_place(self.neighbourhood(visit.head))
        return tuple(limits)

    def _limits_of_all(self, visit: Visit, access: Access) -> tuple[tuple[Limit, str], ...]:
        """Return what all strangers together count against."""
        is_stranger = visit.caller.kind in (CallerKind.NOBODY, CallerKind.PUBLISHABLE)
        leaves = is_stranger and visit.head.is_unsafe and access.is_written
        is_counted = leaves and self._strangers.is_on and not self.is_open
        return ((self._strangers, ""),) if is_counted else ()

    def _limits_of_place(self, where: str) -> list[tuple[Limit, str]]:
        found = [(self._prefixes, where)]
        return [*found, (self._customers, wide(where))] if ":" in where else found

    def _count_refusal(self, head: Head, reason: str) -> None:
        """Count a wrong credential; only the first ones of a minute are logged, none in clear.

        A right one passes whatever its neighbours do: 256 random bits are not found by trying.
        """
        if not self._refused.is_on:
            return
        where, now_s = wide(self.neighbourhood(head)), time.monotonic()
        verdict = self._refused.check(where, 1, now_s)
        if verdict.retry_after_s:
            raise LimitedError("too many wrong credentials", verdict.retry_after_s)
        self._refused.charge(where, 1, now_s)
        log.warning("credential_refused", reason=reason)

    def neighbourhood(self, head: Head) -> str:
        """Return where a call comes from, as coarse as limits count it: a /24 or a /64."""
        if not self._proxies:
            return prefix(head.peer)
        return prefix(forwarded_client(head.peer, head.forwarded, self._proxies))


def _of_secret(key: Credential) -> Caller:
    return Caller(CallerKind.SECRET, key.id, frozenset(key.scopes), is_former=key.is_former)


def _is_direct(head: Head) -> bool:
    """Return whether a call says a loopback name, and nothing says that it was passed on."""
    return is_loopback(head.host) and not head.is_passed_on


def _is_own(head: Head) -> bool:
    """Return whether the origin is the service's own: a page that it served itself."""
    if head.fetch_site == "same-origin":
        return True
    return head.origin is not None and host_of(head.origin) == head.host.lower()
