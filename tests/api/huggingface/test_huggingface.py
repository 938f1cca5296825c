"""Hugging Face's own client reads papers from here, unchanged."""

from datetime import UTC, datetime

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from tests.service import Service, wait_until


def paper(number: int, day: str, **fields: object) -> dict:
    return {
        "id": f"hf-{number}",
        "title": f"Paper number{number}",
        "text": f"Abstract of paper number{number}.",
        "authors": ["Ada", "Bo"],
        "published_at": "2024-11-01T00:00:00Z",
        "listed_at": f"{day}T0{number}:00:00Z",
        **fields,
    }


RICH = paper(
    1,
    "2024-12-03",
    id="rich-paper",
    title="A rich paper",
    organisation={"slug": "acme", "name": "Acme Labs"},
    comments=4,
    upvotes=11,
    url="https://example.org/rich",
    aliases=["2412.00001", "10.1234/rich"],
    extra={
        "arxiv_id": "2412.00001",
        "ai_summary": "Rich.",
        "ai_keywords": ["wealth"],
        "github_repo": "https://github.com/acme/rich",
        "github_stars": 7,
        "project_page": "https://rich.example.org",
        "discussion_id": "d1",
        "thumbnail": "https://example.org/t.png",
        "submitted_by": {"name": "carol", "fullname": "Carol", "avatarUrl": "https://a/c.png"},
        "submitted_on_daily_at": "2024-12-03T01:02:03.000Z",
    },
)


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def papers(service: Service) -> Service:
    others = [paper(n, "2024-12-03") for n in range(2, 6)] + [paper(6, "2024-12-05")]
    others[0]["extra"] = {"submitted_by": {"user": "dave"}}
    hidden = paper(7, "2024-12-03", hidden=True)
    service.put_all([RICH, *others, hidden])
    service.act("voter", "upvote", "hf-4")
    wait_until(lambda: service.get("/v1/items/hf-4")["upvotes"] == 1, "the vote on the boards")
    return service


@pytest.fixture(scope="module")
def api(papers: Service) -> HfApi:
    return HfApi(endpoint=str(papers.http.base_url).rstrip("/"), token=False)


def ids(found: object) -> list[str]:
    return [info.id for info in found]


DAY = ["hf-5", "hf-4", "hf-3", "hf-2", "2412.00001"]


def test_daily_papers_of_a_day_a_week_and_a_month(api: HfApi):
    assert ids(api.list_daily_papers(date="2024-12-03")) == DAY
    assert ids(api.list_daily_papers(date="2024-12-04")) == []
    assert ids(api.list_daily_papers(date="2999-01-01")) == [], "never another day's"
    assert ids(api.list_daily_papers(week="2024-W49")) == ["hf-6", *DAY]
    assert ids(api.list_daily_papers(month="2024-12")) == ["hf-6", *DAY]
    assert ids(api.list_daily_papers(limit=3)) == ["hf-6", "hf-5", "hf-4"]


def test_daily_papers_are_sorted_paged_and_filtered(api: HfApi):
    def day(**asked: object) -> list[str]:
        return ids(api.list_daily_papers(date="2024-12-03", **asked))

    assert day(sort="trending") == ["hf-4", "hf-5", "hf-3", "hf-2", "2412.00001"]
    assert day(sort="publishedAt") == DAY
    assert [day(p=p, limit=2) for p in range(4)] == [DAY[:2], DAY[2:4], DAY[4:], []]
    assert day(submitter="carol") == ["2412.00001"]
    assert day(submitter="dave") == ["hf-2"]
    assert day(submitter="nobody") == []


def test_pages_are_linked(papers: Service):
    answer = papers.http.get("/api/daily_papers", params={"date": "2024-12-03", "limit": 2})
    follow = answer.links["next"]["url"]
    second = httpx.get(follow).json()

    assert [p["paper"]["id"] for p in second] == DAY[2:4]
    last = papers.http.get("/api/daily_papers", params={"date": "2024-12-03", "limit": 2, "p": 2})
    assert last.links == {}


def test_a_listed_paper_carries_all_that_the_client_reads(api: HfApi):
    (info,) = api.list_daily_papers(date="2024-12-03", submitter="carol")

    assert (info.title, info.summary) == ("A rich paper", RICH["text"])
    assert [author.name for author in info.authors] == ["Ada", "Bo"]
    assert info.published_at == datetime(2024, 11, 1, tzinfo=UTC)
    assert info.submitted_at == datetime(2024, 12, 3, 1, tzinfo=UTC)
    assert (info.upvotes, info.comments, info.discussion_id) == (11, 4, "d1")
    assert (info.submitted_by.username, info.submitted_by.fullname) == ("carol", "Carol")
    assert (info.organization.name, info.organization.fullname) == ("acme", "Acme Labs")
    assert (info.ai_summary, info.ai_keywords) == ("Rich.", ["wealth"])
    assert (info.github_repo, info.github_stars) == ("https://github.com/acme/rich", 7)
    assert info.project_page == "https://rich.example.org"


def test_papers_are_found(api: HfApi):
    assert ids(api.list_papers(query="rich paper"))[0] == "2412.00001"
    assert ids(api.list_papers(query="number3", limit=1)) == ["hf-3"]
    assert len(ids(api.list_papers(limit=2))) == 2


@pytest.mark.parametrize("name", ["2412.00001", "2412.00001v2", "rich-paper", "10.1234/rich"])
def test_one_paper_is_found_by_any_of_its_ids(api: HfApi, name: str):
    info = api.paper_info(name)

    assert (info.id, info.title, info.upvotes, info.comments) == (
        "2412.00001", "A rich paper", 11, 4,
    )  # fmt: skip
    assert info.published_at == datetime(2024, 11, 1, tzinfo=UTC)
    assert info.submitted_at == datetime(2024, 12, 3, 1, 2, 3, tzinfo=UTC)
    assert info.submitted_by.username == "carol"
    assert (info.ai_summary, info.github_stars) == ("Rich.", 7)


def test_one_paper_is_read_as_markdown(api: HfApi):
    page = api.read_paper("2412.00001")

    assert page.startswith("# A rich paper\n\nAuthors: Ada, Bo\n")
    assert RICH["text"] in page


@pytest.mark.parametrize("name", ["2412.99999", "hf-7", "no/such/paper"])
def test_unknown_and_hidden_papers_are_its_404(api: HfApi, name: str):
    for call in (api.paper_info, api.read_paper):
        with pytest.raises(HfHubHTTPError) as refused:
            call(name)
        assert refused.value.response.status_code == 404


def test_a_wrong_date_is_its_bad_request(api: HfApi):
    with pytest.raises(BadRequestError):
        list(api.list_daily_papers(date="yesterday"))


def test_a_paper_is_a_page_and_with_md_its_markdown(papers: Service):
    page = papers.http.get("/papers/rich-paper")
    markdown = papers.http.get("/papers/rich-paper.md")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert papers.http.get("/papers/no-such-paper").status_code == 404
