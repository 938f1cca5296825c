import pytest

from recsvc.core.access import caller as access
from recsvc.core.access.caller import ANONYMOUS, Access, Caller, CallerKind, Scope, is_anonymous
from recsvc.errors import InvalidError, NotAllowedError

SECRET = Caller(CallerKind.SECRET, "k", frozenset([Scope.READ]))
PUBLISHABLE = Caller(CallerKind.PUBLISHABLE, "k")
ALICE = Caller(CallerKind.TOKEN, user="alice")

ROUTES = [access.LISTS, access.OWN, access.FIGURES, access.EVENTS, access.ITEMS, access.ADMIN]


def reaches(caller: Caller) -> list[Access]:
    found = []
    for route in ROUTES:
        try:
            caller.check(route)
        except NotAllowedError:
            continue
        found.append(route)
    return found


def test_each_credential_reaches_its_own_routes_and_no_others():
    assert reaches(access.OPEN) == ROUTES
    assert reaches(PUBLISHABLE) == [access.LISTS, access.EVENTS]
    assert reaches(ALICE) == [access.LISTS, access.OWN, access.EVENTS]
    assert reaches(SECRET) == [access.LISTS, access.OWN, access.FIGURES]
    assert reaches(access.NOBODY) == reaches(ALICE), "which is why nobody is never checked"


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scoped_key_reaches_exactly_its_scope(scope: Scope):
    caller = Caller(CallerKind.SECRET, "k", frozenset([scope]))

    assert reaches(caller) == [route for route in ROUTES if route.scope == scope]


def test_a_refusal_names_the_scope_that_would_do():
    with pytest.raises(NotAllowedError) as refused:
        SECRET.check(access.ITEMS)

    assert refused.value.scope == "items"


def test_only_those_who_are_trusted_may_name_a_reader():
    assert SECRET.reader("bob") == "bob"
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
