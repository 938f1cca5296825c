"""The site's colour as a style sheet, and its logo: what operators choose, beside our own files."""

from pathlib import Path

from litestar import Response, Router, get

from recsvc.core.access.caller import PUBLIC
from recsvc.core.brand import LOGO_TYPES, BrandParams, Colours
from recsvc.errors import SettingsError

_MAX_LOGO_BYTES = 256 * 1024
_KEPT = {"Cache-Control": "public, max-age=3600"}
# An SVG that is opened by itself is a document: nothing in it may run.
_INERT = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


def router(brand: BrandParams) -> Router:
    """Return the addresses of a brand.

    Raises:
        SettingsError: when its logo cannot be shown.
    """
    style = _style(brand.colours)

    @get("/brand.css", include_in_schema=False, sync_to_thread=False)
    def colours() -> Response[str]:
        """The site's colour, readable on light and on dark ground."""
        return Response(style, media_type="text/css", headers=_KEPT)

    if not brand.logo:
        return Router("/", route_handlers=[colours], opt={"access": PUBLIC})
    body, media_type = _logo(Path(brand.logo))

    @get("/brand/logo", include_in_schema=False, sync_to_thread=False)
    def logo() -> Response[bytes]:
        """The site's logo."""
        return Response(body, media_type=media_type, headers=_KEPT | _INERT)

    return Router("/", route_handlers=[colours, logo], opt={"access": PUBLIC})


def _logo(path: Path) -> tuple[bytes, str]:
    """Return a logo and its media type."""
    try:
        body = path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"RECSVC_SITE_LOGO: {path}: {exc.strerror}") from None
    if len(body) > _MAX_LOGO_BYTES:
        raise SettingsError(f"RECSVC_SITE_LOGO: {path} is larger than 256 KiB")
    return body, LOGO_TYPES[path.suffix.lower()]


def _style(colours: Colours) -> str:
    return (
        ":root { "
        f"--accent: light-dark({colours.light}, {colours.dark}); "
        f"--accent-ink: light-dark({colours.light_ink}, {colours.dark_ink}); "
        f"--wash: light-dark({colours.light_wash}, {colours.dark_wash}); "
        "}\n"
    )
