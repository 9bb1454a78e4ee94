"""Sums that rows join and leave, and the bound on their error, against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cluster.certified.oracle import exact, integers

from workings.cluster.certified.running_sums import RunningSums
from workings.cluster.distances import squared_norms


def radius_of(X: np.ndarray) -> float:
    return math.sqrt(squared_norms(X).max())


def exact_means(X: np.ndarray, weights: np.ndarray | None, labels: np.ndarray, k: int) -> list[np.ndarray]:
    (rows,), power = integers(X)
    (heavy,), _ = integers(np.ones(len(X)) if weights is None else weights)
    products = rows * heavy[:, np.newaxis]
    sums = [products[labels == j].sum(axis=0) * Fraction(1, 2**power) for j in range(k)]
    return [total / int(heavy[labels == j].sum()) for j, total in enumerate(sums)]


def largest_error(centers: np.ndarray, means: list[np.ndarray]) -> Fraction:
    """The square of the longest distance of a centre from the exact mean."""
    return max(((exact(center) - mean) ** 2).sum() for center, mean in zip(centers, means, strict=True))


def assert_bound_holds(sums: RunningSums, X: np.ndarray, weights: np.ndarray | None, labels: np.ndarray) -> None:
    k = len(sums.counts)
    real = np.ones(len(X), dtype=bool) if weights is None else weights > 0
    assert np.array_equal(sums.counts, np.bincount(labels[real], minlength=k))
    if not sums.counts.all():
        return
    error = sums.error()
    assert error >= 0
    if error < np.inf:
        assert largest_error(sums.centers(), exact_means(X, weights, labels, k)) <= Fraction(error) ** 2


def moved(sums: RunningSums, labels: np.ndarray, rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    sums.move(rows.astype(np.intp), labels[rows].astype(np.int32), new.astype(np.int32))
    after = labels.copy()
    after[rows] = new
    return after


# one feature at a time up to 8 features, by place from 64 clusters, else by product
SHAPES = [(300, 1, 2), (300, 3, 5), (200, 9, 4), (300, 9, 64), (9000, 2, 3), (4200, 9, 2)]


@pytest.mark.parametrize(("n", "d", "k"), SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_bound_holds_after_many_moves_and_stays_small(n, d, k, weighted):
    rng = np.random.RandomState(n + d)
    X = rng.standard_normal((n, d)) + 3
    weights = rng.uniform(0.5, 1.5, size=n) if weighted else None
    labels = rng.randint(0, k, size=n).astype(np.int32)
    sums = RunningSums(X, weights, k, radius_of(X))
    sums.begin(labels)
    assert_bound_holds(sums, X, weights, labels)
    for _ in range(12):
        rows = rng.permutation(n)[: rng.randint(0, n // 3)]
        labels = moved(sums, labels, rows, rng.randint(0, k, size=len(rows)))
    assert_bound_holds(sums, X, weights, labels)
    # all weight that went through the smallest cluster, in blocks of 4096, 12 times, for sums and weights
    assert sums.error() < 2.0**-53 * 10 * 12 * 4096 * radius_of(X)


def test_all_but_one_row_leave():
    rng = np.random.RandomState(0)
    for trial in range(20):
        n = 60
        X = rng.standard_normal((n, 2)) + 1
        labels = np.zeros(n, dtype=np.int32)
        labels[-1] = 1
        sums = RunningSums(X, None, 2, radius_of(X))
        sums.begin(labels)
        order = rng.permutation(n - 1)
        cuts = [0, *sorted(rng.randint(1, n - 2, size=trial % 5)), n - 2]
        for start, stop in pairwise(cuts):  # one row stays
            labels = moved(sums, labels, order[start:stop], np.ones(stop - start))
            assert_bound_holds(sums, X, None, labels)
        assert sums.counts.tolist() == [1, n - 1]
        labels = moved(sums, labels, order[: n - 2], np.zeros(n - 2))
        assert_bound_holds(sums, X, None, labels)


def test_equal_rows_whose_sum_is_rounded_the_same_way_each_time():
    # fl(S + 0.7) has a systematic error within each binade of S: far more than a few units in the last place
    X = np.full((4000, 1), 0.7)
    labels = np.zeros(4000, dtype=np.int32)
    labels[0] = 1
    sums = RunningSums(X, None, 2, 0.7)
    sums.begin(labels)
    assert largest_error(sums.centers(), exact_means(X, None, labels, 2)) > Fraction(20 * 2.0**-53) ** 2
    assert_bound_holds(sums, X, None, labels)


@pytest.mark.slow
def test_what_a_long_time_of_single_moves_loses():
    # each row that joins is too light to change a sum of 1.5, so the sums lose it; 25 000 of them are not too light
    light = 0.4 * 2.0**-52
    n = 25_000
    X = np.concatenate([[1.0], np.full(n, -1.0), [0.5]])[:, np.newaxis]
    weights = np.concatenate([[1.5], np.full(n, light), [1.0]])
    labels = np.ones(n + 2, dtype=np.int32)
    labels[0] = 0
    sums = RunningSums(X, weights, 2, 1.0)
    sums.begin(labels)
    for row in range(1, n + 1):
        sums.move(np.array([row]), np.array([1], dtype=np.int32), np.array([0], dtype=np.int32))
    lost = n * Fraction(light)
    truth = (Fraction(3, 2) - lost) / (Fraction(3, 2) + lost)
    assert abs(Fraction(float(sums.centers()[0, 0])) - truth) > Fraction(20_000 * 2.0**-53)
    assert abs(Fraction(float(sums.centers()[0, 0])) - truth) <= Fraction(sums.error())


@given(st.data())
def test_the_bound_holds_for_weights_over_twenty_orders_of_magnitude(data):
    n, k = data.draw(st.integers(3, 9)), data.draw(st.integers(2, 3))
    powers = st.integers(-33, 33)
    weights = np.array(
        [
            2.0**p * f
            for p, f in data.draw(
                st.lists(st.tuples(powers, st.sampled_from([0, 1, 1.1, 1.9])), min_size=n, max_size=n)
            )
        ]
    )
    X = np.array(data.draw(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=n, max_size=n)))
    X[0] = 1
    all_labels = st.lists(st.integers(0, k - 1), min_size=n, max_size=n)
    labels = np.array(data.draw(all_labels), dtype=np.int32)
    sums = RunningSums(X, weights, k, radius_of(X))
    sums.begin(labels)
    for new in data.draw(st.lists(all_labels, max_size=6)):
        rows = np.flatnonzero(labels != new)
        labels = moved(sums, labels, rows, np.array(new)[rows])
        with np.errstate(divide="raise", invalid="raise"):
            assert_bound_holds(sums, X, weights, labels)


def test_a_weight_that_cancels_to_less_than_nothing_is_known_to_be_unknown():
    # 1 joins 2^53 twice, and is lost twice; then 1 + 1 + 2^53 leave together, two more than there are
    weights = np.array([1, 1, 2.0**53, 0.25, 1])
    X = np.array([[1.0], [-1.0], [1.0], [0.5], [0.1]])
    labels = np.array([1, 1, 0, 0, 1], dtype=np.int32)
    sums = RunningSums(X, weights, 2, 1.0)
    sums.begin(labels)
    for rows, new in ([0], [0]), ([1], [0]), ([0, 1, 2], [1, 1, 1]):
        labels = moved(sums, labels, np.array(rows), np.array(new))
    assert sums.counts.tolist() == [1, 4]
    assert sums.error() == np.inf


def test_a_weight_that_cancels_to_nothing_is_known_to_be_unknown():
    weights = np.array([2.0**60, 0.25, 1])
    labels = np.array([0, 0, 1], dtype=np.int32)
    sums = RunningSums(np.array([[1.0], [0.5], [0.1]]), weights, 2, 1.0)
    sums.begin(labels)
    moved(sums, labels, np.array([0]), np.array([1]))
    with np.errstate(all="raise"):
        assert sums.error() == np.inf


def test_rows_of_no_weight_do_not_count():
    labels = np.array([0, 0, 1], dtype=np.int32)
    sums = RunningSums(np.array([[1.0], [3.0], [5.0]]), np.array([2.0, 0.0, 1.0]), 2, 5.0)
    sums.begin(labels)
    assert sums.counts.tolist() == [1, 1]
    assert sums.centers().tolist() == [[1.0], [5.0]]
    moved(sums, labels, np.array([1]), np.array([1]))
    assert sums.counts.tolist() == [1, 1]
    assert sums.weights.tolist() == [2.0, 1.0]


def test_nothing_moves():
    X = np.arange(6.0).reshape(3, 2)
    sums = RunningSums(X, None, 1, radius_of(X))
    sums.begin(np.zeros(3, dtype=np.int32))
    none = np.empty(0, dtype=np.int32)
    before = sums.error()
    sums.move(none.astype(np.intp), none, none)
    assert sums.centers().tolist() == [[2.0, 3.0]]
    assert sums.error() == before
