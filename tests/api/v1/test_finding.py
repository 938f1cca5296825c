"""What people type into a search box, and what must come first: queries made from a made catalogue."""

import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from recsvc.core.text.query import MAX_CHARS
from tests.service import Service

GIVEN = ["Robert C.", "Zoë", "Jean-Luc", "Łukasz", "Ana María", "Siobhán", "Wei", "Jürgen"]
FAMILY = ["Smith", "O’Brien", "Müller", "van Dijk", "Nuñez", "Smith-Jones", "D'Angelo", "Kovač"]
NOUNS = ["graph", "kernel", "tensor", "lattice", "token", "prompt", "sensor", "protein", "market"]
VERBS = ["Learning", "Pruning", "Ranking", "Folding", "Routing", "Parsing", "Scaling", "Probing"]
STOPPED = ["To Be or Not to Be", "What Is This", "Who Are We", "Now and Then"]
# Each in two ways of writing, of which the paper has the first.
TERMS = [
    ("GPT-4o", "gpt4o"), ("GPT-5x", "gpt 5x"), ("Llama 3", "llama3"), ("qwen2", "Qwen-2"),
    ("e-mail", "email"), ("cooperative", "co-operative"), ("multi-modal", "multimodal"),
    ("C++", "C++"), ("C#", "c#"), (".NET", ".NET"), ("F#", "F#"),
    ("MoS$_2$", "MoS2"), ("$\\mathrm{BiTe}_{3}$", "BiTe3"), ("$^{87}$Rb", "87Rb"),
    ("U.S.B.", "USB"), ("micro\u00adscope", "microscope"), ("tele\u200bscope", "telescope"),
]  # fmt: skip
PLAIN = {"C++": "C", "C#": "C", ".NET": "net", "F#": "F"}


def _paper(number: int, rng: random.Random) -> dict[str, object]:
    verb, (one, other) = rng.choice(VERBS), rng.sample(NOUNS, 2)
    return {
        "id": [f"23{number % 12 + 1:02}.{number:05}", f"hep-th/{number:07}", f"own_{number}"][
            number % 3
        ],
        "aliases": [f"10.1000/J.Made.{number}"],
        "title": f"{verb} {one} {other}s {number}",
        "text": f"We study the {one} of a {other}. " * 3,
        "authors": [f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}", f"Nobody{number} Else"],
        "topics": [verb.lower(), "made"],
        "organisation": {"slug": f"lab-{number % 2}", "name": f"Lab {number % 2}"},
        "listed_at": f"{2024 + number % 3}-01-{number % 28 + 1:02}T00:00:00Z",
    }


def _catalogue() -> list[dict[str, object]]:
    rng = random.Random(5)
    papers = [_paper(number, rng) for number in range(150)]
    papers += [{"id": f"stop-{i}", "title": title} for i, title in enumerate(STOPPED)]
    papers += [
        {"id": f"term-{i}", "title": f"Notes on {written}"} for i, (written, _) in enumerate(TERMS)
    ]
    return papers + [
        {"id": f"plain-{i}", "title": f"{word} {word}", "text": f"{word} {word} notes"}
        for i, word in enumerate(dict.fromkeys(PLAIN.values()))
    ]


PAPERS = _catalogue()
MADE = PAPERS[:150]


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    own_service.put_all(PAPERS)
    return own_service


def _hits(service: Service, query: str, limit: int) -> list[str]:
    return service.ids("/v1/search", q=query, limit=limit, fields="id")


def _missed(service: Service, wanted: list[tuple[str, set[str]]], within: int) -> list[str]:
    """Return the queries that bring none of what is wanted among the first, printing the share."""
    missed = [q for q, right in wanted if right.isdisjoint(_hits(service, q, within))]
    print(f"{1 - len(missed) / len(wanted):.1%} of {len(wanted)} within the first {within}")
    return missed


def _as_arxiv(item: str) -> list[str]:
    return [item, f"arXiv:{item}v2", f"https://arxiv.org/abs/{item}", f"arxiv.org/pdf/{item}v1"]


