"""The kept cases of real texts, walked through a running service: imported, shown and found.

Each is a kind: the kinds are generated beside the importers, the display and the search. Mail of them
is in `tests/workers/mail/test_poisoned.py`.
"""

import re
from typing import Any

import feedparser
import pytest
from click.testing import CliRunner
from huggingface_hub import HfApi

from recsvc.cli import main
from tests.service import REPOSITORY, Service, environment, wait_until

CASES = REPOSITORY.parent / "shared" / "cases" / "texts"
CATALOGUE = ("f01*.json", "f03*.json", "f21*.xml", "f23*.json", "f26*.json")
LIBRARY = ("*.bib", "*.ris", "f20b*.json")
QUERIES: list[dict[str, Any]] = [
    {"id": "2303.08774", "title": "A technical report"},
    {"id": "given/smith", "title": "A study of its own", "authors": ["Robert C. Smith"]},
    {"id": "given/stop-words", "title": "To Be or Not to Be"},
    {"id": "given/c++", "title": "Teaching C++ to beginners"},
    {"id": "given/c", "title": "Teaching C to beginners of C and of C"},
    {"id": "given/omni", "title": "A look at the model GPT-4o"},
]

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases at {CASES}")


@pytest.fixture(scope="module")
def given(service: Service) -> Service:
    def imported(names: tuple[str, ...], *options: str) -> None:
        files = [str(path) for name in names for path in sorted(CASES.glob(name))]
        done = CliRunner().invoke(
            main, ["import", *options, *files], env=environment(**service.settings)
        )
        assert (done.exit_code, "0 not understood" in done.output) == (0, True), done.output

    imported(CATALOGUE)
    imported(LIBRARY, "--reader", "given", "--add-items")
    service.put_all(QUERIES)
    wait_until(
        lambda: service.http.get("/papers/10.1000%2Fcsl.1").status_code == 200, "all are listed"
    )
    return service


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("a-good-first-entry", {"title": "A good first entry"}),
        ("our-toolkit-see-the-code", {"title": "Our toolkit, see the code"}),
        ("a-good-last-entry", {"title": "A good last entry"}),
        ("10.1000/j.smr.2016.08.005", {
            "title": "Inductive reasoning: The promise of big data",
            "authors": ["Samuel T. Doe", "Ronald S. Roe", "Maura I. Poe"],
            "topics": ["Big data", "Theory", "Inductive reasoning"],
        }),
        ("a-reference-exported-without-a-key", {"authors": ["J. Doe", "R. Roe"]}),
        ("corporate-and-truncated", {"authors": ["Barnes and Noble", "Ann Smith"]}),
        ("whole-field-braced", {"authors": ["Securities and Exchange Commission"]}),
        ("a-wrapped-abstract", {
            "text": "State models have shown good results on long sequences, but they are hard to "
            "train. We show how."
        }),
        ("a-paper-of-1996", {"published_precision": "year"}),
        ("10.1007/978-3-030-15719-7_27", {"url": "https://doi.org/10.1007/978-3-030-15719-7_27"}),
        ("10.1145/3366423.3380130", {"title": "DOI in url only"}),
        ("2005.14167", {"title": "arXiv in howpublished"}),
        ("many-keywords", {"title": "Many keywords"}),
        ("effects-of-co2-h2o-on-e-coli", {"title": "Effects of CO₂ & H₂O on E. coli"}),
        ("10.1000/csl.1", {
            "title": "A Caenorhabditis study with CO₂", "authors": ["Ana de la Cruz", "WHO"],
        }),
        ("1503.00001", {"published_at": "2015-03-02T00:00:00Z"}),
        ("year-and-month", {"authors": ["Ludwig van Beethoven"], "published_precision": "month"}),
        ("2001.00001", {"published_precision": "about"}),
        ("0811.9999", {
            "title": "Scaled Schrödinger operators and Lévy exponents",
            "text": "The nonlinear Schrödinger equation of Poincaré.",
        }),
    ],
)  # fmt: skip
def test_a_case_comes_in_as_people_read_it(given: Service, item: str, expected: dict[str, Any]):
    found = given.get(f"/v1/items/{item}")

    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("digest-href", "Our code is at"), ("a-paper-of-1996", "<span>1996</span>"),
        ("a-book-of-1936", "<span>1936</span>"), ("0811.9999", "equation of Poincaré"),
        ("effects-of-co2-h2o-on-e-coli", "Effects of CO₂ &amp; H₂O on E. coli"),
        ("year-and-month", "<span>March 2015</span>"), ("2001.00001", "<span>about 2015</span>"),
    ],
)  # fmt: skip
def test_its_page_says_what_is_known(given: Service, page: str, said: str):
    assert said in given.http.get(f"/papers/{page}").text


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
def test_feeds_have_letters_for_accents(given: Service, ending: str):
    answer = given.http.get(f"/feeds/search.{ending}", params={"q": "Lévy exponents Scaled"})

    assert "Scaled Schrödinger operators and Lévy exponents" in answer.text
    assert "\\" not in answer.text


