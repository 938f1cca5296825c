"""What queries ask for, how rankings are fused, and what is marked in texts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsvc.core.ranking.fusion import fuse_with_vectors, fused
from recsvc.core.text.display import spelled
from recsvc.core.text.highlight import highlighted, is_near, snippet
from recsvc.core.text.query import asked

texts = st.text(alphabet="ab cé'\\^{}<&-\n", max_size=80)
findings = st.sampled_from(
    [
        lambda words: words,
        lambda _: set(),
        lambda words: {word for word in words if "a" in word},
    ]
)
rankings = st.lists(
    st.tuples(st.lists(st.integers(0, 30), unique=True, max_size=20), st.floats(0.1, 1)),
    max_size=3,
)


@pytest.mark.parametrize(
    ("query", "words", "phrases", "without"),
    [
        ("steering language models", "steering language models", (), ()),
        ('"language models" steering', "steering", ("language models",), ()),
        ("steering -activation", "steering", (), ("activation",)),
        ('a -"b c" d', "a d", (), ("b c",)),
        ("state-of-the-art", "state-of-the-art", (), ()),
        ("Learn - and forget", "Learn - and forget", (), ()),
        ('open "quote', "open quote", (), ()),
        ("“typographic quotes” too", "too", ("typographic quotes",), ()),
        ("O(n^2) $\\mathbb{X}$ <EOS>", "O(n^2) $\\mathbb{X}$ <EOS>", (), ()),
        ("", "", (), ()),
    ],
)
def test_a_query_is_words_phrases_and_what_must_not_be_there(query, words, phrases, without):
    found = asked(query)

    assert (found.words, found.phrases, found.without) == (words, phrases, without)


@given(lists=rankings, k=st.integers(0, 40))
def test_fusing_adds_up_places_and_breaks_ties_by_row(lists, k):
    points: dict[int, float] = {}
    for rows, weight in lists:
        for place, row in enumerate(rows, 1):
            points[row] = points.get(row, 0) + weight * 61 / (60 + place)
    expected = sorted(points, key=lambda row: (-points[row], row))[:k]

    rows, scores = fused([(np.array(r, np.int64), w) for r, w in lists], k)

    assert rows.tolist() == expected
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


@given(text=texts, found=findings)
def test_the_pieces_of_a_highlighted_text_are_the_text(text, found):
    parts = highlighted(text, found)

    assert "".join(part.text for part in parts) == text
    assert all(part.text for part in parts)


@given(text=texts, found=findings, width=st.integers(5, 40))
@example(text="<<\\'\\a", found=lambda words: words, width=5)
def test_a_snippet_is_a_stretch_of_the_text_with_ellipses_where_it_is_cut(text, found, width):
    parts = [part.text for part in snippet(text, found, width)]
    cut_before, cut_after = parts[:1] == ["…"], parts[-1:] == ["…"]

    inner = "".join(parts[cut_before : len(parts) - cut_after])

    assert inner in text
    assert len(inner) <= max(width, 1)
    assert cut_before or text.startswith(inner)
    assert cut_after or text.endswith(inner)


@example(pieces=["$\\alpha_a$", "$\\alpha_a$", r"\(a c\)"] * 2, found=lambda words: words, width=5)
@given(
    pieces=st.lists(
        st.sampled_from(["a b ", r"$\alpha_a$", "$b^2$", "é", r"\(a c\)"]), max_size=20
    ),
    found=findings,
    width=st.integers(5, 60),
)
def test_no_formula_is_cut_or_found_in_part(pieces, found, width):
    text, formulae = spelled("".join(pieces))
    spelling = {(text[one.start : one.end], one.tex) for one in formulae}

    whole, stretch = highlighted(text, found, formulae), snippet(text, found, width, formulae)

    assert "".join(part.text for part in whole) == text
    assert [part.tex for part in whole if part.tex] == [one.tex for one in formulae]
    assert all((part.text, part.tex) in spelling for part in [*whole, *stretch] if part.tex)
    inner = "".join(part.text for part in stretch if part.text != "…")
    assert inner in text


def test_a_snippet_shows_where_most_was_found():
    text = "one " * 100 + "here stands alpha beside beta and gamma " + "two " * 100

    parts = snippet(text, lambda words: words & {"alpha", "beta", "gamma"}, 80)

    assert [part.text for part in parts if part.match] == ["alpha", "beta", "gamma"]


@given(word=st.text("abcdefgh", min_size=4, max_size=12), data=st.data())
def test_one_edit_is_always_near(word, data):
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from("abxy"))
    edits = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]

    assert all(is_near(edited, word) for edited in edits)


@pytest.mark.parametrize(
    ("word", "typo", "near"),
    [
        ("attention", "attention", True),
        ("attention", "attenton", True),
        ("attention", "atetntion", True),
        ("transformer", "transfromr", True),
        ("form", "from", True),
        ("form", "frame", False),
        ("cat", "dog", False),
        ("attention", "attend", False),
    ],
)
def test_near_words_are_a_typo_apart(word, typo, near):
    assert is_near(word, typo) is near


def test_what_has_just_arrived_and_has_no_vector_yet_keeps_the_place_of_its_words():
    found, alike = np.array([9, 1, 2]), np.array([2, 1, 3])

    rows, scores = fuse_with_vectors(found, alike, 9, 10)

    assert rows[0] == 9
    assert scores[0] == 1
