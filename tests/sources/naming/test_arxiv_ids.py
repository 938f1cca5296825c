"""arXiv ids and DOIs: one paper, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.text import arxiv_ids, dois

ids = st.from_regex(r"\A([0-9]{4}\.[0-9]{4,5}|(math\.GT|hep-th|q-alg|cs)/[0-9]{7})\Z")
frames = st.sampled_from(
    [
        "{}", "{}v2", "arXiv:{}", "ARXIV:{}v11", "arxiv: {}", "oai:arXiv.org:{}",
        "http://arxiv.org/abs/{}v1", "https://www.arxiv.org/pdf/{}.pdf", "arxiv.org/abs/{}",
        "https://export.arxiv.org/abs/{}?context=cs", "https://arxiv.org/html/{}v3#S1",
        "10.48550/arXiv.{}", "https://doi.org/10.48550/ARXIV.{}", "https://huggingface.co/papers/{}",
    ]
)  # fmt: skip


@given(ids, frames)
def test_every_way_to_write_an_id_is_the_id(arxiv_id: str, frame: str):
    assert arxiv_ids.found_in(frame.format(arxiv_id)) == arxiv_id
    assert arxiv_ids.of_record(frame.format(arxiv_id)) == arxiv_id


@pytest.mark.parametrize(
    "text",
    ["", "attention", "1234.123456", "12.1234", "10.1145/1234.56789", "see 1706.03762", "v2"],
)
def test_what_is_no_id_is_none(text: str):
    assert arxiv_ids.found_in(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [("0811.36489v2", "0811.36489"), ("arXiv:1234.1234567", "1234.1234567"), ("odd/id", "odd/id")],
)
def test_an_ill_formed_id_of_arxivs_own_is_kept(text: str, kept: str):
    assert arxiv_ids.of_record(text) == kept


def test_an_id_is_found_in_a_note():
    assert arxiv_ids.mentioned_in("arXiv preprint arXiv:1706.03762 (2017)") == "1706.03762"
    assert arxiv_ids.mentioned_in("Journal of Version 1706.03762") is None


@pytest.mark.parametrize(
    "text",
    ["10.1145/ABC.1", "doi:10.1145/abc.1", "https://doi.org/10.1145/ABC.1", "10.1145/abc.1 10.2/x"],
)
def test_a_doi_is_the_same_in_any_case_and_form(text: str):
    assert dois.found_in(text) == "10.1145/abc.1"


def test_what_is_no_doi_is_none():
    assert dois.found_in("see 10.1145/abc") is None
    assert dois.found_in("10.12") is None
