import pytest

from recsvc.core.access import caller as access
from recsvc.core.access.caller import ANONYMOUS, Access, Caller, CallerKind, Scope, is_anonymous
from recsvc.errors import InvalidError, NotAllowedError, NotAuthenticatedError

SECRET = Caller(CallerKind.SECRET, "k", frozenset([Scope.READ]))
PUBLISHABLE = Caller(CallerKind.PUBLISHABLE, "k")
ALICE = Caller(CallerKind.TOKEN, user="alice")

ROUTES = [access.LISTS, access.OWN, access.FIGURES, access.EVENTS, access.ITEMS, access.ADMIN]
EVERY = sorted({a for a in vars(access).values() if isinstance(a, Access) and a.scope}, key=repr)
# What each scope of the first release reached.
FORMERLY = {
    Scope.READ: [access.LISTS, access.OWN, access.FIGURES],
    Scope.EVENTS: [access.EVENTS, access.FORMS, access.WISHES, access.FEEDBACK],
    Scope.ITEMS: [access.ITEMS],
    Scope.ADMIN: [access.ADMIN],
}


def reaches(caller: Caller) -> list[Access]:
    found = []
    for route in ROUTES:
        try:
            caller.check(route)
        except (NotAllowedError, NotAuthenticatedError):
            continue
        found.append(route)
    return found


def test_each_credential_reaches_its_own_routes_and_no_others():
    assert reaches(access.OWNER) == ROUTES
    assert reaches(access.OPEN) == [access.LISTS, access.FIGURES, access.EVENTS]
    assert reaches(PUBLISHABLE) == [access.LISTS, access.EVENTS]
    assert reaches(ALICE) == [access.LISTS, access.OWN, access.EVENTS]
    assert reaches(SECRET) == [access.LISTS]
    assert reaches(access.NOBODY) == reaches(ALICE), "which is why nobody is never checked"


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scoped_key_reaches_exactly_its_scope(scope: Scope):
    caller = Caller(CallerKind.SECRET, "k", frozenset([scope]))

    assert reaches(caller) == [route for route in ROUTES if route.scope == scope]


@pytest.mark.parametrize("scope", list(FORMERLY))
def test_a_key_of_the_former_release_reaches_what_it_reached(scope: Scope):
    caller = Caller(CallerKind.SECRET, "k", frozenset([scope]), is_former=True)

    every = {route for route in EVERY if caller.may(route)}
    assert set(FORMERLY[scope]) <= every
    others = {route for other in FORMERLY if other != scope for route in FORMERLY[other]}
    assert not every & others


@pytest.mark.parametrize("scope", [s for s in Scope if s is not Scope.READERS])
def test_only_a_key_for_readers_names_one(scope: Scope):
    caller = Caller(CallerKind.SECRET, "k", frozenset([scope]))

    assert caller.reader(None) is None
    for wanted in (access.NAMED, access.OWN, access.WISHES, access.ABOUT_READERS):
        with pytest.raises(NotAllowedError):
            caller.reader("bob", wanted)


def test_a_refusal_names_the_scope_that_would_do():
    with pytest.raises(NotAllowedError) as refused:
        SECRET.check(access.ITEMS)

    assert refused.value.scope == "items"


def test_only_those_who_are_trusted_may_name_a_reader():
    assert Caller(CallerKind.SECRET, "k", frozenset([Scope.READERS])).reader("bob") == "bob"
    assert access.OPEN.reader("bob") == "bob"
    assert PUBLISHABLE.reader("bob") is None
    assert ALICE.reader(None) == ALICE.reader("alice") == "alice"
    with pytest.raises(NotAllowedError):
        ALICE.reader("bob")


def test_events_count_to_whom_somebody_vouches_for():
    assert SECRET.sender("bob") == "bob"
    assert ALICE.sender("bob") == ALICE.sender(None) == "alice"
    assert PUBLISHABLE.sender(None) is None
    anonymous = PUBLISHABLE.sender("bob")
    assert anonymous is not None
    assert is_anonymous(anonymous)
    assert anonymous != "bob"
    assert PUBLISHABLE.sender(anonymous) == anonymous
    assert not is_anonymous("bob")


def test_an_anonymous_id_still_fits_an_id():
    assert len(PUBLISHABLE.sender("x" * (256 - len(ANONYMOUS))) or "") == 256
    with pytest.raises(InvalidError):
        PUBLISHABLE.sender("x" * 256)
