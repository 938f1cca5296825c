"""RSS 2.0 (rssboard.org/rss-specification), with Atom's `self` link and Dublin Core's creators."""

from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as ET

from recsvc.api.syndication.channel import GENERATOR, Channel, Entry

MEDIA_TYPE = "application/rss+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
ET.register_namespace("atom", _ATOM)
ET.register_namespace("dc", _DC)


def render(channel: Channel) -> bytes:
    """Return a channel as RSS."""
    root = ET.Element("rss", version="2.0")
    top = ET.SubElement(root, "channel")
    _add(top, "title", channel.title)
    _add(top, "link", channel.home_url)
    _add(top, "description", channel.description)
    _add(top, "generator", GENERATOR)
    _add(top, "lastBuildDate", format_datetime(channel.updated, usegmt=True))
    link = {"href": channel.self_url, "rel": "self", "type": MEDIA_TYPE}
    ET.SubElement(top, f"{{{_ATOM}}}link", link)
    if channel.hub_url:
        ET.SubElement(top, f"{{{_ATOM}}}link", {"href": channel.hub_url, "rel": "hub"})
    for entry in channel.entries:
        _add_item(top, entry)
    document = bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
    # To programs that read XML it is the same; of others, more show these as what they are
    # (rssboard.org/rss-profile, "data types: character data").
    return document.replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")


def _add_item(top: ET.Element, entry: Entry) -> None:
    item = ET.SubElement(top, "item")
    # Titles are plain text and escaped once, descriptions are HTML and escaped twice: `<EOS>` in a
    # description escaped once would be a tag that readers drop.
    _add(item, "title", entry.title)
    _add(item, "link", entry.url)
    _add(item, "guid", entry.id).set("isPermaLink", "false")
    _add(item, "description", escape(entry.text, quote=False))
    _add(item, "pubDate", format_datetime(entry.listed_at, usegmt=True))
    for name in entry.authors:
        _add(item, f"{{{_DC}}}creator", name)
    for topic in entry.topics:
        _add(item, "category", topic)


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
