"""Addresses in mails: each signed for one purpose, naming nobody to those who read it.

No address changes anything by being fetched (RFC 9110, section 9.2.1): scanners follow every link of a
mail before its reader does. What an address stands for happens by POST, from the page it shows.
"""

import base64
import hmac
import re
from urllib.parse import quote, urlencode

import msgspec

from recsvc.errors import NotFoundError
from recsvc.mail.params import DigestParams
from recsvc.store.access.signatures import Signatures

CONFIRM = "mail-confirm"
UNSUBSCRIBE = "mail-unsubscribe"
PREFERENCES = "mail-preferences"
CLICK = "mail-click"
MESSAGE = "mail-message"
RETURN = "mail-return"


# Of a bounce address, characters that prove that it was made here: 80 bits.
_MARK = 16


class Click(msgspec.Struct, frozen=True, array_like=True):
    """What a link to an item stands for.

    Attributes:
        subscription_id: empty for a subscriber who is no known reader: nobody is followed.
    """

    item: str
    feed_id: str
    position: int
    subscription_id: str = ""


class Links:
    """Makes and reads the addresses in mails.

    Args:
        site_url: where the service is reached from outside, without a slash at the end.
    """

    def __init__(self, signatures: Signatures, params: DigestParams, site_url: str) -> None:
        self._signatures = signatures
        self._site_url = site_url
        self._params = params

    def confirm(self, token: str) -> str:
        """Return the page that confirms a subscription."""
        return self._page("confirm", token)

    def confirm_token(self, nonce: str, subscription_id: str) -> str:
        """Return what only a mail to the address holds."""
        return self._signatures.sign(CONFIRM, [nonce, subscription_id])

    def unsubscribe(self, subscription_id: str) -> str:
        """Return the page, and the target of one-click (RFC 8058), that ends a subscription."""
        return self._page("unsubscribe", self._signatures.sign(UNSUBSCRIBE, subscription_id))

    def preferences(self, subscription_id: str) -> str:
        """Return the page that has a link mailed by which a subscriber changes what they get.

        It is in every mail, and whoever was forwarded one reads nothing there.
        """
        return self._page("preferences", self._signatures.sign(PREFERENCES, subscription_id))

    def fresh_preferences(self, subscription_id: str, until_us: int) -> str:
        """Return the page on which a subscriber changes what they get, up to an instant."""
        token = self._signatures.sign(PREFERENCES, [subscription_id, until_us])
        return self._page("preferences", token)

    def click(self, click: Click) -> str:
        """Return the address of an item in a mail."""
        token = self._signatures.sign(CLICK, msgspec.to_builtins(click))
        return f"{self._site_url}/c/{token}"

    def subscribe(self) -> str:
        """Return the page with the form."""
        return f"{self._site_url}/subscribe"

    def item(self, click: Click, url: str | None) -> str | None:
        """Return where an item is to be read: on the site if it has pages, else where it lives.

        The site's own page is told the feed and the position, so that what happens there is
        attributed as well. None when the item has no address at all.
        """
        if not self._params.item_url:
            return url
        page = self._params.item_url.replace("{id}", quote(click.item, safe=""))
        joint = "&" if "?" in page else "?"
        return f"{page}{joint}{urlencode({'feed_id': click.feed_id, 'position': click.position})}"

    def message_id(self, job: str, day: str) -> str:
        """Return the id of a message: the same for every attempt to send it, forgeable by nobody."""
        # Signed text may begin with a dot, and a message id may not.
        return f"<m{self._signatures.sign(MESSAGE, [job, day])}@{self._params.domain}>"

    def return_path(self, subscription_id: str) -> str | None:
        """Return where bounces of a subscriber's mails go; None for where the mails come from.

        In lower case throughout: what stands before the @ may be written so on its way back.
        """
        if not self._params.return_path:
            return None
        named = _base32(subscription_id.encode())
        mark = _base32(self._signatures.digest(RETURN, subscription_id)[:10])
        return self._params.return_path.replace("{token}", f"{named}{mark}")

    def read_return_path(self, text: str) -> str | None:
        """Return the subscriber whose bounce address stands in a text; None where none does."""
        if not self._params.return_path:
            return None
        before, after = self._params.return_path.split("{token}")
        pattern = re.escape(before) + rf"([a-z2-7]{{{_MARK + 2},}})" + re.escape(after)
        # ASCII: to Unicode some letters of no address are small or large forms of ours.
        for found in re.finditer(pattern, text, re.IGNORECASE | re.ASCII):
            token = found[1].lower()
            try:
                named = base64.b32decode(_padded(token[:-_MARK].upper())).decode()
            except (ValueError, UnicodeDecodeError):
                continue
            address = self.return_path(named)
            if address is not None and hmac.compare_digest(address.lower(), found[0].lower()):
                return named
        return None

    def read_confirm(self, token: str) -> tuple[str, str]:
        """Return (nonce, subscription id) of a confirmation.

        Raises:
            NotAllowedError: when it was not signed here.
        """
        return msgspec.convert(self._signatures.read(CONFIRM, token), tuple[str, str])

    def read_unsubscribe(self, token: str) -> str:
        """Return the subscription that an address ends.

        Raises:
            NotAllowedError: when it was not signed here.
        """
        return str(self._signatures.read(UNSUBSCRIBE, token))

    def read_preferences(self, token: str) -> tuple[str, int]:
        """Return the subscription whose preferences an address changes, and until when (µs); 0: never.

        Raises:
            NotAllowedError: when it was not signed here.
        """
        found = self._signatures.read(PREFERENCES, token)
        return (found, 0) if isinstance(found, str) else msgspec.convert(found, tuple[str, int])

    def read_click(self, token: str) -> Click:
        """Return what a link to an item stands for.

        Raises:
            NotAllowedError: when it was not signed here.
        """
        return msgspec.convert(self._signatures.read(CLICK, token), Click)

    def read_message_id(self, message_id: str) -> str:
        """Return the job whose message it was.

        Raises:
            NotFoundError: when it is not the id of a message from here.
            NotAllowedError: when it only looks like one.
        """
        signed, _, domain = message_id.strip().strip("<>").rpartition("@")
        if domain != self._params.domain or not signed.startswith("m"):
            raise NotFoundError(f"{message_id!r} is not the id of a message from here")
        job, _ = msgspec.convert(self._signatures.read(MESSAGE, signed[1:]), tuple[str, str])
        return job

    def _page(self, name: str, token: str) -> str:
        return f"{self._site_url}/{name}?token={token}"


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)
