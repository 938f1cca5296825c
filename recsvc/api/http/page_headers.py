"""Headers of the pages that people look at."""

# No inline script or style anywhere: what a title contains can never run.
_POLICY = "Content-Security-Policy"
PAGE_HEADERS = {
    _POLICY: "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def with_images_of(origins: frozenset[str]) -> dict[str, str]:
    """Return the same headers for pages that show pictures of other origins, too."""
    if not origins:
        return PAGE_HEADERS
    allowed = " ".join(["img-src 'self'", *sorted(origins)])
    return PAGE_HEADERS | {_POLICY: PAGE_HEADERS[_POLICY].replace("img-src 'self'", allowed)}
