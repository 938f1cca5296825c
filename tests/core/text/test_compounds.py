"""One term in several ways of writing is one word, and what nobody sees is no letter."""

import re

from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.text import compounds
from recsvc.core.text.compounds import joined
from recsvc.core.text.terms import searchable

UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u202e"
elements = st.sampled_from(["Mo", "S", "Bi", "Te", "O", "Cu", "Sr"])
below = st.sampled_from(["_{}", "_{{{}}}", "$_{}$", "$_{{{}}}$"])


@st.composite
def formulae(draw: st.DrawFn) -> tuple[str, str]:
    """A formula of chemistry in TeX, and as it is typed."""
    parts = draw(st.lists(st.tuples(elements, st.integers(1, 99), below), min_size=1, max_size=4))
    tex = "".join(element + form.format(number) for element, number, form in parts)
    return tex, "".join(f"{element}{number}" for element, number, _ in parts)


@given(formulae(), st.sampled_from(["{}", "in {} films", "({})", "{}-based", "{}, {}"]))
def test_a_formula_of_chemistry_is_the_word_that_is_typed(formula, sentence):
    tex, typed = formula

    assert typed.casefold() in set(joined(sentence.format(tex, tex)))


@given(st.text(max_size=40), st.lists(st.sampled_from(UNSEEN), max_size=5), st.data())
def test_what_nobody_sees_changes_no_word(text, unseen, data):
    written = text
    for sign in unseen:
        at = data.draw(st.integers(0, len(written)))
        written = written[:at] + sign + written[at:]

    assert searchable(written) == searchable("".join(c for c in text if c not in UNSEEN))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6))
def test_initials_are_one_word(letters):
    word = "".join(letters)

    assert word in set(joined(f"The {'.'.join(letters)}. of {word[0]}"))


signs = st.text(st.sampled_from("ab1²é中_-+#.*$^{} \n\t٣ⅷ"), max_size=30)


@given(signs | st.text(max_size=30))
def test_words_are_looked_for_in_part_of_a_text_and_found_as_in_all_of_it(text: str):
    """Most words are letters alone and are passed over: looking at each took four fifths of a start."""
    plain = searchable(text)
    numbered = re.findall(r"(?<![^\W_])([^\W\d_]+) (?=(\d[^\W_]*))", plain)

    assert {word + number for word, number in numbered} <= set(joined(text))
    for pattern in (compounds._HYPHENED, compounds._MARKED, compounds._DOTTED, compounds._INITIALS):
        assert pattern.findall(compounds._odd(plain)) == pattern.findall(plain)
    assert compounds._WITH_NUMBERS.findall(compounds._odd(plain)) == (
        compounds._WITH_NUMBERS.findall(plain)
    )
    words = {number.start(): number[1] for number in compounds._NUMBER.finditer(plain)}
    found = [compounds._word_before(plain, at) + number for at, number in words.items()]
    assert [one for one in found if not one[0].isdecimal()] == [w + n for w, n in numbered]
