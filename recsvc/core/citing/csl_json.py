"""References as CSL-JSON, which Zotero, pandoc and citeproc exchange."""

from collections.abc import Iterable
from typing import Any

import msgspec

from recsvc.core.citing.people import parts
from recsvc.core.citing.reference import Reference

MEDIA_TYPE = "application/vnd.citationstyles.csl+json"


def render(references: Iterable[Reference]) -> str:
    """Return references as a list."""
    return msgspec.json.format(msgspec.json.encode([_item(one) for one in references])).decode()


def _item(one: Reference) -> dict[str, Any]:
    known = {
        "id": one.id,
        "type": "article-journal" if one.venue else "article",
        "title": one.title,
        "author": [_name(name) for name in one.authors],
        "issued": _date(one),
        "container-title": one.venue,
        "DOI": one.doi,
        "URL": one.url,
        "number": f"arXiv:{one.arxiv_id}" if one.arxiv_id else None,
        "publisher": "arXiv" if one.arxiv_id and not one.venue else None,
        "keyword": ", ".join(one.topics),
        "abstract": one.text,
    }
    # Some take a list for references only where somebody wrote the first.
    return {name: value for name, value in known.items() if value or name == "author"}


def _name(name: str) -> dict[str, str]:
    known = parts(name)
    if known is None:
        return {"literal": name}
    given, family, suffix = known
    found = {"given": given, "family": family}
    return found | {"suffix": suffix} if suffix else found


def _date(one: Reference) -> dict[str, Any]:
    if not one.date_parts:
        return {}
    circa = {"circa": True} if one.is_about else {}
    return {"date-parts": [one.date_parts], **circa}
