import numpy as np
import pytest

from recsvc.core.ranking.blend import Ranking
from recsvc.core.ranking.interleaving import drafted


def ranking(rows: list[int], source: int) -> Ranking:
    return Ranking(
        np.array(rows, np.int64),
        np.linspace(1, 0, len(rows)).astype(np.float32),
        np.full(len(rows), source, np.uint8),
    )


@pytest.mark.parametrize("seed", range(20))
def test_either_picks_its_best_that_is_left_in_turn(seed):
    rng = np.random.default_rng(seed)
    ours, theirs = (rng.permutation(30)[:12].tolist() for _ in range(2))
    mixed, teams = drafted(ranking(ours, 0), ranking(theirs, 1), seed)

    rows = mixed.rows.tolist()
    assert len(set(rows)) == len(rows)
    taken: set[int] = set()
    for row, team in zip(rows, teams.tolist(), strict=True):
        assert row == next(r for r in (ours, theirs)[team] if r not in taken)
        taken.add(row)
    for n in range(0, len(rows) - 1, 2):
        assert sorted(teams[n : n + 2]) == [0, 1], "in each round either picks once"
    assert mixed.sources.tolist() == teams.tolist(), (
        "scores and sources are those of whose pick it is"
    )


def test_two_alike_make_the_same_list_and_who_goes_first_is_drawn():
    same = list(range(10))
    firsts = []
    for seed in range(400):
        mixed, teams = drafted(ranking(same, 0), ranking(same, 1), seed)
        assert mixed.rows.tolist() == same
        firsts.append(int(teams[0]))

    assert np.mean(firsts) == pytest.approx(0.5, abs=0.1)


def test_where_one_has_nothing_left_the_list_ends():
    mixed, teams = drafted(ranking([1, 2], 0), ranking([1, 2, 3, 4], 1), 7)

    assert set(mixed.rows.tolist()) >= {1, 2}
    assert len(mixed.rows) == len(teams)
    nothing, nobody = drafted(ranking([], 0), ranking([], 1), 7)
    assert len(nothing.rows) == len(nobody) == 0
