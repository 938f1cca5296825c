"""What crawlers are asked to leave alone (RFC 9309): what is one reader's, endless or for programs."""

from litestar import MediaType, Response, Router, get

from recsvc.core.access.caller import PUBLIC

_NOT_FOR_CRAWLERS = (
    "/v1/",
    "/c/",
    "/click",
    "/seen",
    "/console",
    "/for-you",
    "/owner",
    "/saved",
    "/search",
    "/you",
)
_TEXT = "".join(
    f"{line}\n" for line in ("User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_CRAWLERS))
)


@get("/robots.txt", include_in_schema=False)
async def robots() -> Response[str]:
    """What crawlers leave alone."""
    return Response(_TEXT, media_type=MediaType.TEXT, headers={"Cache-Control": "max-age=86400"})


router = Router("/", route_handlers=[robots], opt={"access": PUBLIC})
