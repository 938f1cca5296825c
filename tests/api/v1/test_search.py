"""Search: what is found, what is marked, and what never shows."""

from pathlib import Path

import pytest

from recsvc.core.items.item import NewItem
from tests.service import Service
from tests.sources.reading import read_file

FRENCH = "Étude cognitive des processus de construction d'une requête"


def found(service: Service, q: str, **params: object) -> list[str]:
    return service.ids("/v1/search", q=q, **params)


@pytest.fixture(scope="module")
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture(scope="module")
def papers(seeds: list[Path]) -> list[NewItem]:
    return [item for page in seeds for item in read_file(page, year=2025).items]


@pytest.fixture(scope="module")
def catalogue(service: Service) -> Service:
    """Some items with words that stand nowhere else."""
    service.put_all(
        [
            {
                "id": "bm25",
                "title": "Ranking with the probabilistic relevance framework",
                "text": "BM25 and beyond.",
            },
            {
                "id": "quokka",
                "title": "Quokkas of Rottnest Island",
                "text": "A quokka smiles. Photographing quokkas is <b>easy</b> & fun, they say.",
                "topics": ["marsupials"],
                "organisation": {"slug": "zoo", "name": "Perth Zoo"},
                "authors": ["Ada Łukasiewicz"],
                "listed_at": "2022-05-01T00:00:00Z",
            },
            {
                "id": "wombat",
                "title": "Wombats dig",
                "text": "Unlike the quokka, a wombat digs. Its burrows are long.",
                "topics": ["marsupials", "digging"],
                "listed_at": "2022-06-01T00:00:00Z",
            },
            {
                "id": "hidden-quokka",
                "title": "Quokka quokka quokka",
                "hidden": True,
            },
            {"id": "cjk", "title": "深度学习的注意力机制", "text": "我们研究了注意力机制。"},
            {"id": "tex", "title": "R\\'esum\\'e parsing with $\\mathbb{Q}$-grams"},
        ]
    )
    return service


# The saved pages


def test_papers_are_found_by_their_own_titles_first(seeded: Service, papers: list[NewItem]):
    titles = {paper.id: paper.title for paper in papers}

    first = {
        item: (found(seeded, title, limit=1, fields="id") or [None])[0]
        for item, title in titles.items()
    }

    share = sum(item == hit for item, hit in first.items()) / len(titles)
    print(f"{share:.1%} of {len(titles)} papers are the first hit for their own title")
    assert len(titles) == 444
    assert share >= 0.98


def test_steering_language_models_brings_papers_of_the_page_about_it(
    seeded: Service, seeds: list[Path]
):
    page = {item.id for item in read_file(seeds[0], year=2025).items}

    hits = found(seeded, "steering language models", limit=10)

    assert set(hits[:3]) <= page
    assert len(page & set(hits)) >= 7


@pytest.mark.parametrize("query", [FRENCH, FRENCH.replace("É", "E").replace("ê", "e")])
def test_the_french_paper_is_found_with_and_without_accents(seeded: Service, query: str):
    (first,) = found(seeded, query, limit=1)

    assert first.startswith("étude-cognitive")


# Words


def test_stems_accents_tex_and_languages_without_spaces_are_found(catalogue: Service):
    assert found(catalogue, "quokka photograph")[0] == "quokka"
    assert found(catalogue, "RANKED frameworks")[0] == "bm25"
    assert found(catalogue, "résumé")[0] == found(catalogue, "resume")[0] == "tex"
    assert found(catalogue, "注意力")[0] == "cjk"


def test_authors_organisations_and_topics_are_found(catalogue: Service):
    assert found(catalogue, "lukasiewicz")[0] == found(catalogue, "perth zoo")[0] == "quokka"
    assert set(found(catalogue, "marsupials")) >= {"quokka", "wombat"}


def test_small_typos_are_forgiven(catalogue: Service):
    assert found(catalogue, "quoka")[0] == "quokka"
    assert found(catalogue, "wobmats")[0] == "wombat"
    assert found(catalogue, "probabxilistic framexwork")[0] == "bm25"
    assert found(catalogue, "xyzzyplugh") == []


def test_the_beginning_of_a_word_is_enough_while_it_is_typed(catalogue: Service):
    assert found(catalogue, "rottn") == []
    assert found(catalogue, "rottn", prefix="true")[0] == "quokka"


