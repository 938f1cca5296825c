"""What a person may choose for an embedded list, and the HTML that says it."""

from collections.abc import Mapping
from html import escape
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from recsvc.api.http.problems import field_of
from recsvc.core.choices import Window
from recsvc.errors import InvalidError

Text = Annotated[str, Meta(max_length=256)]

# Compared and sent as a whole, never as a pattern: https://good.example.evil.com is not good.example.
Origin = Annotated[
    str,
    Meta(
        max_length=300, pattern=r"^(https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?)?$(?!\n)"
    ),
]

# A frame of ours may run scripts and open what the reader clicks; it never navigates its host.
SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"

_CARD_PX, _EDGE_PX = 104, 24
_WIDTH_PX = 640


class EmbedOptions(msgspec.Struct, frozen=True):
    """The choices, as a query string carries them.

    Attributes:
        key: a publishable key; with one, votes and views of the embedded list count for the site.
        origin: of the page around a frame: the only one that may frame it and that hears its height.
    """

    list: Literal["feed", "trending", "new", "similar"] = "trending"
    item: Text = ""
    window: Window = "week"
    limit: Annotated[int, Meta(ge=1, le=50)] = 5
    topic: Text = ""
    heading: Text = ""
    theme: Literal["auto", "light", "dark"] = "auto"
    accent: Annotated[str, Meta(pattern=r"^(#[0-9a-fA-F]{6})?$(?!\n)")] = ""
    excerpt: bool = False
    reasons: bool = False
    more: bool = False
    key: Text = ""
    origin: Origin = ""

    @property
    def height_px(self) -> int:
        """The height that the list will have, more or less."""
        return self.limit * _CARD_PX + _EDGE_PX

    @property
    def width_px(self) -> int:
        """The width that suits it."""
        return _WIDTH_PX


def options_of(query: Mapping[str, Any]) -> EmbedOptions:
    """Read the choices; what is none of them is ignored, so that addresses may carry more.

    Raises:
        InvalidError: naming the parameter.
    """
    known = {name: query[name] for name in EmbedOptions.__struct_fields__ if query.get(name)}
    try:
        return msgspec.convert(known, EmbedOptions, strict=False)
    except msgspec.ValidationError as exc:
        field, problem = field_of(str(exc))
        raise InvalidError(f"{field}: {problem}", field) from None


def query_of(options: EmbedOptions) -> str:
    """Return the choices that differ from the defaults, as a query string."""
    default = EmbedOptions()
    chosen = {}
    for name in EmbedOptions.__struct_fields__:
        value = getattr(options, name)
        if value != getattr(default, name):
            chosen[name] = "true" if value is True else str(value)
    return urlencode(chosen)


def attributes_of(options: EmbedOptions) -> dict[str, str | None]:
    """Return the attributes of <recsvc-feed>; None stands for one without a value."""
    attributes: dict[str, str | None] = {"list": options.list}
    if options.list == "similar":
        attributes["item"] = options.item
    if options.list == "trending":
        attributes["window"] = options.window
    attributes["limit"] = str(options.limit)
    for name in ("topic", "heading", "key"):
        if getattr(options, name):
            attributes[name] = getattr(options, name)
    if options.theme != "auto":
        attributes["theme"] = options.theme
    for name in ("excerpt", "reasons", "more"):
        if getattr(options, name):
            attributes[name] = None
    return attributes


def script_html(base: str, options: EmbedOptions) -> str:
    """Return what a page pastes to show the list as an element of its own."""
    attributes = "".join(
        f" {name}" if value is None else f' {name}="{escape(value)}"'
        for name, value in attributes_of(options).items()
    )
    return (
        f'<script type="module" src="{escape(base)}embed/v1.js"></script>\n'
        f"<recsvc-feed{attributes}>\n"
        f'  <a href="{escape(frame_url(base, options))}">See the list</a>\n'
        f"</recsvc-feed>"
    )


def frame_html(
    base: str, options: EmbedOptions, width: int | None = None, height: int | None = None
) -> str:
    """Return what a page pastes to show the list in a frame.

    Args:
        width, height: pixels; None stands for what suits the list.
    """
    title = options.heading or "Recommended"
    return (
        f'<iframe src="{escape(frame_url(base, options))}" title="{escape(title)}" '
        f'width="{width or options.width_px}" height="{height or options.height_px}" '
        f'loading="lazy" frameborder="0" sandbox="{SANDBOX}"></iframe>'
    )


def frame_url(base: str, options: EmbedOptions) -> str:
    """Return the address of the list's own page."""
    query = query_of(options)
    return f"{base}embed/feed?{query}" if query else f"{base}embed/feed"
