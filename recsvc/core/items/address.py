"""Where an item is to be read and discussed: one answer for pages, feeds, mails and frames."""

from typing import Any
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


# An item is read where it lives, where nobody says otherwise.
WHERE_THEY_LIVE = Addresses("", None)


def discussion(extra: dict[str, Any]) -> str | None:
    """Return where the comments on an item are, as far as what was kept of it says so.

    It is `discussion_url`; or a paper's page at Hugging Face, whose discussions go by arXiv ids there.
    """
    named = web_address(extra.get("discussion_url"))
    arxiv_id = extra.get("arxiv_id")
    if named is None and extra.get("discussion_id") and isinstance(arxiv_id, str):
        return f"https://huggingface.co/papers/{quote(arxiv_id)}"
    return named


def web_address(text: object) -> str | None:
    """Return an address if it is one of the web: what else stands there must not become a link."""
    is_web = isinstance(text, str) and text.startswith(("https://", "http://"))
    return text if is_web and isinstance(text, str) else None
