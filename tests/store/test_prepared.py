"""What is computed from a snapshot is computed once per machine, and not believed when damaged."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.core.model.model import prepare, publish
from recsvc.core.model.snapshot import ArrayInfo, Manifest
from recsvc.core.text.terms import term_counts
from recsvc.store.models.prepared import Arrays, prepared
from tests.core.ranking.worlds import LEARN, evidence_of, texts_of
from workers.evaluation.trials import content_of, snapshot_of

ARRAYS = {"a": np.arange(7, dtype=np.int32), "b": np.linspace(0, 1, 5, dtype=np.float32)}


def manifest(content: str = "f" * 64) -> Manifest:
    listed = (ArrayInfo("x", "<f4", (1,), 0, content),)
    return Manifest(
        snapshot_id="s",
        catalogue_id="c",
        created_us=1,
        n_rows=1,
        n_items=1,
        n_events=0,
        arrays=listed,
    )


class Maker:
    """Makes the arrays, and counts how often."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self) -> Arrays:
        self.n += 1
        return ARRAYS


def same(found: Arrays) -> bool:
    return found.keys() == ARRAYS.keys() and all(
        found[name].dtype == array.dtype and np.array_equal(found[name], array)
        for name, array in ARRAYS.items()
    )


def test_the_second_process_maps_what_the_first_computed(tmp_path):
    make, path = Maker(), tmp_path / "folder" / "s.prepared"

    first, second = (prepared(path, manifest(), 1, make) for _ in range(2))

    assert same(first)
    assert same(second)
    assert make.n == 1
    assert not second["a"].flags.owndata  # pages of the file
    prepared(path, manifest("e" * 64), 1, make)
    prepared(path, manifest("e" * 64), 2, make)
    assert make.n == 3, "another snapshot, another method"
    assert [file.name for file in path.parent.iterdir()] == ["s.prepared"]


def test_where_nothing_can_be_written_each_keeps_its_own(tmp_path):
    (tmp_path / "folder").write_text("a file in the way")

    assert same(prepared(tmp_path / "folder" / "s.prepared", manifest(), 1, Maker()))


@given(at=st.integers(0, 600), cut=st.booleans(), byte=st.integers(1, 255))
def test_a_damaged_file_is_made_anew(tmp_path_factory, at, cut, byte):
    make, path = Maker(), tmp_path_factory.mktemp("prepared") / "s.prepared"
    prepared(path, manifest(), 1, make)
    whole = path.read_bytes()
    at %= len(whole)
    path.write_bytes(
        whole[:at] if cut else whole[:at] + bytes([whole[at] ^ byte]) + whole[at + 1 :]
    )

    assert same(prepared(path, manifest(), 1, make))
    assert same(prepared(path, manifest(), 1, make))


def test_a_snapshot_published_of_a_file_is_the_one_published_of_memory(tmp_path):
    rng = np.random.default_rng(3)
    counts = term_counts(texts_of(rng, 40))
    snapshot = snapshot_of(evidence_of(rng, 20, 40), content_of(counts, np.arange(40), 40), LEARN)
    arrays = prepared(tmp_path / "s.prepared", manifest(), 1, lambda: prepare(snapshot))

    ours, theirs = publish(snapshot, arrays), publish(snapshot)

    for name in ("postings", "walked_back"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert found.shape == expected.shape
        assert (found != expected).nnz == 0
        assert np.shares_memory(found.data, arrays[f"{name}_data"])
        assert np.shares_memory(found.indices, arrays[f"{name}_indices"])


def test_texts_of_a_mapped_file_are_a_matrix_of_its_pages(tmp_path):
    rng = np.random.default_rng(3)
    counts = term_counts(texts_of(rng, 40))
    texts = snapshot_of(
        evidence_of(rng, 20, 40), content_of(counts, np.arange(40), 40), LEARN
    ).texts
    arrays = {"terms": texts.terms, "weights": texts.weights, "more": np.zeros(100_000, np.float32)}
    mapped = prepared(tmp_path / "s.prepared", manifest(), 1, lambda: arrays)

    ours = msgspec.structs.replace(texts, terms=mapped["terms"], weights=mapped["weights"])

    assert np.shares_memory(ours.matrix.data, mapped["weights"])
    assert np.shares_memory(ours.matrix.indices, mapped["terms"])
    assert (ours.postings != texts.postings).nnz == 0
