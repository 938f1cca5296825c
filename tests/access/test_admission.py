"""What decides at the door, where routes of this version do not reach: forms and proxies."""

import pytest

from recsvc.access.admission import Admission, AdmissionParams, Head, Visit
from recsvc.access.keyring import Keyring
from recsvc.access.owner import Owner
from recsvc.clock import now_us
from recsvc.core.access.caller import EVENTS, HEALTH, LEAVING, LISTS, PUBLIC, CallerKind
from recsvc.errors import LimitedError, NotAllowedError, NotAuthenticatedError
from recsvc.store.access.credentials import CredentialKind, Credentials, NewCredential
from recsvc.store.connection import Redis
from recsvc.store.pipe import Pipe

HOST = "papers.example.org"
OWNER = Owner("rat_test")
FRIEND = "https://blog.example.org"


async def admission_with_key(redis: Redis, **params: object) -> tuple[Admission, str]:
    credentials = Credentials(Pipe(redis))
    wanted = NewCredential(CredentialKind.PUBLISHABLE, origins=(FRIEND,))
    _, shown = await credentials.create(wanted, now_us())
    keyring = Keyring(credentials)
    await keyring.refresh()
    return Admission(keyring, AdmissionParams(**params), OWNER, is_local=False), shown


def head(**fields: object) -> Head:
    return Head(**({"is_unsafe": True, "peer": "203.0.113.7", "host": HOST} | fields))


@pytest.mark.parametrize(
    ("origin", "fetch_site"),
    [
        (f"https://{HOST}", "same-origin"),
        (f"https://{HOST}", None),  # a browser too old to say more
        ("null", "same-origin"),
        (None, None),  # a mail provider unsubscribing somebody (RFC 8058)
        (None, "none"),
        (FRIEND, "cross-site"),
    ],
)
async def test_forms_are_taken_from_our_own_pages_friends_and_programs(
    redis: Redis, origin: str | None, fetch_site: str | None
):
    admission, _ = await admission_with_key(redis)
    visit = Visit(head(origin=origin, fetch_site=fetch_site))

    admission.admit(visit, PUBLIC)

    assert visit.caller.kind is CallerKind.NOBODY


@pytest.mark.parametrize(
    ("origin", "fetch_site"),
    [
        ("https://evil.com", "cross-site"),
        ("https://evil.com", None),
        ("null", "cross-site"),
        (f"https://{HOST}.evil.com", None),
        (f"https://{HOST}:444", "same-site"),
        (None, "cross-site"),
    ],
)
async def test_forms_are_not_taken_from_foreign_pages(
    redis: Redis, origin: str | None, fetch_site: str | None
):
    admission, _ = await admission_with_key(redis)

    with pytest.raises(NotAllowedError):
        admission.admit(Visit(head(origin=origin, fetch_site=fetch_site)), PUBLIC)
    reading = head(origin=origin, fetch_site=fetch_site, is_unsafe=False)
    admission.admit(Visit(reading), PUBLIC)


async def test_nobody_else_is_served_once_the_last_key_is_gone(redis: Redis):
    keyring = Keyring(Credentials(Pipe(redis)))
    await keyring.refresh()
    admission = Admission(keyring, AdmissionParams(), OWNER, is_local=False)

    with pytest.raises(NotAuthenticatedError):
        admission.admit(Visit(head(is_unsafe=False)), LISTS)


async def test_proxies_are_believed_if_they_are_trusted(redis: Redis):
    admission, shown = await admission_with_key(redis, ip_per_minute=2, proxies="10.0.0.0/8")

    def asks(peer: str, forwarded: str) -> bool:
        asked = head(
            is_unsafe=False, peer=peer, forwarded=forwarded, authorization=f"Bearer {shown}"
        )
        try:
            admission.admit(Visit(asked), LISTS)
        except LimitedError:
            return False
        return True

    assert [asks("10.0.0.1", f"198.51.100.{n}") for n in range(3)] == [True, True, False]
    assert asks("10.0.0.1", "198.51.101.1"), "another neighbourhood"
    forged = [asks("203.0.113.7", f"1.2.{n}.4") for n in range(3)]
    assert forged == [True, True, False], "whoever is no proxy of ours is who they are"


async def test_probes_are_never_limited(redis: Redis):
    admission, _ = await admission_with_key(redis, ip_per_minute=1)

    for _ in range(5):
        admission.admit(Visit(head(is_unsafe=False)), HEALTH)
    admission.admit(Visit(head(is_unsafe=False)), PUBLIC)
    with pytest.raises(LimitedError):
        admission.admit(Visit(head(is_unsafe=False)), PUBLIC)


async def test_a_key_has_a_limit_of_its_own_if_one_is_set(redis: Redis):
    admission, shown = await admission_with_key(redis, key_per_minute=1, ip_per_minute=0)
    asked = head(is_unsafe=False, authorization=f"Bearer {shown}")
    admission.admit(Visit(asked), LISTS)

    with pytest.raises(LimitedError):
        admission.admit(Visit(asked), LISTS)


async def test_without_a_credential_only_a_body_can_bring_one(redis: Redis):
    admission, shown = await admission_with_key(redis)
    visit = Visit(head(origin=FRIEND))
    admission.admit(visit, EVENTS)
    assert visit.is_stranger

    with pytest.raises(NotAuthenticatedError):
        admission.admit_in_body(visit, None, EVENTS)
    admission.admit_in_body(visit, shown, EVENTS)

    assert visit.caller.kind is CallerKind.PUBLISHABLE
    assert [verdict.remaining for verdict in visit.verdicts] == [2_999], "charged once"


async def test_insecure_serves_everybody_until_there_is_a_key(redis: Redis):
    credentials = Credentials(Pipe(redis))
    keyring = Keyring(credentials)
    await keyring.refresh()
    admission = Admission(keyring, AdmissionParams(is_insecure=True), OWNER, is_local=False)
    visit = Visit(head(is_unsafe=False))
    admission.admit(visit, LISTS)
    assert visit.caller.kind is CallerKind.OWNER

    await credentials.create(NewCredential(CredentialKind.SIGNING), now_us())
    await keyring.refresh()

    with pytest.raises(NotAuthenticatedError):
        admission.admit(visit, LISTS)


async def test_a_whole_48_of_addresses_has_a_limit_of_its_own(redis: Redis):
    admission, key = await admission_with_key(redis, ip_per_minute=10)

    def ask(n: int) -> None:
        there = head(peer=f"2001:db8:7:{n:x}::1", authorization=f"Bearer {key}")
        admission.admit(Visit(there), LISTS)

    for n in range(40):
        ask(n)
    with pytest.raises(LimitedError):
        ask(41)
    elsewhere = head(peer="2001:db8:8::1", authorization=f"Bearer {key}")
    admission.admit(Visit(elsewhere), LISTS)


async def test_all_strangers_together_have_a_limit_and_leaving_is_beyond_it(redis: Redis):
    admission, key = await admission_with_key(redis, strangers_per_hour=5)

    for n in range(5):
        admission.admit(Visit(head(peer=f"203.0.{n}.1", authorization=f"Bearer {key}")), EVENTS)
    with pytest.raises(LimitedError):
        admission.admit(Visit(head(peer="198.51.100.1")), PUBLIC)
    admission.admit(Visit(head(peer="198.51.100.1")), LEAVING)
    admission.admit(Visit(head(peer="198.51.100.1", is_unsafe=False)), PUBLIC)
