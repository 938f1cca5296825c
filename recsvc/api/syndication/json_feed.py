"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from typing import Any

import msgspec

from recsvc.api.syndication.channel import Channel, Entry
from recsvc.clock import rfc3339, to_us

MEDIA_TYPE = "application/feed+json"


def render(channel: Channel) -> bytes:
    """Return a channel as JSON Feed."""
    hubs = [{"type": "WebSub", "url": channel.hub_url}] if channel.hub_url else []
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": channel.title,
            "description": channel.description,
            "home_page_url": channel.home_url,
            "feed_url": channel.self_url,
            **({"hubs": hubs} if hubs else {}),
            "items": [_item(entry) for entry in channel.entries],
        }
    )


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_text": entry.text,
        "date_published": rfc3339(to_us(entry.listed_at)),
    }
    if entry.updated_at > entry.listed_at:
        item["date_modified"] = rfc3339(to_us(entry.updated_at))
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.topics:
        item["tags"] = entry.topics
    return item