def _as_doi(doi: str) -> list[str]:
    return [doi, doi.lower(), f"doi:{doi}", f"DOI: {doi}", f"https://doi.org/{doi}"]


def test_ids_and_dois_bring_their_items_first(service: Service):
    wanted = []
    for number, paper in enumerate(MADE[:60]):
        item, (doi,) = str(paper["id"]), paper["aliases"]
        ids = [item, item.upper()] if item.startswith("own") else _as_arxiv(item)
        for forms in (ids, _as_doi(doi)):
            wanted.append((forms[number // 3 % len(forms)], {item}))

    assert _missed(service, wanted, 1) == []


def test_an_id_that_nobody_has_finds_nothing(service: Service):
    assert _hits(service, "arXiv:1999.99999", 5) == _hits(service, "10.9999/none.1", 5) == []


def _initials(given: str) -> str:
    return " ".join(f"{part[0]}." for part in re.findall(r"\w+", given))


NAME_FORMS: list[Callable[[str, str], str]] = [
    lambda given, family: f"{given} {family}",
    lambda given, family: f"{family}, {given}",
    lambda given, family: f"{_initials(given)} {family}",
    lambda given, family: f"{family} {_initials(given)}",
    lambda given, family: f"{given[0]}. {family.replace('’', chr(39))}",
    lambda given, family: f"{family} {given[0]}".replace("’", "").lower(),
]


def test_names_bring_papers_of_their_authors(service: Service):
    wanted = []
    for given in GIVEN:
        for family in FAMILY:
            for form in NAME_FORMS:
                name = form(given, family)
                own = {str(p["id"]) for p in MADE if f"{given} {family}" in p["authors"]}
                if own:
                    wanted.append((name, own | _namesakes(given, family, name)))

    assert len(_missed(service, wanted, 5)) <= 0.05 * len(wanted)


def _namesakes(given: str, family: str, name: str) -> set[str]:
    """Return what those wrote who go by the same name where given names are but initials."""
    if given in name:
        return set()
    same = {f"{other} {family}" for other in GIVEN if other[0] == given[0]}
    return {str(p["id"]) for p in MADE if same & set(p["authors"])}


def test_titles_bring_their_papers_first_those_of_stop_words_too(service: Service):
    wanted = [(str(paper["title"]), {str(paper["id"])}) for paper in PAPERS]

    assert len(_missed(service, wanted, 1)) <= 0.005 * len(wanted)


def test_terms_are_found_in_each_way_of_writing(service: Service):
    wanted = [(form, {f"term-{i}"}) for i, forms in enumerate(TERMS) for form in forms]

    assert _missed(service, wanted, 1) == []


def test_a_pasted_abstract_is_searched_for_by_its_first_words(service: Service):
    abstract = "Zymurgists ferment barley under pressure for months on end. "
    service.put("pasted", title="Brewing", text=abstract + "More words follow here. " * 100)

    pasted = (abstract + "More words follow here. " * 100).strip()
    assert _hits(service, pasted, 1) == ["pasted"]
    assert len(pasted) > 1_000
    too_long = service.http.get("/v1/search", params={"q": "x" * (MAX_CHARS + 1)})
    assert too_long.status_code == 400


# By date and as feeds


def _of_feed(service: Service, query: str) -> list[str]:
    feed = service.http.get("/feeds/search.rss", params={"q": query})
    assert feed.status_code == 200
    return [entry.findtext("title") or "" for entry in ET.fromstring(feed.text).iter("item")]


def _report(service: Service, q: str, **params: object) -> tuple[dict, list[dict]]:
    """What a search tells of itself, and the whole of its list, page by page."""
    pages = [service.get("/v1/search", q=q, limit=60, **params)]
    while pages[-1]["next"]:
        cursor = pages[-1]["next"]
        pages.append(service.get("/v1/search", q=q, limit=60, cursor=cursor, **params))
    assert all(page["search"] == pages[0]["search"] for page in pages)
    return pages[0]["search"], [entry for page in pages for entry in page["items"]]


@pytest.mark.parametrize("pair", [NOUNS[i : i + 2] for i in range(0, 8, 2)])
def test_a_search_counts_what_holds_all_words_apart_from_what_holds_some(
    service: Service, pair: list[str]
):
    report, entries = _report(service, " ".join(pair))

    both, either = _holding(*pair), {**_holding(pair[0]), **_holding(pair[1])}
    assert {e["id"] for e in entries if e["match"] == "all"} == set(both)
    assert {e["id"] for e in entries} == set(either)
    assert (report["found"], report["related"]) == (len(both), len(either) - len(both))
    marks = [e["match"] for e in entries]
    assert marks == sorted(marks), "what holds all the words comes first"
    scores = [e["score"] for e in entries]
    assert scores == sorted(scores, reverse=True)


def test_every_facet_says_how_much_would_be_found_with_one_filter_more(service: Service):
    report, entries = _report(service, "graph", facets="true")
    facets = report["facets"]

    narrowed = [({"topic": f["topic"]}, f["items"]) for f in facets["topics"]]
    narrowed += [({"organisation": f["organisation"]}, f["items"]) for f in facets["organisations"]]
    narrowed += [
        ({"since": f"{f['year']}-01-01", "until": f"{f['year'] + 1}-01-01"}, f["items"])
        for f in facets["years"]
    ]
    found = [_report(service, "graph", **only)[0]["found"] for only, _ in narrowed]
    assert found == [n for _, n in narrowed]
    assert {f["name"] for f in facets["organisations"]} == {"Lab 0", "Lab 1"}
    assert [f["year"] for f in facets["years"]] == [2026, 2025, 2024]
    assert sum(f["items"] for f in facets["years"]) == len(entries)
    assert "facets" not in _report(service, "graph")[0]


def test_a_search_says_what_became_of_each_word(service: Service):
    report, _ = _report(service, "the tensro of xyzzyplugh")

    assert report["ignored"] == ["the", "of"]
    assert report["instead"] == [{"word": "tensro", "searched": ["tensor", "tensors"]}] or (
        report["instead"] == [{"word": "tensro", "searched": ["tensor"]}]
    )
    assert report["unknown"] == ["xyzzyplugh"]
    assert report["found"] == 0 < report["related"]
    assert _report(service, "gpt4o")[0]["instead"] == [], "another way of writing is no typo"
    typed = service.get("/v1/search", q="tensor xyzzypl", prefix="true")["search"]
    assert typed["unknown"] == [], "nobody knows what it is going to be"
    assert _report(service, "to be or not to be")[0]["ignored"] == []
    assert _report(service, " ".join(["graph"] * 45))[0]["beyond"] == 5


def _holding(*nouns: str) -> dict[str, str]:
    """Return the ids of the papers that hold all of some nouns, with their titles."""
    return {
        str(paper["id"]): str(paper["title"])
        for paper in MADE
        if all(noun in str(paper["title"]) for noun in nouns)
    }


@pytest.mark.parametrize("noun", NOUNS)
def test_by_date_and_in_feeds_every_entry_holds_the_word(service: Service, noun: str):
    latest = service.ids("/v1/search", q=noun, sort="new", limit=100)
    entries = _of_feed(service, noun)

    assert set(latest) == _holding(noun).keys()
    assert entries
    assert all(noun in title for title in entries)


def test_by_date_several_words_must_all_be_there_and_typos_are_forgiven(service: Service):
    both = service.ids("/v1/search", q="graph tensors", sort="new", limit=100)
    mistyped = service.ids("/v1/search", q="lattxice", sort="new", limit=100)

    assert set(both) == _holding("graph", "tensor").keys()
    assert set(mistyped) == _holding("lattice").keys()


def test_only_what_holds_a_rare_word_is_found(service: Service):
    service.put("rare", title="On zyxomorphic shapes", text="zyxomorphic shapes are drawn.")

    assert service.ids("/v1/search", q="zyxomorphic") == ["rare"]
    assert service.ids("/v1/search", q="zyxomorphic", sort="new") == ["rare"]
    assert _of_feed(service, "zyxomorphic") == ["On zyxomorphic shapes"]
