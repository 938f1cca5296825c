"""Atom (RFC 4287)."""

from datetime import datetime
from urllib.parse import quote
from xml.etree import ElementTree as ET

from recsvc.api.syndication.channel import GENERATOR, Channel, Entry
from recsvc.clock import rfc3339, to_us

MEDIA_TYPE = "application/atom+xml"

_NS = "http://www.w3.org/2005/Atom"


def render(channel: Channel) -> bytes:
    """Return a channel as Atom."""
    root = ET.Element("feed", xmlns=_NS)
    _add(root, "id", channel.self_url)
    _add(root, "title", channel.title)
    _add(root, "subtitle", channel.description)
    _add(root, "updated", _instant(channel.updated))
    _add(root, "generator", GENERATOR)
    # Entries without authors of their own have the feed's (section 4.1.1).
    _add(ET.SubElement(root, "author"), "name", GENERATOR)
    ET.SubElement(root, "link", href=channel.self_url, rel="self", type=MEDIA_TYPE)
    ET.SubElement(root, "link", href=channel.home_url, rel="alternate")
    if channel.hub_url:
        ET.SubElement(root, "link", href=channel.hub_url, rel="hub")
    for entry in channel.entries:
        _add_entry(root, entry, channel.catalogue)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_entry(root: ET.Element, entry: Entry, catalogue: str) -> None:
    element = ET.SubElement(root, "entry")
    # An id has to be an IRI that nobody else uses (section 4.2.6).
    _add(element, "id", f"urn:recsvc:{catalogue}:{quote(entry.id, safe='')}")
    _add(element, "title", entry.title)
    _add(element, "updated", _instant(entry.updated_at))
    _add(element, "published", _instant(entry.listed_at))
    _add(element, "summary", entry.text)
    ET.SubElement(element, "link", href=entry.url, rel="alternate")
    for name in entry.authors:
        _add(ET.SubElement(element, "author"), "name", name)
    for topic in entry.topics:
        ET.SubElement(element, "category", term=topic)


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _instant(moment: datetime) -> str:
    return rfc3339(to_us(moment))
