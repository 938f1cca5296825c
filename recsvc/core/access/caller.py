"""Access: who calls, what a route asks of its caller, and whose word counts about readers.

Three credentials, each for another place:

    secret       on the host's servers; everything, or the scopes it was made with; may name any reader
    publishable  in pages, bound to exact origins; public lists and events, and no reader's name
    token        in one reader's browser for at most an hour, signed by the host; names that reader

While no credential exists or ever existed, and only on a loopback address, the caller is `open`: that
is how the service starts on a developer's machine. What is worth having - readers' data, keys, writing
items - is for its `owner` even then: whoever shows the access token, or is the same user there.
"""

import enum

import msgspec

from recsvc.errors import InvalidError, NotAllowedError, NotAuthenticatedError

# What pages say of readers whom nobody vouches for is kept apart from readers whom somebody does.
ANONYMOUS = "anon:"
_MAX_ID = 256
_GUARDED = (
    "this needs the access token that `recsvc up` prints, or a key (`recsvc keys create secret`)"
)


class Scope(enum.StrEnum):
    """What a secret key may be made for.

    `read` lists what is everybody's, `metrics` reads figures, `readers` reads and writes what is about
    readers, `events` records what they do and reads nothing back.
    """

    READ = enum.auto()
    METRICS = enum.auto()
    READERS = enum.auto()
    EVENTS = enum.auto()
    ITEMS = enum.auto()
    ADMIN = enum.auto()


class CallerKind(enum.StrEnum):
    """How a caller is known."""

    OPEN = enum.auto()
    OWNER = enum.auto()
    SECRET = enum.auto()
    PUBLISHABLE = enum.auto()
    TOKEN = enum.auto()
    NOBODY = enum.auto()


class Access(msgspec.Struct, frozen=True):
    """What a route asks of its caller.

    Attributes:
        scope: the scope that a secret key needs; None asks for nothing at all.
        publishable: whether a publishable key will do.
        token: whether a user token will do.
        in_body: whether the credential may come in the body, which the route then checks itself.
        is_limited: whether calls count against limits.
        is_guarded: whether it is worth having, and asks who calls even while no key exists.
        is_leaving: whether it only takes away: it works however much strangers have left.
        in_browser: whether a cookie may show who calls; what changes something then has to come from
            a page of our own.
        formerly: the scope that reached it while there were four; keys of that time still need that
            one and no other.
    """

    scope: Scope | None
    publishable: bool = False
    token: bool = False
    in_body: bool = False
    is_limited: bool = True
    is_guarded: bool = False
    is_leaving: bool = False
    in_browser: bool = False
    formerly: Scope | None = None

    @property
    def is_written(self) -> bool:
        """Whether something may be left there by those for whom nobody vouches."""
        return self.scope in (None, Scope.EVENTS) and not self.is_leaving

    @property
    def is_everybodys(self) -> bool:
        """Whether even a stranger's probe is answered, under whatever name: health."""
        return self.scope is None and not self.is_limited


HEALTH = Access(None, is_limited=False)
PUBLIC = Access(None)
LEAVING = Access(None, is_leaving=True)
LISTS = Access(Scope.READ, publishable=True, token=True)
CATALOGUE = Access(Scope.READ)
OWN = Access(Scope.READERS, token=True, is_guarded=True, formerly=Scope.READ)
NAMED = Access(Scope.READERS, formerly=Scope.READ)
EVERYBODY = Access(Scope.READERS, is_guarded=True, formerly=Scope.ADMIN)
FIGURES = Access(Scope.METRICS, formerly=Scope.READ)
EVENTS = Access(Scope.EVENTS, publishable=True, token=True, in_body=True)
FORMS = Access(Scope.EVENTS, publishable=True, token=True)
WISHES = Access(Scope.READERS, token=True, is_guarded=True, formerly=Scope.EVENTS)
FEEDBACK = Access(Scope.EVENTS)
WRITTEN_BACK = Access(Scope.EVENTS, formerly=Scope.READ)
ABOUT_READERS = Access(Scope.READERS, formerly=Scope.EVENTS)
ITEMS = Access(Scope.ITEMS, is_guarded=True)
ADMIN = Access(Scope.ADMIN, is_guarded=True)
CONSOLE = Access(Scope.ADMIN, is_guarded=True, in_browser=True)


class Caller(msgspec.Struct, frozen=True):
    """Who calls.

    Attributes:
        key_id: of the key that was shown; None for tokens and for callers without any.
        scopes: of a secret key.
        user: the reader whom a user token names.
        is_former: whether the key was made while there were four scopes.
    """

    kind: CallerKind
    key_id: str | None = None
    scopes: frozenset[Scope] = frozenset()
    user: str | None = None
    is_former: bool = False

    def check(self, access: Access) -> None:
        """Let the caller through to a route.

        Raises:
            NotAllowedError: naming the scope that would be needed.
            NotAuthenticatedError: when somebody without a name asks for what is worth having.
        """
        if access.scope is None or self.kind is CallerKind.OWNER:
            return
        if self.kind is CallerKind.OPEN:
            if access.is_guarded:
                raise NotAuthenticatedError(_GUARDED, is_presented=False)
            return
        if self.kind is CallerKind.SECRET:
            needed = (self.is_former and access.formerly) or access.scope
            if needed not in self.scopes:
                raise NotAllowedError(f"this key lacks the scope {needed!r}", needed)
        elif not (access.publishable if self.kind is CallerKind.PUBLISHABLE else access.token):
            raise NotAllowedError("this needs a secret key", access.scope)

    def may(self, access: Access) -> bool:
        """Return whether the caller would be let through to a route."""
        try:
            self.check(access)
        except (NotAllowedError, NotAuthenticatedError):
            return False
        return True

    def reader(self, named: str | None, access: Access = NAMED) -> str | None:
        """Return whose feed this caller gets, given the reader that the request names.

        A publishable key names nobody: whatever a page says, it gets the public feed.

        Args:
            access: what naming a reader asks of a secret key.

        Raises:
            NotAllowedError: when a user token asks for another reader, or a key may name none.
        """
        if self.kind is CallerKind.SECRET and named is not None:
            self.check(access)
        if self.kind is CallerKind.TOKEN:
            if named is not None and named != self.user:
                raise NotAllowedError("a user token reads for its own user only")
            return self.user
        return None if self.kind is CallerKind.PUBLISHABLE else named

    def own(self, user: str, access: Access = OWN) -> str:
        """Return the user whose data this caller asks for.

        Raises:
            NotAllowedError: when a user token asks for another reader, or a key may name none.
        """
        self.reader(user, access)
        return user

    def sender(self, named: str | None) -> str | None:
        """Return to whom an event counts, given the reader that the event names; None if to nobody.

        Raises:
            InvalidError: when the id of an anonymous session is too long.
        """
        if self.kind is CallerKind.TOKEN:
            return self.user
        if self.kind is not CallerKind.PUBLISHABLE or named is None:
            return named
        anonymous = named if named.startswith(ANONYMOUS) else ANONYMOUS + named
        if len(anonymous) > _MAX_ID:
            raise InvalidError(f"at most {_MAX_ID - len(ANONYMOUS)} characters", "user")
        return anonymous


OPEN = Caller(CallerKind.OPEN)
OWNER = Caller(CallerKind.OWNER)
NOBODY = Caller(CallerKind.NOBODY)


def is_anonymous(user: str) -> bool:
    """Return whether an id is that of an anonymous session: nobody vouches for it."""
    return user.startswith(ANONYMOUS)
