import numpy as np

from recsvc.core.model.reliability import trust


def test_factors_of_items_that_nobody_shares_are_not_believed():
    assert trust(np.zeros(9, np.int32)) == 0
    assert trust(np.ones(9, np.int32)) == 0
    assert trust(np.array([1, 1, 1, 2, 0, 0], np.int32)) < 0.25


def test_trust_grows_with_readers_and_does_not_fall_with_items_nobody_read():
    by_readers = [trust(np.full(300, n, np.int32)) for n in range(1, 9)]

    assert by_readers == sorted(by_readers)
    assert by_readers[2] > 0.9
    assert trust(np.array([3, 4, 0, 0, 0], np.int32)) == trust(np.array([3, 4], np.int32))


def test_a_crowd_around_a_few_items_is_not_much_to_learn_from():
    assert trust(np.array([12, 6, 6], np.int32)) < 0.1