def test_nothing_old_or_undated_is_of_today_and_nothing_shows_before_its_day(given: Service):
    today = _today(given)
    old = {"a-paper-of-1996", "a-book-of-1936", "many-keywords", "digest-plain"}

    assert not today & (old | {"future"})
    for path in ("/feeds/new.rss", "/feeds/daily.atom", "/search?q=Listed+next+year+by+mistake"):
        assert "Listed next year by mistake</" not in given.http.get(path).text
    assert given.http.get("/papers/future").status_code == 404


def _today(service: Service) -> set[str]:
    page = service.http.get("/feeds/daily.json").json()
    return {entry["id"] for entry in page["items"]}


@pytest.mark.parametrize("sort", ["relevance", "new"])
@pytest.mark.parametrize("word", ["zyxomorphic", "Recipes"])
def test_only_what_holds_the_word_is_found_in_any_order(given: Service, word: str, sort: str):
    found = given.get("/v1/search", q=word, sort=sort, limit=100)["items"]

    assert found
    for one in found:
        assert word.lower() in f"{one['item']['title']} {one['item']['text']}".lower()


def test_the_feed_of_a_saved_search_holds_its_word_in_every_entry(given: Service):
    entries = feedparser.parse(
        given.http.get("/feeds/search.rss", params={"q": "zyxomorphic"}).text
    )

    assert [entry.id for entry in entries.entries] == ["rare"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("2303.08774", "2303.08774"), ("arXiv:2303.08774v2", "2303.08774"),
        ("https://arxiv.org/pdf/2303.08774v2.pdf", "2303.08774"), ("R. C. Smith", "given/smith"),
        ("Smith, Robert", "given/smith"), ("To Be or Not to Be", "given/stop-words"),
        ("C++", "given/c++"), ("gpt4o", "given/omni"), ("gpt 4o", "given/omni"),
        ("Schrodinger Levy", "0811.9999"), ("10.1145/3366423.3380130", "10.1145/3366423.3380130"),
        (r"10.1007/978-3-030-15719-7\_27", "10.1007/978-3-030-15719-7_27"),
    ],
)  # fmt: skip
def test_a_query_finds_what_it_means_first(given: Service, query: str, first: str):
    ours = {item["id"] for item in QUERIES} | {"0811.9999", "1503.00001", "2001.00001"}
    found = given.ids("/v1/search", q=query, limit=100)
    page = given.http.get("/search", params={"q": query}).text
    shown = re.findall(r'class="title"[^>]*><a href="[^"]*" data-item="([^"]*)"', page)

    assert next(item for item in found if item in ours or item == first) == first
    assert shown[0] == found[0]


def test_the_client_of_hugging_face_reads_submitter_repository_and_no_votes(given: Service):
    api = HfApi(endpoint=str(given.http.base_url).rstrip("/"), token=False)
    alone = api.paper_info("2507.06229")
    second = next(p for p in api.list_daily_papers(date="2024-10-25") if p.id == "2410.16251")

    assert (alone.github_repo, alone.github_stars) == ("https://github.com/a/b", 12)
    assert (alone.submitted_by.username, second.submitted_by.username) == ("zed", "orgx")
    assert second.upvotes == 0
    assert api.paper_info("2410.16251").upvotes == 0
