"""What the importer of daily papers keeps, the client gets back: nothing is lost between two names."""

from typing import Any

from huggingface_hub.hf_api import PaperInfo
from hypothesis import given
from hypothesis import strategies as st

from recsvc.api.huggingface import shape
from recsvc.core.items.item import completed
from recsvc.sources.papers.hf_daily import item_of

WORDS = st.text("abcdefghij ", min_size=1).map(str.strip).filter(bool)
PAPERS = st.fixed_dictionaries(
    {
        "id": st.just("2412.00001"),
        "title": WORDS,
        "publishedAt": st.just("2024-11-01T00:00:00.000Z"),
    },
    optional={
        "ai_summary": WORDS,
        "ai_keywords": st.lists(WORDS, min_size=1, max_size=3, unique=True),
        "githubRepo": st.just("https://github.com/acme/rich"),
        "githubStars": st.integers(0, 10**6),
        "projectPage": st.just("https://rich.example.org"),
        "discussionId": WORDS,
        "submittedOnDailyAt": st.just("2024-12-03T01:02:03.000Z"),
    },
)
PEOPLE = st.fixed_dictionaries(
    {"name": WORDS}, optional={"fullname": WORDS, "avatarUrl": WORDS, "isPro": st.booleans()}
)
FIELDS = (
    "ai_summary", "ai_keywords", "github_repo", "github_stars", "project_page", "discussion_id",
    "submitted_at", "submitted_by",
)  # fmt: skip


def listed(paper: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
    """A paper as the other site lists it."""
    both = {
        name: paper[name] for name in paper if name not in ("id", "discussionId", "publishedAt")
    }
    listed_at = {"publishedAt": paper.get("submittedOnDailyAt", paper["publishedAt"])}
    return {"paper": paper, **both, **listed_at, "submittedBy": person}


@given(paper=PAPERS, person=PEOPLE)
def test_an_imported_paper_goes_back_to_the_client_as_it_came(paper, person):
    theirs = PaperInfo(**listed(dict(paper), {**person, "user": person["name"]}))
    stored = completed(item_of(listed(dict(paper), person)), None, 1_700_000_000_000_000)

    ours = PaperInfo(**shape.listed(stored, stored.upvotes))

    for field in FIELDS:
        expected = getattr(theirs, field)
        if field == "submitted_by":
            for name in ("username", "fullname", "avatar_url", "is_pro"):
                assert getattr(ours.submitted_by, name) == getattr(expected, name), name
        elif expected is not None:
            assert getattr(ours, field) == expected, field
