"""An item is read at one address, whoever shows it."""

import msgspec
import pytest

from recsvc.api.pages.paper import links_of
from recsvc.api.syndication.channel import entry
from recsvc.core.items.address import Addresses
from recsvc.core.items.item import StoredItem
from recsvc.settings import from_environment

SITE = "https://site.example/p/{id}"
HERE = "https://here.example"


@pytest.mark.parametrize(
    ("template", "own", "url", "address"),
    [
        (SITE, HERE, "https://x.org", "https://site.example/p/a%2Fb"),
        ("", HERE, "https://x.org", "https://x.org"),
        ("", HERE, None, "https://here.example/papers/a%2Fb"),
        ("", "", None, "/papers/a%2Fb"),
        ("", None, None, None),
    ],
)
def test_the_hosts_page_comes_first_then_the_items_own_then_ours(
    template: str, own: str | None, url: str | None, address: str | None
):
    assert Addresses(template, own).of("a/b", url) == address


def test_feeds_and_pages_lead_to_the_same_place():
    item = StoredItem(id="a/b", title="Snails", created_us=0)
    for given, found in [
        ({"item_url": SITE}, "https://site.example/p/a%2Fb"),
        ({"public_url": HERE}, f"{HERE}/papers/a%2Fb"),
        ({"public_url": HERE, "pages": False}, f"{HERE}/"),
    ]:
        settings = from_environment({}, **given)
        assert entry(item, settings.addresses, f"{settings.site_url}/").url == found

    itself = msgspec.structs.replace(item, url="https://x.org/1")
    assert [link.href for link in links_of(itself, SITE)] == [
        "https://site.example/p/a%2Fb",
        "https://x.org/1",
    ]
    assert [link.label for link in links_of(itself)] == ["Read the paper"]
