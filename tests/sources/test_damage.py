"""Damage: whatever happened to a file, it is refused or read; nothing raises, nothing is invented."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.errors import UnknownFormatError
from recsvc.sources.formats import source_of
from recsvc.sources.reading.cassettes import opened
from recsvc.sources.reading.content import Content
from recsvc.sources.records import Options
from tests.sources.libraries import test_libraries as libraries
from tests.sources.papers import test_arxiv as arxiv
from tests.sources.papers import test_hf_daily as hf
from tests.sources.papers import test_openreview as openreview
from tests.sources.papers import test_saved_pages as seed_pages
from tests.sources.papers import test_semantic_scholar as scholar

WHOLE = [
    json.dumps([hf.NEW, hf.OLD]),
    json.dumps([hf.NEW, hf.OLD], indent=1),
    arxiv.atom("2611.00001v1", "2611.00002"),
    arxiv.RSS.format(items=arxiv.ITEM.format(id="2611.00001", kind="new") * 2),
    arxiv.OAI.format(records=arxiv.RECORD.format(id="0811.0001") * 2),
    f"{arxiv.kaggle()}\n{arxiv.kaggle(id='1')}\n",
    json.dumps({"data": [scholar.PAPER] * 2}),
    json.dumps({"notes": [openreview.V2, openreview.V1]}),
    json.dumps([libraries.zotero(), libraries.zotero(url="x")]),
    json.dumps([{"type": "article", "title": "One", "DOI": "10.1000/X", "author": [{"family": "A"}]}]),
    libraries.BIB,
    "TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two\nUR  - https://x\nER  -\n",
    seed_pages.page("T", seed_pages.ABSTRACT + "\n  • 7 authors\n·\nNov 25 3", "U", seed_pages.ABSTRACT),
    'id,title,topics\na,A,x;y\nb,"B ""x""",\n',
    '{"user":"u","item":"a","kind":"click","at":"2026-01-01","value":3}\n' * 3,
    '{"ItemId":"a","Labels":{"title":"x","topics":["y"]},"Categories":["a"]}\n{"UserId":"u"}\n',
    json.dumps({"url": "x", "status_code": 200, "body": arxiv.atom("2611.00001v1")}),
    "interactions:\n- request: {}\n  response:\n    body:\n      string: '[]'\n",
]  # fmt: skip
JUNK = st.sampled_from(
    ["null", "0", "1.5", '"x"', "[]", "{}", "true", ",", "}", "]", '"', "\n", "<", "&", "\x00"]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.integers(0, 12)))
        text = draw(st.sampled_from([text[:at], text[:at] + draw(JUNK) + text[until:]]))
    return text


@settings(max_examples=300, deadline=None)
@given(damaged())
def test_a_damaged_file_is_refused_or_read(text: str):
    options = Options(year=2025)
    for content in opened(Content("file", text=text)):
        try:
            source = source_of(content, options)
        except UnknownFormatError:
            continue
        for record in source.read(content, options):
            assert record is not None


@pytest.mark.parametrize("text", WHOLE)
def test_the_undamaged_ones_are_read(text: str):
    for content in opened(Content("file", text=text)):
        if content.head != "[]":
            source = source_of(content, Options(year=2025))
            assert list(source.read(content, Options(year=2025)))
