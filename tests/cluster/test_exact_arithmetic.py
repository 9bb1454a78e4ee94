"""Every step of k-means in exact arithmetic, against the same steps in rational numbers."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import sklearn.cluster
from hypothesis import given
from hypothesis import strategies as st
from tests.cluster import exact_lloyd as slow
from tests.cluster.exact_problems import KINDS, WEIGHTS, draw

from workings.cluster.exact.means import ExactMeans, column_maxima
from workings.cluster.exact.nearest import Decisions, exact_nearest
from workings.cluster.exact.referee import ExactReferee, squared_shift

problems = st.builds(
    draw,
    st.integers(0, 2**31),
    st.sampled_from(list(KINDS)),
    st.sampled_from(list(WEIGHTS)),
    st.sampled_from([np.float64, np.float32]),
)


@given(problems, st.sampled_from([1, 2, 3, 20]))
def test_means_are_correctly_rounded(problem, k):
    X, weights, rng = problem
    labels = rng.randint(0, k, len(X)).astype(np.int32)
    expected, totals = slow.means(X, weights, labels.tolist(), k)
    found = ExactMeans(X, weights).of(labels, k)
    filled = np.array([total > 0 for total in totals])
    assert found.centers.dtype == X.dtype
    np.testing.assert_array_equal(found.centers[filled], expected[filled])
    np.testing.assert_array_equal(found.centers[~filled], 0)
    assert found.weights.tolist() == [float(total) for total in totals]


@pytest.mark.parametrize("types", [(np.float64, np.float32), (np.float32, np.float64)])
def test_weights_of_the_other_type(types):
    rng = np.random.RandomState(5)
    X, weights = rng.standard_normal((50, 3)).astype(types[0]), rng.uniform(size=50).astype(types[1])
    labels = rng.randint(0, 4, 50).astype(np.int32)
    expected, _ = slow.means(X, weights, labels.tolist(), 4)
    np.testing.assert_array_equal(ExactMeans(X, weights).of(labels, 4).centers, expected)


@pytest.mark.parametrize("k", [3, 40])  # by indicators, and in order
@pytest.mark.parametrize("weighting", ["ones", "continuous"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_means_of_many_rows(dtype, weighting, k):
    rng = np.random.RandomState(0)
    X = (rng.standard_normal((4000, 3)) * [1.0, 1e-5, 1e30] + [0.0, 5e5, 0.0]).astype(dtype)
    X[:, 2] = np.where(rng.uniform(size=4000) < 0.01, X[:, 2], 1e-30 * X[:, 2])
    weights = WEIGHTS[weighting](rng, 4000).astype(dtype)
    labels = rng.randint(0, k, 4000).astype(np.int32)
    expected, totals = slow.means(X, weights, labels.tolist(), k)
    means = ExactMeans(X, weights)
    for _ in range(2):  # the second time with what the first has learnt about the data
        found = means.of(labels, k)
        np.testing.assert_array_equal(found.centers, expected)
        assert found.weights.tolist() == [float(total) for total in totals]


def test_midpoints_go_to_the_even_neighbour():
    one = np.nextafter(1.0, 2.0)
    for pair, middle in (((1.0, one), 1.0), ((one, np.nextafter(one, 2.0)), np.nextafter(one, 2.0))):
        X = np.array(pair)[:, np.newaxis]
        assert ExactMeans(X, np.ones(2)).of(np.zeros(2, dtype=np.int32), 1).centers.tolist() == [[middle]]
        assert ExactMeans(-X, np.ones(2)).of(np.zeros(2, dtype=np.int32), 1).centers.tolist() == [[-middle]]


def test_single_precision_means_are_rounded_once():
    # the mean is 1 + 2^-24 + 2^-60; rounded to double it would lie halfway between two singles, and then go down to 1
    X = np.array([[2.0], [2.0], [2.0**-22], [2.0**-58]], dtype=np.float32)
    found = ExactMeans(X, np.ones(4, dtype=np.float32)).of(np.zeros(4, dtype=np.int32), 1).centers
    assert found.tolist() == [[1 + 2.0**-23]]


def test_a_divisor_with_more_bits_than_a_double():
    # the mean lies just below a midpoint between two singles, whose even neighbour is above
    X = np.array([[2.0], [3 * 2.0**-23], [0.0]], dtype=np.float32)
    weights = np.array([1, 1, 2.0**-60], dtype=np.float32)
    found = ExactMeans(X, weights).of(np.zeros(3, dtype=np.int32), 1)
    assert found.centers.tolist() == [[1 + 2.0**-23]]
    assert found.weights.tolist() == [2.0]
    # below a power of two doubles are twice as dense: one and a fraction of a bit is not one
    found = ExactMeans(np.array([[1.0], [0.0]]), np.array([1, 0.9 * 2.0**-53])).of(np.zeros(2, dtype=np.int32), 1)
    assert found.centers.tolist() == [[np.nextafter(1.0, 0.0)]]


def test_a_sum_that_rounding_would_cancel():
    X = np.array([[1.0], [2.0**-53], [2.0**-120], [-(2.0**-53)], [-1.0]])
    found = ExactMeans(X, np.ones(5)).of(np.zeros(5, dtype=np.int32), 1)
    assert found.centers.tolist() == [[2.0**-120 / 5]]


@given(problems, st.integers(1, 8))
def test_the_nearest_center_is_that_of_exact_arithmetic(problem, k):
    X, weights, rng = problem
    centers, _ = slow.means(X, weights, rng.randint(0, k, len(X)).tolist(), k)
    centers = np.concatenate([centers, X[rng.randint(0, len(X), 2)]])
    decisions = Decisions()
    labels, ties = slow.nearest(X, centers)
    assert exact_nearest(X, centers, decisions).tolist() == labels
    assert decisions.by_table + decisions.by_differences + decisions.by_integers == len(X)
    assert decisions.ties == ties


@pytest.mark.parametrize("exponent", [-161, -165, -170, -200, -300])
def test_centers_whose_squares_underflow(exponent):
    rng = np.random.RandomState(-exponent)
    centers = rng.standard_normal((4, 3)) * 10.0**exponent
    X = np.concatenate([rng.standard_normal((20, 3)), centers, centers[:2] + centers[2:]])
    assert exact_nearest(X, centers).tolist() == slow.nearest(X, centers)[0]
    near = rng.standard_normal((200, 3)) * 10.0**exponent
    assert exact_nearest(near, centers).tolist() == slow.nearest(near, centers)[0]
    # orthogonal to the difference of two centres, up to rounding
    along = (centers[1] - centers[0]) * 10.0**-exponent
    flat = rng.standard_normal((50, 3))
    flat -= np.outer(flat @ along, along) / (along @ along)
    assert exact_nearest(flat, centers[:2]).tolist() == slow.nearest(flat, centers[:2])[0]


def test_squares_that_underflow_to_the_wrong_order():
    # in units of the smallest double, 1.4 + 1.4 > 1.6 + 0.9, but rounded one by one 1 + 1 < 2 + 1
    centers = np.sqrt([[1.4, 1.4], [1.6, 0.9]]) * 2.0**-537
    assert exact_nearest(np.zeros((1, 2)), centers).tolist() == [1]


def test_true_ties_go_to_the_lowest_index_and_are_counted():
    grid = np.array([[i, j] for i in range(5) for j in range(5)], dtype=float)
    corners = np.array([[0, 0], [4, 0], [0, 4], [4, 4], [0, 0]], dtype=float)
    decisions = Decisions()
    labels = exact_nearest(grid, corners, decisions).reshape(5, 5)
    assert labels.tolist() == [[0, 0, 0, 2, 2], [0, 0, 0, 2, 2], [0, 0, 0, 2, 2], [1, 1, 1, 3, 3], [1, 1, 1, 3, 3]]
    # the cross of nine rows ties, and so do the four others that are nearest to the corner that comes twice
    assert decisions == Decisions(by_table=16, by_differences=0, by_integers=9, ties=13)


def test_a_difference_in_the_last_bit_decides():
    third = 1 / 3
    centers = np.array([[third, 0.0], [-np.nextafter(third, 0), 0.0], [1e3, 0.0]])
    decisions = Decisions()
    assert exact_nearest(np.zeros((1, 2)), centers, decisions).tolist() == [1]
    assert decisions == Decisions(by_integers=1)


def test_two_that_tie_behind_a_third_are_no_tie():
    third = 1 / 3
    decisions = Decisions()
    assert exact_nearest(np.zeros((1, 1)), np.array([[third], [-third], [np.nextafter(third, 0)]]), decisions) == [2]
    assert decisions == Decisions(by_integers=1)


def test_zeros_of_either_sign_are_one_center():
    decisions = Decisions()
    assert exact_nearest(np.array([[1.0]]), np.array([[9.0], [-0.0], [0.0]]), decisions) == [1]
    assert decisions == Decisions(by_table=1, ties=1)


def test_differences_decide_where_a_far_center_blurs_the_table():
    centers = np.array([[1.0, 0.0], [-1.0 - 1e-12, 0.0], [1e6, 0.0]])
    decisions = Decisions()
    assert exact_nearest(np.zeros((1, 2)), centers, decisions).tolist() == [0]
    assert decisions == Decisions(by_differences=1)


def test_one_cluster_gives_the_variance_and_the_inertia_of_scikit_learn():
    rng = np.random.RandomState(1)
    X = rng.standard_normal((500, 7)) + 3
    referee = ExactReferee(X, rng.uniform(size=500))
    # variances of 500 numbers near 3: errors of some ten units in the last place of 9 + 1
    assert referee.tolerance(0.5) == pytest.approx(0.5 * X.var(axis=0).mean(), rel=1e-13)
    assert referee.tolerance(0.0) == 0.0
    assert referee.tolerance(1e-4) == slow.tolerance(X, 1e-4)
    model = sklearn.cluster.KMeans(3, n_init=1, random_state=0).fit(X, sample_weight=referee.weights)
    found = referee.inertia(model.cluster_centers_, model.labels_)
    assert found == pytest.approx(model.inertia_, rel=1e-13)
    assert found == slow.inertia(X, referee.weights, model.cluster_centers_, model.labels_.tolist())


def test_empty_clusters_take_the_farthest_rows_by_what_they_hold():
    X = np.array([[3.0, 0.0], [0.0, -3.0], [-3.0, 0.0], [0.0, 3.0], [9.0, 9.0], [0.0, 0.0]])
    weights = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    labels = np.zeros(6, dtype=np.int32)
    for order in (np.arange(6), np.arange(6)[::-1], np.array([3, 1, 4, 0, 5, 2])):
        referee = ExactReferee(X[order], weights[order])
        moved = referee.fill_empty(np.zeros((4, 2)), labels, np.array([5.0, 0.0, 0.0, 0.0]))
        # four rows are equally far; (-3, 0) < (0, -3) < (0, 3) < (3, 0); the row without weight is passed over
        assert {tuple(x): int(label) for x, label in zip(X[order], moved, strict=True) if label} == {
            (-3.0, 0.0): 1,
            (0.0, -3.0): 2,
            (0.0, 3.0): 3,
        }
    assert labels.tolist() == [0] * 6
    few = ExactReferee(X[4:], weights[4:]).fill_empty(np.zeros((2, 2)), labels[:2], np.array([1.0, 0.0]))
    assert few.tolist() == [0, 0]  # one row has no weight, the other lies on its centre


def test_equal_rows_fill_empty_clusters_by_falling_weight():
    X, weights = np.array([[2.0], [2.0], [-1.0]]), np.array([1.0, 3.0, 5.0])
    for order in (np.arange(3), np.array([1, 2, 0])):
        referee = ExactReferee(X[order], weights[order])
        moved = referee.fill_empty(np.zeros((2, 1)), np.zeros(3, dtype=np.int32), np.array([9.0, 0.0]))
        assert weights[order][moved == 1].tolist() == [3.0]


def test_shifts_add_up_without_rounding():
    rng = np.random.RandomState(4)
    new, old = rng.standard_normal((2, 40, 5)) * 10.0 ** rng.randint(-9, 9, (40, 1))
    terms = [slow.squared_distance(a, b) for a, b in zip(new, old, strict=True)]
    assert squared_shift(new, old) == math.fsum(terms)


def test_weights_and_repeated_rows_give_the_same_centers():
    rng = np.random.RandomState(2)
    X, counts = rng.standard_normal((200, 3)), rng.randint(0, 4, 200)
    labels = rng.randint(0, 5, 200).astype(np.int32)
    weighted = ExactMeans(X, counts.astype(float)).of(labels, 5)
    repeated = ExactMeans(X.repeat(counts, axis=0), np.ones(counts.sum())).of(labels.repeat(counts), 5)
    assert weighted.centers.tobytes() == repeated.centers.tobytes()
    assert weighted.weights.tobytes() == repeated.weights.tobytes()


def test_too_large_numbers_are_refused():
    X = np.array([[1.0, 2.0], [3.0, 1e200]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="Divide X"):
            ExactReferee(X, np.ones(2))
        with pytest.raises(ValueError, match="Divide X"):
            ExactReferee(np.ones((2, 1)), np.array([1.0, 1e300]))
        referee = ExactReferee(np.array([[1e150], [-1e150]]), np.full(2, 1e100))
        with pytest.raises(ValueError, match="Divide X"):
            referee.inertia(np.zeros((1, 1)), np.zeros(2, dtype=np.int32))
        with pytest.raises(ValueError, match="Divide X"):
            exact_nearest(np.zeros((2, 2)), X)
        with pytest.raises(ValueError, match="Divide X"):
            exact_nearest(X, np.zeros((2, 2)))


@given(st.integers(0, 200), st.integers(1, 70))
def test_column_maxima(n, d):
    X = np.random.RandomState(n + d).standard_normal((n, d))
    assert column_maxima(X).tolist() == np.abs(X).max(axis=0, initial=0).tolist()


def test_the_reference_itself_on_a_case_worked_by_hand():
    # rows 0, 1, 5 from centres 0 and 2: row 1 ties and goes to the first; means 1/2 and 5; then nothing changes
    X, init = np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [2.0]])
    run = slow.exact_lloyd(X, np.ones(3), init, tol=0)
    assert (run.labels, run.centers.tolist(), run.inertia, run.ties) == ([0, 0, 1], [[0.5], [5.0]], 0.5, 1)
    # the second iteration leaves the labels as they are, which ends the run
    assert run.iterations == 2
    assert slow.to_type(Fraction(1) + Fraction(1, 2**24), np.float32) == 1
