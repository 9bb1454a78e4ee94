import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.utils.extmath import _approximate_mode

from workings.neural_network.splitting import apportion, shuffled_split, split_sizes, stratified_split


@given(st.integers(2, 300), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_the_same_rows_as_train_test_split(rows, fraction, seed):
    try:
        train, test = train_test_split(np.arange(rows), test_size=fraction, random_state=seed)
    except ValueError:
        with pytest.raises(ValueError, match="empty"):
            split_sizes(rows, fraction)
        return
    ours = shuffled_split(*split_sizes(rows, fraction), np.random.RandomState(seed))
    np.testing.assert_array_equal(ours[0], train)
    np.testing.assert_array_equal(ours[1], test)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=80), st.floats(0.05, 0.9), st.integers(0, 1000))
def test_the_same_strata_as_train_test_split(labels, fraction, seed):
    y = np.array(labels)
    rng = np.random.RandomState(seed)
    try:
        train, test = train_test_split(np.arange(len(y)), test_size=fraction, random_state=seed, stratify=y)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)[:12].replace("(", r"\(")):
            stratified_split(y, *split_sizes(len(y), fraction), rng)
        return
    ours = stratified_split(y, *split_sizes(len(y), fraction), rng)
    np.testing.assert_array_equal(ours[0], train)
    np.testing.assert_array_equal(ours[1], test)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.floats(0, 1), st.integers(0, 99))
def test_apportion_gives_every_seat_and_no_class_more_than_one_too_many(counts, share, seed):
    counts = np.array(counts)
    seats = int(share * counts.sum())
    given = apportion(counts, seats, np.random.RandomState(seed))
    assert given.sum() == seats
    assert (np.abs(given - counts * seats / counts.sum()) < 1).all()
    np.testing.assert_array_equal(given, _approximate_mode(counts, seats, np.random.RandomState(seed)))


def test_split_sizes_by_hand():
    assert split_sizes(10, 0.25) == (7, 3)  # rounded up
    with pytest.raises(ValueError, match=r"open range \(0, 1\)"):
        split_sizes(10, 0.0)


def test_a_class_of_one_cannot_be_split():
    with pytest.raises(ValueError, match=r"only 1 member.*\['True'\]"):
        stratified_split(np.array([False, False, False, True]), 3, 1, np.random.RandomState(0))
