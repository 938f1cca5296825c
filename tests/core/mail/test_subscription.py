import msgspec
import pytest

from recsvc.core.mail.status_codes import is_of_address, status_in
from recsvc.core.mail.subscription import (
    Consent,
    Preferences,
    Subscription,
    checked,
    forgiven,
    masked,
    with_strike,
)
from recsvc.errors import InvalidError

SUBSCRIPTION = Subscription("id", "a@example.org", Preferences(), Consent(1, 2, 1, "proof"))


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../../etc/passwd", "Europe", "a\0b"])
def test_a_zone_that_is_none_is_refused_by_name(zone: str):
    with pytest.raises(InvalidError) as refused:
        checked(Preferences(timezone=zone), None)

    assert refused.value.field == "timezone"


@pytest.mark.parametrize("content", ["personal", "both"])
def test_a_personal_mail_needs_a_known_reader(content: str):
    with pytest.raises(InvalidError) as refused:
        checked(Preferences(content=content), None)

    assert refused.value.field == "content"
    assert checked(Preferences(content=content), "alice").content == content


def test_topics_are_kept_once_and_in_order():
    assert checked(Preferences(topics=("b", "a", "b")), None).topics == ("b", "a")


def test_an_address_that_takes_no_mail_is_suspended_at_once():
    after = with_strike(SUBSCRIPTION, "550 no such user", 7, final=True)

    assert (after.suspended, after.suspended_us) == ("550 no such user", 7)


def test_other_refusals_suspend_at_the_third_in_a_row():
    first = with_strike(SUBSCRIPTION, "554 spam", 1, final=False)
    second = with_strike(first, "554 spam", 2, final=False)
    third = with_strike(second, "554 spam", 3, final=False)

    assert [s.suspended for s in (first, second, third)] == ["", "", "554 spam"]
    assert not with_strike(forgiven(second), "554 spam", 4, final=False).suspended


def test_an_address_is_masked_but_for_its_first_letter_and_its_domain():
    assert masked("somebody@example.org") == "s…@example.org"


def test_a_subscription_from_a_newer_version_is_read():
    raw = msgspec.to_builtins(SUBSCRIPTION) | {"new_field": 1}

    assert msgspec.json.decode(msgspec.json.encode(raw), type=Subscription) == SUBSCRIPTION


@pytest.mark.parametrize(
    ("text", "status", "of_address"),
    [
        ("5.1.1 no such user", (5, 1, 1), True),
        ("5.2.1 mailbox disabled", (5, 2, 1), True),
        ("5.2.2 mailbox full", (5, 2, 2), False),
        ("5.7.1 relaying denied", (5, 7, 1), False),
        ("4.1.1 not now", (4, 1, 1), False),
        ("no code at all", None, False),
        ("5.1.1.1 is none", (5, 1, 1), True),
    ],
)
def test_what_a_status_says_of_an_address(text: str, status: object, of_address: bool):
    found = status_in(text)

    assert found == status
    assert (found is not None and is_of_address(found)) == of_address
