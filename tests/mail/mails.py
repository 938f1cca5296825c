"""Digests without a store."""

from datetime import UTC, date, datetime

from recsvc.core.items.item import ItemView, StoredItem, view
from recsvc.core.mail.subscription import Consent, Preferences, Subscription
from recsvc.mail.composing import Digest, Entry, Part
from recsvc.mail.letters import Letters
from recsvc.mail.links import Links
from recsvc.mail.params import DigestParams
from recsvc.store.access.signatures import Signatures
from tests.relay import Received

SIGNATURES = Signatures(b"a secret of thirty-two bytes ...")
DAY = date(2026, 3, 29)
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
NOON_US = int(NOON.timestamp() * 1e6)


def params(**changes: object) -> DigestParams:
    defaults = {
        "own_title": "Daily Papers",
        "sender": "papers@example.org",
    }
    return DigestParams(**(defaults | changes))


def subscription(**changes: object) -> Subscription:
    defaults = {
        "id": "c29tZSBpZCBvZiBpdA",
        "email": "reader@example.com",
        "preferences": Preferences(),
        "consent": Consent(1, 2, 1, "proof"),
    }
    return Subscription(**(defaults | changes))


def paper(title: str, **fields: object) -> ItemView:
    return view(StoredItem(id="p", title=title, created_us=1, **fields), 0)


def digest(*papers: ItemView, follows: str = "") -> Digest:
    entries = [
        Entry(f"paper/{n}", n, "Trending: 3 upvotes", paper) for n, paper in enumerate(papers)
    ]
    return Digest(DAY, "daily", [Part("Trending today", "feed-1", entries)], follows)


def links(public_url: str = "https://papers.example.org", **changes: object) -> Links:
    return Links(SIGNATURES, params(**changes), public_url)


def mail(
    made: Digest, public_url: str = "https://papers.example.org", **changes: object
) -> Received:
    """What arrives of a digest."""
    letters = Letters(links(public_url, **changes), params(**changes))
    letter = letters.digest(subscription(), made, NOON_US).letter
    assert letter is not None
    return Received(letter.sender, letter.recipient, letter.content)
