"""Keywords: from the text alone, shared by titles, stable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.items.keywords import keywords, vocabulary

TITLES = [
    "Steering Large Language Models",
    "Large Language Models that Plan",
    "A Language Model for Owls",
    "Diffusion Transformers for Video",
    "Video Diffusion, Revisited",
    "Deep Neural Networks",
    "On Deep Neural Networks",
    "Deep Neural Networks and Owls",
    "Owls",
    "What Else",
]
word = st.sampled_from(
    ["owls", "owl", "video", "diffusion", "the", "of", "language", "models", "deep", ",", "x-ray"]
)
texts = st.lists(word, max_size=12).map(" ".join)


def test_keywords_are_phrases_that_titles_share_as_most_titles_write_them():
    known = vocabulary(TITLES)

    assert keywords("Language model planning", "", known) == ["language models"]
    assert known.labels["owl"] == "owls"
    assert "steering" not in known.titles, "one title is not several"


def test_a_piece_of_a_longer_phrase_is_no_keyword():
    known = vocabulary(TITLES)

    assert "deep neural network" in known.titles
    assert "deep neural" not in known.titles
    assert "neural network" not in known.titles


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("An owl, two owls, three owls.", ["owls"]),
        ("An owl, two owls.", []),
        ("Deep neural networks. Deep neural networks!", ["deep neural networks"]),
        ("Deep neural networks.", []),
    ],
)
def test_a_text_has_to_insist(text: str, found: list[str]):
    assert keywords("Something", text, vocabulary(TITLES)) == found


def test_in_a_small_catalogue_a_title_speaks_for_itself():
    nothing = vocabulary([])

    assert keywords(
        "Quantum error correction by hand",
        "Correction of errors. Quantum error correction is",
        nothing,
    ) == ["quantum error correction"]


def test_tex_is_no_keyword():
    assert keywords(
        "$\\mathbb{X}$ and d\\'ecrit", "d\\'ecrit \\mathbb \\alpha", vocabulary([])
    ) == ["decrit"]


@given(titles=st.lists(texts, max_size=12), title=texts, text=texts)
def test_nothing_is_invented_and_nothing_stands_inside_another(titles, title, text):
    known = vocabulary(titles)

    found = keywords(title, text, known)

    assert len(found) == len(set(found)) <= 5
    own_words = {w.removesuffix("s") for w in f"{title} {text}".replace(",", " ").split()}
    for keyword in found:
        assert {w.removesuffix("s") for w in keyword.split()} <= own_words
        assert not any(f" {keyword} " in f" {other} " for other in found if other != keyword)


@given(titles=st.lists(texts, max_size=12), data=st.data())
def test_the_order_of_titles_does_not_matter(titles, data):
    shuffled = data.draw(st.permutations(titles))

    assert vocabulary(shuffled) == vocabulary(titles)
