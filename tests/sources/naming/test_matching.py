"""Which item a record is: by its names, by its exact title, and never by likeness."""

from recsvc.core.items.item import NewItem
from recsvc.sources.naming.matching import Index
from recsvc.sources.papers.paper import paper


def known(*items: NewItem) -> Index:
    index = Index()
    for item in items:
        index.add(index.place(item, by_title=True))
    return index


def test_a_paper_known_by_its_title_gains_its_arxiv_id():
    index = known(paper(title="Pointer Networks"))

    placed = index.place(paper(title="POINTER  networks", arxiv_id="1506.03134"), by_title=True)

    assert (placed.id, placed.aliases) == ("pointer-networks", ("1506.03134",))


def test_a_title_finds_the_paper_that_came_with_ids():
    index = known(paper(title="Pointer Networks", arxiv_id="1506.03134"))

    placed = index.place(paper(title="Pointer Networks"), by_title=True)

    assert (placed.id, placed.aliases) == ("1506.03134", ("pointer-networks",))


def test_similar_titles_are_different_papers():
    index = known(paper(title="Music Transformer"), paper(title="OmniParser"))

    for title in ("Anticipatory Music Transformer", "OmniParser V2", "OmniParser: V"):
        assert index.place(paper(title=title), by_title=True).id not in (
            "music-transformer", "omniparser",
        )  # fmt: skip


def test_the_same_title_with_different_ids_is_different_papers():
    index = known(paper(title="Introduction", arxiv_id="2001.00001"))

    assert index.place(paper(title="Introduction", arxiv_id="2001.00002"), by_title=True).id == (
        "2001.00002"
    )
    other = paper(title="Security", local_id="s1", extra={"semantic_scholar_id": "s1"})
    index.add(other)
    second = paper(title="Security", local_id="s2", extra={"semantic_scholar_id": "s2"})
    assert index.place(second, by_title=True).id == "s2"


def test_a_title_that_several_have_says_nothing():
    index = known(
        paper(title="Introduction", arxiv_id="2001.00001"),
        paper(title="Introduction", arxiv_id="2001.00002"),
    )

    assert index.place(paper(title="Introduction"), by_title=True).id == "introduction"
    assert index.find(paper(title="Introduction")) is None


def test_where_ids_are_the_sites_own_titles_say_nothing():
    index = known(NewItem(id="post-1", title="Hello"))

    assert index.place(NewItem(id="post-2", title="Hello"), by_title=False).id == "post-2"


def test_a_record_that_shows_two_items_to_be_one_names_them_both():
    index = known(
        paper(title="Nets", arxiv_id="2001.00001"), paper(title="Nets, published", doi="10.1000/x")
    )

    placed = index.place(paper(title="Nets", arxiv_id="2001.00001", doi="10.1000/x"), by_title=True)
    index.add(placed)

    assert (placed.id, placed.aliases) == ("2001.00001", ("10.1000/x",))
    assert index.find(paper(title="Other", doi="10.1000/x")) == "2001.00001"
    assert index.find(paper(title="Nets, published")) == "2001.00001"


def test_papers_of_one_proceedings_share_a_doi_and_stay_apart():
    index = known(paper(title="A", arxiv_id="2001.00001", doi="10.1000/proc"))

    placed = index.place(paper(title="B", arxiv_id="2001.00002", doi="10.1000/proc"), by_title=True)

    assert (placed.id, placed.aliases) == ("2001.00002", ())


def test_a_library_entry_is_found_by_any_name():
    index = known(paper(title="Pointer Networks", arxiv_id="1506.03134", doi="10.1000/x"))

    assert index.find(paper(title="?", arxiv_id="1506.03134")) == "1506.03134"
    assert index.find(paper(title="?", doi="10.1000/X")) == "1506.03134"
    assert index.find(paper(title="Pointer networks")) == "1506.03134"
    assert index.find(paper(title="Pointer")) is None
