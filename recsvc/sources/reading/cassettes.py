"""Recorded HTTP answers: cassettes of VCR and the like, opened so that what is in them can be read.

A cassette is YAML, `interactions: [{response: {body: {string: …}}}]`; other recorders write one answer
as a JSON object with `status_code` and `body`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from recsvc.core.fitting import UNREADABLE
from recsvc.sources.reading.content import Content

_CASSETTE = re.compile(r"interactions:\s*\n\s*-")
_ANSWER = re.compile(r'\s*\{\s*"(?:url|status_code|status|headers|body)"\s*:')


class _Body(msgspec.Struct):
    string: Any = ""  # text, or bytes where YAML says `!!binary`


class _Response(msgspec.Struct):
    body: _Body | str | None = None
    content: str | None = None


class _Interaction(msgspec.Struct):
    response: _Response


class _Cassette(msgspec.Struct):
    interactions: list[_Interaction]


class _Answer(msgspec.Struct):
    body: str


def opened(content: Content) -> list[Content]:
    """Return the answers that a file holds; the file itself if it is no recording."""
    head = content.head[:1000]
    found: list[str] = []
    if _CASSETTE.match(head):
        found = list(_cassette(content.text()))
    elif _ANSWER.match(head):
        found = list(_answer(content.text()))
    if not found:
        return [content]
    many = len(found) > 1
    return [
        Content(f"{content.file}[{n}]" if many else content.file, text=text)
        for n, text in enumerate(found, 1)
    ]


def _cassette(text: str) -> Iterator[str]:
    try:
        loaded = yaml.load(text, yaml.CSafeLoader)
        cassette = msgspec.convert(loaded, _Cassette)
    except (yaml.YAMLError, *UNREADABLE):
        return
    for interaction in cassette.interactions:
        response = interaction.response
        body = response.body.string if isinstance(response.body, _Body) else response.body
        text = response.content or body or ""
        yield text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _answer(text: str) -> Iterator[str]:
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except UNREADABLE:
        return
    yield answer.body
