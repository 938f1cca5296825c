"""Rendering: a digest as text and as HTML that mail programs show alike, light and dark.

Styles are inlined, because several mail programs drop `<style>`; the few that must stay there - dark
colours and narrow screens - only refine. Nothing is loaded from anywhere: no image, no font, no pixel
that tells who opened the mail.
"""

import css_inline
import jinja2
import msgspec

from recsvc.core.items.dating import said, weekday
from recsvc.core.items.facts import byline, counted, house
from recsvc.core.items.item import ItemView
from recsvc.core.mail.subscription import PENDING_DAYS, Pending, Preferences, Subscription
from recsvc.core.text.display import excerpt, lost, readable
from recsvc.mail import wording
from recsvc.mail.composing import Digest, Entry, Part
from recsvc.mail.links import Click, Links
from recsvc.mail.params import DigestParams

_SUBJECT_LENGTH = 90
_TEXT_LENGTH = 280
_TITLE_LENGTH = 300
_NAME_LENGTH = 120
_TOPICS_SHOWN = 4


class Rendered(msgspec.Struct, frozen=True):
    """What a mail looks like."""

    subject: str
    text: str
    html: str


class Renderer:
    """Makes mails out of what they say."""

    def __init__(self, links: Links, params: DigestParams) -> None:
        self._links = links
        self._params = params
        self._templates = _environment()
        colours = params.brand.colours
        style = self._source("inlined.css").replace("ACCENT-INK", colours.light_ink)
        style = style.replace("ACCENT", colours.light)
        self._inliner = css_inline.CSSInliner(
            extra_css=style, keep_style_tags=True, load_remote_stylesheets=False
        )

    def digest(self, digest: Digest, subscription_id: str) -> Rendered:
        """Return a subscriber's mail."""
        parts = [
            {
                "heading": part.heading,
                "entries": [self._entry(digest, part, e) for e in part.entries],
            }
            for part in digest.parts
        ]
        return self._render(
            "digest",
            _subject(digest),
            {
                "date": weekday(digest.day),
                "parts": parts,
                "cadence": digest.cadence,
                "preferences": self._links.preferences(subscription_id),
                "unsubscribe": self._links.unsubscribe(subscription_id),
            },
        )

    def confirmation(self, pending: Pending, token: str) -> Rendered:
        """Return the mail that asks for a confirmation."""
        return self._render(
            "confirm",
            f"Please confirm: {self._params.title} by mail",
            {
                "what": described(pending.preferences),
                "confirm": self._links.confirm(token),
                "days": PENDING_DAYS,
            },
        )

    def fresh_links(self, subscription: Subscription, until_us: int) -> Rendered:
        """Return the mail with links that work, for who has none."""
        return self._render(
            "links",
            f"Your links: {self._params.title} by mail",
            {
                "what": described(subscription.preferences),
                "preferences": self._links.fresh_preferences(subscription.id, until_us),
                "unsubscribe": self._links.unsubscribe(subscription.id),
            },
        )

    def _render(self, name: str, subject: str, values: dict[str, object]) -> Rendered:
        context = values | {
            "subject": subject,
            "title": self._params.title,
            "colours": self._params.brand.colours,
            "imprint": self._params.imprint,
            "site": self._links.subscribe(),
        }
        html = self._templates.get_template(f"{name}.html").render(context)
        text = self._templates.get_template(f"{name}.txt").render(context)
        return Rendered(subject, text.strip() + "\n", self._inliner.inline(html))

    def _entry(self, digest: Digest, part: Part, entry: Entry) -> dict[str, object]:
        item = entry.item
        click = Click(entry.id, part.feed_id, entry.position, digest.subscription_id)
        return {
            "title": wording.clipped(readable(item.title), _TITLE_LENGTH) or entry.id,
            "url": self._links.click(click),
            "meta": " · ".join(_meta(entry)),
            "text": wording.clipped(readable(_beginning(item)), _TEXT_LENGTH),
            "reason": wording.clipped(readable(entry.reason), _TITLE_LENGTH),
        }

    def _source(self, name: str) -> str:
        assert self._templates.loader is not None
        return self._templates.loader.get_source(self._templates, name)[0]


def lost_in(item: ItemView) -> str | None:
    """Return what of an item a mail cannot show as it is meant; None if all is shown."""
    found = lost(item.title) or lost(_beginning(item))
    return None if found is None else wording.clipped(found, _NAME_LENGTH)


def _beginning(item: ItemView) -> str:
    """Cut before TeX is read, which takes its time, to what surely is enough afterwards."""
    return excerpt(item.text, 8 * _TEXT_LENGTH)


def described(preferences: Preferences) -> str:
    """Return `every day at 07:00, Europe/Berlin time`."""
    days = "every day"
    if preferences.cadence == "weekly":
        days = f"every {preferences.weekday.capitalize()}"
    return f"{days} at {preferences.hour:02}:{preferences.minute:02}, {preferences.timezone} time"


def _subject(digest: Digest) -> str:
    """Return the first title, and how many more there are."""
    if not digest.entries:
        return ""  # all of it was left out; no such mail is sent
    first, *more = digest.entries
    tail = f" and {len(more)} more" if more else ""
    return wording.clipped(readable(first.item.title), _SUBJECT_LENGTH - len(tail)) + tail


def _meta(entry: Entry) -> list[str]:
    item = entry.item
    found = [wording.clipped(one, _NAME_LENGTH) for one in (house(item), byline(item)) if one]
    if item.published_at is not None:
        found.append(said(item.published_at, item.published_precision))
    found += [wording.one_line(topic) for topic in item.topics[:_TOPICS_SHOWN]]
    if item.comments:
        found.append(counted(item.comments, "comment"))
    return found


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recsvc.mail"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrap"] = wording.wrapped
    return environment
