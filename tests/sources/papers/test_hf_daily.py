"""Hugging Face's daily papers: every shape they came in."""

import json
from datetime import UTC, datetime

import pytest

from recsvc.core.items.item import Organisation
from tests.sources.reading import Read, read_text

NEW = {
    "paper": {
        "id": "2512.04321",
        "title": "Deep\n  Sea Nets",
        "summary": "We dive\ninto nets.\nThey hold.",
        "publishedAt": "2025-12-03T18:00:00.000Z",
        "submittedOnDailyAt": "2025-12-05T01:02:03.000Z",
        "upvotes": 41,
        "discussionId": "693abc",
        "projectPage": "https://example.org/nets",
        "githubRepo": "https://github.com/example/nets",
        "githubStars": 7,
        "ai_summary": "Nets hold.",
        "ai_keywords": ["deep sea", "nets", "nets"],
        "organization": {"_id": "1", "name": "acme", "fullname": "ACME Labs", "avatar": "a.png"},
        "authors": [
            {"_id": "1", "name": "Ann A.", "hidden": False, "user": {"user": "ann", "isPro": False}},
            {"_id": "2", "name": "Bob B.", "hidden": False},
            {"_id": "3", "name": "Not Shown", "hidden": True},
        ],
    },
    "title": "Deep Sea Nets",
    "summary": "We dive\ninto nets.\nThey hold.",
    "publishedAt": "2025-12-03T18:00:00.000Z",
    "thumbnail": "https://cdn.example.org/t.png",
    "numComments": 3,
    "submittedBy": {"_id": "9", "name": "carl", "fullname": "Carl C.", "avatarUrl": "c.png",
                    "type": "user", "isPro": True},
    "isAuthorParticipating": False,
}  # fmt: skip
OLD = {
    "paper": {
        "id": "2410.12345v2",
        "title": "Old\n  Nets",
        "summary": "Hard\nwrapped.",
        "publishedAt": "2024-10-20T10:00:00.000Z",
        "upvotes": 0,
        "discussionId": "67",
        "authors": [{"_id": "1", "name": "Dan D.", "hidden": False, "user": "dan"}],
    },
    "title": "Old Nets",
    "publishedAt": "2024-10-25T02:00:00.000Z",
    "numComments": 0,
    "submittedBy": {"user": "eve", "fullname": "Eve E."},
}


def read(*entries: dict) -> Read:
    return read_text(json.dumps(entries))


def test_a_paper_of_today():
    found = read(NEW)

    (item,) = found.items
    assert found.name == "hf-daily"
    assert (item.id, item.title, item.text) == (
        "2512.04321", "Deep Sea Nets", "We dive into nets. They hold.",
    )  # fmt: skip
    assert item.authors == ("Ann A.", "Bob B."), "hidden ones are left out"
    assert (item.upvotes, item.comments, item.hidden) == (41, 3, False)
    assert item.organisation == Organisation("acme", "ACME Labs")
    assert item.published_at == datetime(2025, 12, 3, 18, tzinfo=UTC)
    assert item.listed_at == datetime(2025, 12, 5, 1, 2, 3, tzinfo=UTC)
    assert item.topics == ("deep sea", "nets")
    assert item.url == "https://arxiv.org/abs/2512.04321"
    assert item.extra == {
        "arxiv_id": "2512.04321",
        "ai_summary": "Nets hold.",
        "ai_keywords": ["deep sea", "nets", "nets"],
        "github": "https://github.com/example/nets",
        "github_stars": 7,
        "project_page": "https://example.org/nets",
        "thumbnail": "https://cdn.example.org/t.png",
        "discussion_id": "693abc",
        "is_author_participating": False,
        "submitter": {"name": "carl", "fullname": "Carl C.", "avatar_url": "c.png", "type": "user",
                      "is_pro": True},
        "submitted_at": "2025-12-03T18:00:00.000Z",
        "organisation_avatar": "a.png",
        "author_handles": {"Ann A.": "ann"},
    }  # fmt: skip


def test_a_paper_of_2024_without_an_outer_summary():
    (item,) = read(OLD).items

    assert (item.id, item.title, item.text) == ("2410.12345", "Old Nets", "Hard wrapped.")
    assert item.listed_at == datetime(2024, 10, 25, 2, tzinfo=UTC)
    assert item.extra["submitter"] == {"name": "eve", "fullname": "Eve E."}
    assert item.extra["author_handles"] == {"Dan D.": "dan"}


def test_a_paper_by_itself_and_the_list_inside_a_page():
    (alone,) = read_text(json.dumps(NEW["paper"])).items
    page = {"dateString": "2025-12-05", "periodType": "day", "dailyPapers": [NEW, OLD]}

    assert (alone.id, alone.title, alone.comments) == ("2512.04321", "Deep Sea Nets", 0)
    assert [i.id for i in read_text(json.dumps(page, indent=1)).items] == [
        "2512.04321",
        "2410.12345",
    ]


def test_a_withdrawn_paper_is_hidden_not_gone():
    paper = NEW["paper"] | {"withdrawnAt": "2025-12-09T00:00:00.000Z"}

    (item,) = read(NEW | {"paper": paper}).items

    assert item.hidden
    assert item.extra["withdrawn_at"] == "2025-12-09T00:00:00.000Z"


def test_fields_that_moved_outside_are_found_there():
    outer = dict(NEW) | {"ai_summary": "Outside.", "organization": {"name": "moved"}}
    outer["paper"] = {
        k: v for k, v in NEW["paper"].items() if k not in ("ai_summary", "organization")
    }

    (item,) = read(outer).items

    assert item.extra["ai_summary"] == "Outside."
    assert item.organisation == Organisation("moved", "moved")


@pytest.mark.parametrize("wrong", [2503.0213, 2503, None, ["2503.02130"]])
def test_an_id_that_is_not_text_is_never_taken(wrong: object):
    bad = {"paper": NEW["paper"] | {"id": wrong}, "title": "Bad"}

    found = read(NEW, bad, OLD)

    assert [i.id for i in found.items] == ["2512.04321", "2410.12345"]
    (problem,) = found.problems
    assert problem.record == 2
    assert "is not text" in problem.detail


def test_a_bad_record_is_named_with_its_line_and_the_rest_goes_in():
    bad = {"paper": NEW["paper"] | {"id": "2512.00001", "upvotes": "many"}, "title": "Bad"}

    found = read_text(json.dumps([NEW, bad, OLD], indent=2))

    assert len(found.items) == 2
    (problem,) = found.problems
    assert (problem.record, problem.detail) == (2, "upvotes: Expected `int`, got `str`")
    assert json.dumps([NEW], indent=2).count("\n") == problem.line - 1


def test_a_list_that_is_cut_off_gives_what_is_whole():
    whole = json.dumps([OLD, NEW, OLD])

    for end in range(len(json.dumps([OLD, NEW])) + 5, len(whole) - 3, 97):
        found = read_text(whole[:end])
        assert [i.id for i in found.items] == ["2410.12345", "2512.04321"]
        assert len(found.problems) == 1
        assert "the file ends" in found.problems[0].detail
