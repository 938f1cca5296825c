"""Brand: what the site is called, its colour made legible, its logo; the same on pages and in mails.

Whatever colour is chosen, text in it and text on it must be readable (WCAG 2.2, 1.4.3: 4.5 to 1). So the
colour keeps its hue and gives up lightness: darker where the ground is light, lighter where it is dark.
"""

import colorsys
from functools import cache
from typing import Annotated

import msgspec

from recsvc.params import setting

_ENOUGH = 4.6
_STEPS = 200
# The grounds that text in the colour stands on; site.css and the mail's styles have them, too.
_LIGHT_GROUND, _DARK_GROUND = "#f2f4f7", "#1f1e24"
_WHITE, _BLACK = "#ffffff", "#111111"
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
_WASHED_LIGHT, _WASHED_DARK = 0.1, 0.16


def check_name(text: str) -> None:
    """Refuse what fits neither into a heading nor into a header of a mail.

    Raises:
        ValueError: saying so.
    """
    if not text.strip() or not text.isprintable() or len(text) > 60:
        raise ValueError("one line of 1 to 60 characters, please")


def check_logo(path: str) -> None:
    """Refuse a file whose name says that it is no picture of these kinds.

    Raises:
        ValueError: saying so.
    """
    if path and not path.lower().endswith(tuple(LOGO_TYPES)):
        raise ValueError(f"{path!r} ends with none of {', '.join(LOGO_TYPES)}")


class Colours(msgspec.Struct, frozen=True):
    """A colour on light and on dark ground: itself, text on it, and a wash of it behind text."""

    light: str
    light_ink: str
    light_wash: str
    dark: str
    dark_ink: str
    dark_wash: str


class BrandParams(msgspec.Struct, frozen=True):
    """What the site is called and looks like."""

    name: Annotated[
        str,
        setting(
            "What the site is called: pages, frames, mails.", name="site_name", check=check_name
        ),
    ] = "Daily Papers"
    colour: Annotated[
        str,
        setting(
            "Colour of the site and its mails, `#rrggbb`; made darker or lighter where it could not "
            "be read.",
            name="site_colour",
            pattern=r"^#[0-9a-fA-F]{6}$(?!\n)",
        ),
    ] = "#b5470a"
    logo: Annotated[
        str,
        setting(
            "File of the site's logo, SVG, PNG or WebP of at most 256 KiB, shown beside its name and as "
            "its icon; empty: a ▲.",
            name="site_logo",
            check=check_logo,
        ),
    ] = ""
    draws_pictures: Annotated[
        bool,
        setting("Draw a picture of each item that brought none.", name="site_draws_pictures"),
    ] = True

    @property
    def colours(self) -> Colours:
        """The colour as it is shown."""
        return colours(self.colour)


@cache
def colours(colour: str) -> Colours:
    """Return a colour as it can be read on light and on dark ground."""
    light_wash = _mixed(colour, _WHITE, _WASHED_LIGHT)
    dark_wash = _mixed(colour, _DARK_GROUND, _WASHED_DARK)
    light = _legible(colour, (light_wash, _LIGHT_GROUND))
    dark = _legible(colour, (dark_wash, _DARK_GROUND))
    return Colours(light, _ink(light), light_wash, dark, _ink(dark), dark_wash)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _legible(colour: str, grounds: tuple[str, ...]) -> str:
    """Return the colour of the same hue, as near as can be, that can be read on some grounds."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_shares(colour))
    towards = 0.0 if _luminance(grounds[0]) > 0.5 else 1.0
    for step in range(_STEPS + 1):
        share = step / _STEPS
        tried = _hex(
            colorsys.hls_to_rgb(hue, lightness + (towards - lightness) * share, saturation)
        )
        if min(contrast(tried, ground) for ground in grounds) >= _ENOUGH:
            return tried
    return _BLACK if towards == 0 else _WHITE


def _ink(colour: str) -> str:
    return max((_WHITE, _BLACK), key=lambda ink: contrast(colour, ink))


def _mixed(colour: str, ground: str, share: float) -> str:
    pairs = zip(_shares(colour), _shares(ground), strict=True)
    return _hex([a * share + b * (1 - share) for a, b in pairs])


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _shares(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _shares(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(shares: tuple[float, ...] | list[float]) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, c)) * 255):02x}" for c in shares)
