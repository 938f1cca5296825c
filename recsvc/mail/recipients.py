"""Addresses: which ones mail can be sent to, in the form that goes over the wire."""

from email_validator import EmailNotValidError, validate_email

from recsvc.core.mail.subscription import as_person
from recsvc.errors import InvalidError
from recsvc.store.access.signatures import Signatures


def wire_address(text: str) -> str:
    """Return an address in ASCII, international domains encoded.

    Nothing is looked up: whether the address takes mail shows when its owner confirms.

    Raises:
        InvalidError: when it is not one; the part before the @ has to be ASCII too, because many
            relays take no other.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as exc:
        raise InvalidError(f"not an address that mail can be sent to: {exc}", "email") from None
    assert found.ascii_email is not None, "it is ASCII before the @, so it has such a form"
    return found.ascii_email


def mailbox(address: str) -> str:
    """Return what all spellings that may reach one mailbox share: no `+tag`, no dots before the @.

    For counting only: elsewhere `a.b@` and `ab@` may be two people, who then share a limit.
    """
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


def subscription_id(signs: Signatures, email: str) -> str:
    """Return the id of an address's subscription, whether it has one or not.

    Upper and lower case make no difference.
    """
    return signs.fingerprint("mail-address", email.lower())


def person(signs: Signatures, address: str) -> str:
    """Return the name by which the owner of an address is exported and erased.

    Raises:
        InvalidError: when it is no address.
    """
    return as_person(subscription_id(signs, wire_address(address)))
