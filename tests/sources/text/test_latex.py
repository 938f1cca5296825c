"""TeX in titles and abstracts, for places that can only show characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.sources.text.latex import readable


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\mathbb{USCD}$: Improving Code Generation", "𝕌𝕊ℂ𝔻: Improving Code Generation"),
        (r"An $\alpha$-divergence & $L_2$ <EOS> 50% off", "An α-divergence & L_2 <EOS> 50% off"),
        ("From $5 to $10 a month", "From $5 to $10 a month"),
        ("No formula", "No formula"),
        (r"Unfinished $\frac{1}{", r"Unfinished $\frac{1}{"),
    ],
)
def test_formulae_become_characters_and_the_rest_stays(tex: str, shown: str):
    assert readable(tex) == shown


@given(st.text(alphabet=r"$\{}^_abc<&% ", max_size=60))
def test_whatever_comes_something_comes_out(text: str):
    assert isinstance(readable(text), str)
    assert "$" in text or readable(text) == text
