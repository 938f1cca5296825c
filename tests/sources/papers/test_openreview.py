"""OpenReview: notes of both versions of its API."""

import json
from datetime import UTC, datetime

from tests.sources.reading import read_text

MS = 1_700_000_000_000
V2 = {
    "id": "rJl0r3R9KX", "forum": "rJl0r3R9KX", "number": 7, "pdate": MS, "cdate": MS - 5,
    "invitations": ["ICLR.cc/2026/Conference/-/Submission"],
    "content": {
        "title": {"value": "Open Nets"}, "abstract": {"value": "We open."},
        "authors": {"value": ["Ann A.", {"fullname": "Bob B.", "username": "~Bob1"}]},
        "keywords": {"value": ["nets", "openness"]}, "venue": {"value": "ICLR 2026"},
    },
}  # fmt: skip
V1 = {
    "id": "B1", "forum": "B1", "tcdate": MS, "replyto": None,
    "content": {"title": "Old Open Nets", "abstract": "Bare.", "authors": ["Carl C."], "keywords": []},
}  # fmt: skip


def test_submissions_of_both_versions():
    found = read_text(json.dumps({"notes": [V2, V1], "count": 2}))

    assert found.name == "openreview"
    new, old = found.items
    assert (new.id, new.title, new.text) == ("rJl0r3R9KX", "Open Nets", "We open.")
    assert (new.authors, new.topics) == (("Ann A.", "Bob B."), ("nets", "openness"))
    assert new.published_at == datetime.fromtimestamp(MS / 1000, UTC)
    assert new.url == "https://openreview.net/forum?id=rJl0r3R9KX"
    assert (old.id, old.title, old.authors) == ("B1", "Old Open Nets", ("Carl C.",))


def test_reviews_are_not_papers_and_deleted_notes_are_hidden():
    review = {
        "id": "R1",
        "forum": "rJl0r3R9KX",
        "replyto": "rJl0r3R9KX",
        "content": {"title": "No"},
    }

    found = read_text(json.dumps([V2 | {"ddate": MS + 1}, review]))

    assert [(i.id, i.hidden) for i in found.items] == [("rJl0r3R9KX", True)]
    assert found.notes == ["1 reviews and comments were left out"]
