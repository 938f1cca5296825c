"""What the digest needs to know of its site."""

from email.headerregistry import Address

import msgspec

from recsvc.errors import SettingsError

_LONGEST_URL = 800  # with what we append to it, a header of one line holds it


class DigestParams(msgspec.Struct, frozen=True):
    """The site's side of every mail.

    Attributes:
        title: what the mail is called; also the name it is sent under.
        sender: the address it is sent from; its domain must be the site's own.
        public_url: where the service is reached from outside, without a slash at the end.
        item_url: where the site shows an item, `{id}` standing for it; empty: the item's own URL.
        imprint: who sends the mail, for the foot of it; many countries want a postal address.
        n_items: items in each part of a mail.
        repeat_days: an item comes to a subscriber once in this time.
        fresh_days: the personal part picks among items listed within this time.
    """

    title: str
    sender: str
    public_url: str
    item_url: str = ""
    imprint: str = ""
    n_items: int = 10
    repeat_days: float = 30.0
    fresh_days: float = 7.0

    def __post_init__(self) -> None:
        """Check what goes into headers.

        Raises:
            SettingsError: naming the setting.
        """
        try:
            address = Address(addr_spec=self.sender)
        except (ValueError, IndexError):
            raise SettingsError(f"RECSVC_MAIL_FROM: {self.sender!r} is not an address") from None
        if not address.domain or not self.sender.isascii():
            raise SettingsError(f"RECSVC_MAIL_FROM: {self.sender!r} has no domain of its own")
        if not _is_one_line(self.title) or len(self.title) > 60:
            raise SettingsError("RECSVC_DIGEST_TITLE: one line of 1 to 60 characters, please")
        for name, url in (("PUBLIC_URL", self.public_url), ("ITEM_URL", self.item_url)):
            if url and not _is_url(url):
                raise SettingsError(f"RECSVC_{name}: {url!r} is not an http(s) address")

    @property
    def domain(self) -> str:
        """The domain that mails come from."""
        return self.sender.rpartition("@")[2]

    @property
    def list_id(self) -> str:
        """The list's name in the form of RFC 2919, section 2: `daily.papers.example.org`."""
        return f"daily.{self.sender.replace('@', '.')}"


def _is_one_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


def _is_url(url: str) -> bool:
    is_http = url.startswith(("https://", "http://"))
    return is_http and url.isascii() and url.isprintable() and " " not in url and _fits(url)


def _fits(url: str) -> bool:
    return len(url) <= _LONGEST_URL