def test_phrases_must_stand_there_and_excluded_words_must_not(catalogue: Service):
    assert found(catalogue, '"wombat digs"') == ["wombat"]
    assert found(catalogue, '"digs wombat"') == []
    assert found(catalogue, "quokka -wombat") == ["quokka"]
    assert found(catalogue, 'quokka -"unlike the"') == ["quokka"]


@pytest.mark.parametrize("query", ['"', "-", "AND OR NOT", "title:", "a^9", "\\", "[* TO *]", "🦘"])
def test_no_query_is_an_error(catalogue: Service, query: str):
    assert isinstance(found(catalogue, query), list)


def test_a_query_of_stop_words_finds_them(catalogue: Service):
    catalogue.put("hamlet", title="To be or not to be")

    assert found(catalogue, "to be or not to be")[0] == "hamlet"


# Filters


def test_what_is_found_is_filtered_by_topic_organisation_and_date(catalogue: Service):
    def marsupials(**params: object) -> set[str]:
        return {i for i in found(catalogue, "quokka", **params) if i in ("quokka", "wombat")}

    assert marsupials() == {"quokka", "wombat"}
    assert marsupials(topic="digging") == {"wombat"}
    assert marsupials(topic_not="digging") == {"quokka"}
    assert marsupials(topic_all=["marsupials", "digging"]) == {"wombat"}
    assert marsupials(organisation="zoo") == {"quokka"}
    assert marsupials(since="2022-05-02", until="2022-06-02") == {"wombat"}
    assert marsupials(until="2022-05-02") == {"quokka"}
    assert marsupials(since="2022-05-02") == {"wombat"}
    assert marsupials(since="2022-06-02", until="2022-05-02") == set()
    assert marsupials(exclude="quokka") == {"wombat"}


def test_what_is_found_can_be_sorted_by_time_of_listing(catalogue: Service):
    hits = found(catalogue, "quokka", sort="new", topic="marsupials")

    assert hits == ["wombat", "quokka"]


# Changes


def test_new_and_changed_items_are_found_at_once_hidden_and_deleted_ones_never(service: Service):
    service.put("axolotl", title="Axolotl regeneration")
    assert found(service, "axolotl") == ["axolotl"]

    service.put("axolotl", title="Salamander regeneration")
    assert found(service, "axolotl") == []
    assert "axolotl" in found(service, "salamander")

    service.http.patch("/v1/items/axolotl", json={"hidden": True})
    assert "axolotl" not in found(service, "salamander")

    service.http.patch("/v1/items/axolotl", json={"hidden": False})
    assert "axolotl" in found(service, "salamander")

    service.http.delete("/v1/items/axolotl")
    assert "axolotl" not in found(service, "salamander")


def test_hidden_items_are_not_found(catalogue: Service):
    assert "hidden-quokka" not in found(catalogue, "quokka")


# Answers


def test_what_was_found_is_marked_in_plain_pieces(catalogue: Service):
    answer = catalogue.get("/v1/search", q="quokkas photographs", topic="marsupials")
    marks = answer["items"][0]["highlights"]

    title, text = marks["title"], marks["text"]
    assert "".join(p["text"] for p in title) == "Quokkas of Rottnest Island"
    assert [p["text"] for p in title if p["match"]] == ["Quokkas"]
    assert [p["text"] for p in text if p["match"]] == ["quokka", "Photographing", "quokkas"]
    assert "<b>easy</b> & fun" in "".join(p["text"] for p in text), "text, not markup"


def test_typos_are_marked_where_they_were_forgiven(catalogue: Service):
    marks = catalogue.get("/v1/search", q="quoka")["items"][0]["highlights"]

    assert [p["text"] for p in marks["title"] if p["match"]] == ["Quokkas"]


def test_pages_of_a_search_neither_repeat_nor_skip(service: Service):
    service.put_all([{"id": f"ibex-{i}", "title": "ibex " * (i + 1)} for i in range(7)])
    everything = found(service, "ibex")
    first = service.get("/v1/search", q="ibex", limit=3)
    service.put("ibex-new", title="ibex ibex")
    second = service.get("/v1/search", q="ibex", limit=10, cursor=first["next"])

    assert [item["id"] for item in first["items"] + second["items"]] == everything
    assert second["items"][0]["highlights"]["title"]


def test_the_same_search_answers_the_same_order(catalogue: Service):
    catalogue.put_all([{"id": f"same-{i}", "title": "numbat"} for i in range(20)])

    assert (
        found(catalogue, "numbat") == found(catalogue, "numbat") == [f"same-{i}" for i in range(20)]
    )
