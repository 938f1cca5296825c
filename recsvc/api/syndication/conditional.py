"""Conditional requests (RFC 9110, section 13): who has the latest is told so, in a few bytes."""

import hashlib
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from litestar import Request, Response

from recsvc.clock import SECOND_US, from_us, to_us


def respond(
    request: Request[Any, Any, Any],
    content: bytes,
    media_type: str,
    changed_us: int,
    cache_control: str,
) -> Response[bytes]:
    """Answer with a document, or with 304 where the caller has it already.

    Args:
        changed_us: the document has not changed since, to the second.
    """
    # Of the content and not of an instant: the same list made by another process has the same tag.
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(from_us(changed_us), usegmt=True),
        "Cache-Control": cache_control,
    }
    if _has_it(request, tag, changed_us):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(content, headers=headers, media_type=f"{media_type}; charset=utf-8")


def _has_it(request: Request[Any, Any, Any], tag: str, changed_us: int) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:  # takes precedence (section 13.2.2)
        tags = [part.strip().removeprefix("W/") for part in known.split(",")]
        return tag in tags or "*" in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return changed_us // SECOND_US <= to_us(aware) // SECOND_US
