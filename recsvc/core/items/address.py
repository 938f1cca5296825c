"""Where an item is to be read: one answer for pages, feeds, mails and what others embed."""

from urllib.parse import quote

import msgspec


class Addresses(msgspec.Struct, frozen=True):
    """How items' addresses are found.

    Attributes:
        template: where the host's site shows an item, `{id}` standing for it; empty if it does not.
        own: where this service's pages begin, without a slash at the end; None where it has none.
    """

    template: str
    own: str | None

    def of(self, item: str, url: str | None) -> str | None:
        """Return where the host's site shows an item, else where it lives, else its page here."""
        name = quote(item, safe="")
        if self.template:
            return self.template.replace("{id}", name)
        return url or (None if self.own is None else f"{self.own}/papers/{name}")
