"""Texts from outside as people read them: in characters, whatever comes, in a time that is bounded."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latex2text import get_default_latex_context_db as text_macros
from pylatexenc.latexwalker import get_default_latex_context_db as walker_macros

from recsvc.api.pages.tex import with_formulae
from recsvc.core.text.display import cleaned, excerpt, readable

MACROS = sorted(
    {spec.macroname for db in (text_macros(), walker_macros()) for spec in db.iter_macro_specs()}
)
DOORS = [cleaned, lambda text: cleaned(text, is_source=True), readable, with_formulae]
PIECES = st.one_of(
    st.sampled_from(["{", "}", "$", "$$", "\\(", "\\)", "[", "]", "_", "^", "&", "&amp;", "<sub>"]),
    st.sampled_from(["</sub>", "<i>", "</i>", "``", "''", "~", " ", "x", "é", "1", "%", "\\\\"]),
    st.sampled_from(MACROS).map(lambda name: f"\\{name}"),
)


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\mathbb{USCD}$: Improving Code Generation", "𝕌𝕊ℂ𝔻: Improving Code Generation"),
        (r"An $\alpha$-divergence & $L_2$ <EOS> 50% off", "An α-divergence & L_2 <EOS> 50% off"),
        ("From $5 to $10 a month", "From $5 to $10 a month"),
        ("No formula", "No formula"),
        (r"Unfinished $\frac{1}{", r"Unfinished $\frac{1}{"),
        (r"Code is at $\href{https://x.example/a_b}{this place}$.", "Code is at this place."),
        (r"Code is at \href{https://x.example}{this place}.", "Code is at this place."),
        (r"See \url{https://x.example/a\_b}", "See https://x.example/a_b"),
        (r"Schr\"odinger, L\'evy, Poincar\'{e}", "Schrödinger, Lévy, Poincaré"),
        (r"{\"O}zg{\"u}r \v{C}ech na\"{\i}ve Erd\H{o}s", "Özgür Čech naïve Erdős"),
        (r"\L{}\'od\'z, Stra\ss e, S\o ren, \AA rhus", "Łódź, Straße, Søren, Århus"),
        (r"a \emph{very \textbf{nested}} point", "a very nested point"),
        (r"100\% of R\&D, for \$5", "100% of R&D, for $5"),
        ("``quoted'' words", "“quoted” words"),
        ("Effects of CO<sub>2</sub> &amp; <i>E. coli</i>", "Effects of CO₂ & E. coli"),
        ("10<sup>-3</sup> and x<sub>max2</sub>", "10⁻³ and xₘₐₓ₂"),
        (r"\(x^2\) and \[y\]", "x^2 and y"),
        ("a < b and <EOS>, a <b> alone", "a < b and <EOS>, a <b> alone"),
        (r"Backups of C:\new\table, and \d+ in Perl", r"Backups of C:\new\table, and \d+ in Perl"),
        ("R&D at AT&T; more", "R&D at AT&T; more"),
        ("http://x.example/\\~ada", "http://x.example/~ada"),
    ],
)
def test_people_read_what_the_author_meant_and_the_rest_stays(tex: str, shown: str):
    assert readable(tex) == shown


@pytest.mark.parametrize(
    ("tex", "kept"),
    [
        (r"An {GPT} study of $\alpha$--decay", "An GPT study of $\\alpha$–decay"),
        (
            r"A~tie, {\it old} style and \foo{unknown} words",
            "A\xa0tie, old style and unknown words",
        ),
        (r"Cited~\cite{a1} twice", "Cited\xa0 twice"),
    ],
)
def test_bibtex_is_tex_all_through(tex: str, kept: str):
    assert cleaned(tex, is_source=True) == kept


def test_no_macro_of_the_converter_stops_a_text():
    for name in MACROS:
        m = f"\\{name}"
        forms = f"{m}, {m}{{x}}, {m}{{x}}{{y}}, {m}[x]{{{m}}}, ${m}$, ${m}{{x}}$, $${m}{{x}}{{y}}$$"
        for door in DOORS:
            shown = str(door(f"before {forms}; after"))
            assert (shown[:6], shown[-7:]) == ("before", "; after")


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_something_comes_out(text: str):
    for door in DOORS:
        assert isinstance(door(text), str)


@given(st.text(alphabet=r"$\{}^_abc<&% ", max_size=60))
def test_a_text_without_formulae_needs_no_second_reading(text: str):
    assert "$" in text or "\\" in text or readable(readable(text)) == readable(text)


@pytest.mark.parametrize(
    "piece",
    ["{", "}", "$", r"\frac", r"\frac{", r"$\frac{", "$x$ ", r"$\alpha$$", r"\'e ", r"\(", r"\[x",
     r"\emph{", r"{\it ", r"\href{", r"\item[", "<a ", "<sub>", "<i>x</i>", "&amp;", "``", "\\\\",
     r"\a[", "``a' ", r"$\text{$", r"\begin{x}"],
)  # fmt: skip
def test_no_text_takes_longer_than_its_length_allows(piece: str):
    text = (piece * (100_000 // len(piece)))[:100_000]
    for door in DOORS:
        began = time.process_time()
        door(text)
        assert time.process_time() - began < 2.0  # a tenth of it on an idle machine


def test_deep_nesting_costs_its_own_form_only():
    deep = "{" * 190 + "x" + "}" * 190

    assert readable(f"before ${deep}$ after $\\alpha$") == "before x after α"


def test_an_excerpt_ends_between_words_and_never_inside_a_formula():
    text = "words " * 10 + r"$\frac{1}{2} + \frac{1}{3} + \frac{1}{4}$ and more words"

    assert excerpt(text, 70) == ("words " * 10).rstrip() + "…"
    assert excerpt("short", 70) == "short"
