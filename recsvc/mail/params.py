"""What the digest needs to know of its site."""

import re
from email.headerregistry import Address
from typing import Annotated

import msgspec

from recsvc.core.brand import BrandParams, check_name
from recsvc.params import check_url, setting

_UNQUOTED = re.compile(r"[\s{}()<>\[\]:;@\\,\"]")


def check_sender(text: str) -> None:
    """Refuse what mails cannot be sent from.

    Raises:
        ValueError: saying why.
    """
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError):
        raise ValueError(f"{text!r} is not an address") from None
    if not address.domain or not text.isascii():
        raise ValueError(f"{text!r} has no domain of its own")


def check_title(text: str) -> None:
    """Refuse what does not fit into a header; nothing stands for the site's name.

    Raises:
        ValueError: saying so.
    """
    if text:
        check_name(text)


def check_return_path(text: str) -> None:
    """Refuse what is no address with a place for a token of 48 characters before the @.

    Raises:
        ValueError: saying so.
    """
    local, _, domain = text.rpartition("@")
    beside = local.replace("{token}", "", 1)
    is_clean = beside.isascii() and beside.isprintable() and not _UNQUOTED.search(beside + domain)
    if text and not ("{token}" in local and 0 < len(beside) <= 14 and domain and is_clean):
        raise ValueError(
            f"{text!r} is not of the form bounces+{{token}}@example.org, with at most 14 characters "
            "beside the token"
        )


class DigestParams(msgspec.Struct, frozen=True):
    """The site's side of every mail."""

    item_url: Annotated[
        str,
        setting(
            "Where the site shows an item, `{id}` standing for it, e.g. "
            "`https://papers.example.org/papers/{id}`; mails, feeds and frames lead there. Empty: the "
            "item's own `url`, and without one its page here.",
            check=check_url,
        ),
    ] = ""
    brand: BrandParams = BrandParams()
    own_title: Annotated[
        str,
        setting(
            "What the mail is called, and the name it is sent under; empty: the site's.",
            name="digest_title",
            check=check_title,
        ),
    ] = ""
    n_items: Annotated[
        int, setting("Items in each part of a mail.", name="digest_items", ge=1, le=50)
    ] = 10
    repeat_days: Annotated[
        float,
        setting(
            "An item is mailed to a subscriber once in this time.",
            name="digest_repeat_days",
            gt=0,
            le=400,
        ),
    ] = 30.0
    fresh_days: Annotated[
        float,
        setting(
            "The personal part picks among items listed within this time.",
            name="digest_fresh_days",
            gt=0,
        ),
    ] = 7.0
    sender: Annotated[
        str,
        setting(
            "Address that mails are sent from, of a domain of your own.",
            name="mail_from",
            check=check_sender,
        ),
    ] = "papers@localhost"
    return_path: Annotated[
        str,
        setting(
            "Where bounces go, `{token}` standing for the subscriber, e.g. "
            "`bounces+{token}@example.org`; empty: to `RECSVC_MAIL_FROM`.",
            name="mail_return_path",
            check=check_return_path,
        ),
    ] = ""
    imprint: Annotated[
        str,
        setting("Who sends the mail: the last line of each.", name="mail_imprint", max_length=500),
    ] = ""

    @property
    def title(self) -> str:
        """What the mail is called."""
        return self.own_title or self.brand.name

    @property
    def domain(self) -> str:
        """The domain that mails come from."""
        return self.sender.rpartition("@")[2]

    @property
    def list_id(self) -> str:
        """The list's name in the form of RFC 2919, section 2: `daily.papers.example.org`."""
        return f"daily.{self.sender.replace('@', '.')}"
