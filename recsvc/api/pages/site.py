"""The site, as every template knows it."""

from typing import Any

import msgspec

from recsvc.core.access.origins import parse_origin, parse_origins
from recsvc.core.items.address import web_address
from recsvc.errors import InvalidError
from recsvc.settings import Settings


class Site(msgspec.Struct, frozen=True):
    """What the site is called, where it is, and whose pictures it shows.

    Attributes:
        url: where it is, without a slash at its end.
        has_pages: whether it shows pages at all, or mails and frames only.
        image_origins: whose pictures its pages show.
        draws_pictures: whether items without a picture of their own get one that is drawn.
    """

    name: str
    url: str
    has_logo: bool
    has_pages: bool
    image_origins: frozenset[str]
    draws_pictures: bool

    def picture(self, extra: dict[str, Any]) -> str | None:
        """Return the address of an item's picture; None where there is none that may be shown."""
        address = web_address(extra.get("thumbnail"))
        if address is None or not self.image_origins:
            return None
        parts = address.split("/", 3)
        try:
            origin = parse_origin("/".join(parts[:3]))
        except InvalidError:
            return None
        return address if origin in self.image_origins else None


def site_of(settings: Settings) -> Site:
    """Return the site that settings describe."""
    origins = parse_origins(settings.image_origins)
    brand = settings.brand
    return Site(
        brand.name,
        settings.site_url,
        bool(brand.logo),
        settings.pages,
        origins,
        brand.draws_pictures,
    )
