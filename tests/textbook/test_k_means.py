"""The textbook's k-means against hand calculations, calculus, invariants and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.datasets import load_digits, load_iris, load_wine

from workings.textbook import k_means as km

EPS = np.finfo(float).eps

# Four points on a line and two centres at 0 and 4. Squared distances to them:
# 0: 0, 16 | 1: 1, 9 | 5: 25, 1 | 7: 49, 9, so the labels are 0 0 1 1 and J = 0 + 1 + 1 + 9 = 11.
# Means: 1/2 and 6, then J = 1/4 + 1/4 + 1 + 1 = 5/2, and the labels do not change any more.
LINE = np.array([[0.0], [1.0], [5.0], [7.0]])
START = np.array([[0.0], [4.0]])


def problem(seed=0, n=40, d=3, k=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, X[rng.choice(n, k, replace=False)]


def test_four_points_by_hand():
    np.testing.assert_array_equal(km.squared_distances(LINE, START), [[0, 16], [1, 9], [25, 1], [49, 9]])
    labels = km.assign(LINE, START)
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])
    assert km.inertia(LINE, labels, START) == 11
    # ∂J/∂c: 2((0 - 0) + (0 - 1)) = -2 and 2((4 - 5) + (4 - 7)) = -8.
    np.testing.assert_array_equal(km.inertia_gradient(LINE, labels, START), [[-2], [-8]])
    np.testing.assert_array_equal(km.update(LINE, labels, 2, START), [[0.5], [6]])
    centers, labels, inertias = km.k_means(LINE, START)
    np.testing.assert_array_equal(centers, [[0.5], [6]])
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])
    assert inertias == [11, 2.5]


def test_a_tie_goes_to_the_lowest_index():
    np.testing.assert_array_equal(km.assign(np.array([[1.0]]), np.array([[2.0], [0.0], [1.0], [1.0]])), [2])


def test_empty_clusters_take_the_farthest_rows_from_their_clusters():
    # Centre 1 and 2 attract nobody. Distances to centre 0 at 0: 0, 1, 25, 49. The row 7 goes to cluster 1, the row 5
    # to cluster 2, and cluster 0 keeps the mean of 0 and 1.
    old = np.array([[0.0], [100.0], [200.0]])
    centers = km.update(LINE, np.zeros(4, dtype=int), 3, old)
    np.testing.assert_array_equal(centers, [[0.5], [7], [5]])


def test_no_centre_becomes_nan_when_every_row_sits_on_its_centre():
    X = np.zeros((3, 2))
    old = np.array([[0.0, 0.0], [9.0, 9.0]])
    np.testing.assert_array_equal(km.update(X, np.zeros(3, dtype=int), 2, old), old)
    # One row a cluster, and it is the farthest: it moves to the empty cluster, and its old centre stays.
    old = np.array([[0.0], [1.0], [50.0]])
    centers = km.update(np.array([[0.0], [5.0]]), np.array([0, 1]), 3, old)
    np.testing.assert_array_equal(centers, [[0], [1], [5]])


def test_gradient_is_the_complex_step_derivative_of_the_inertia():
    X, centers = problem()
    labels = km.assign(X, centers)
    want = km.inertia_gradient(X, labels, centers)
    h = 1e-30
    for j, f in np.ndindex(*centers.shape):
        moved = centers.astype(complex)
        moved[j, f] += 1j * h
        # abs: the diagonal terms cancel to a rounding of the sum of about 40 distances.
        assert km.inertia(X, labels, moved).imag / h == pytest.approx(want[j, f], rel=1e-12, abs=1e-13)


def test_gradient_along_a_direction_is_the_central_difference():
    X, centers = problem(1)
    labels = km.assign(X, centers)
    direction, h = np.random.default_rng(9).normal(size=centers.shape) * 3, 1e-4
    above, below = (km.inertia(X, labels, centers + s * h * direction) for s in (1, -1))
    want = np.sum(km.inertia_gradient(X, labels, centers) * direction)
    assert (above - below) / (2 * h) == pytest.approx(want, rel=1e-8)


def test_the_update_is_where_the_gradient_vanishes():
    X, centers = problem(2)
    labels = km.assign(X, centers)
    best = km.update(X, labels, len(centers), centers)
    assert np.abs(km.inertia_gradient(X, labels, best)).max() <= 4 * len(X) * EPS * np.abs(X).max()
    # Huygens: J(C) = J(means) + Σ nⱼ|cⱼ - meanⱼ|².
    extra = np.bincount(labels) @ np.sum((centers - best) ** 2, axis=1)
    total = km.inertia(X, labels, best) + extra
    assert km.inertia(X, labels, centers) == pytest.approx(total, rel=1e-13)


small_integers = arrays(float, (12, 2), elements=st.integers(-5, 5).map(float))


@settings(max_examples=60, deadline=None)
@given(X=small_integers, k=st.integers(1, 6))
def test_inertia_never_rises(X, k):
    centers, labels, inertias = km.k_means(X, X[:k], tol=0)
    assert np.isfinite(centers).all()
    final = km.inertia(X, labels, centers)
    assert (np.diff([*inertias, final]) <= 8 * EPS * inertias[0]).all()


@settings(max_examples=60, deadline=None)
@given(X=small_integers, order=st.permutations(range(12)), k=st.integers(1, 4), power=st.integers(-20, 20))
def test_order_of_rows_units_and_names_of_clusters_do_not_matter(X, order, k, power):
    start = X[:k]
    labels = km.assign(X, start)
    np.testing.assert_array_equal(km.assign(X[order], start), labels[order])
    np.testing.assert_array_equal(km.assign(X * 2.0**power, start * 2.0**power), labels)
    if len(np.unique(labels)) == k:
        centers = km.update(X, labels, k, start)
        np.testing.assert_array_equal(km.update(X[order], labels[order], k, start), centers)
        names = np.arange(k)[::-1]
        np.testing.assert_array_equal(km.update(X, names[labels], k, start[::-1])[names], centers)


def test_far_from_the_origin_nothing_is_lost():
    # Differences of integers are exact, so an offset of 2³⁰ changes no bit of a distance.
    X, centers = np.round(problem()[0] * 100), np.round(problem()[1] * 100)
    far = 2.0**30
    np.testing.assert_array_equal(km.squared_distances(X + far, centers + far), km.squared_distances(X, centers))


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
@pytest.mark.parametrize("k", [3, 8])
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_scikit_learn(load, k, seed):
    X = load().data
    start = km.plus_plus(X, k, np.random.RandomState(seed))
    np.testing.assert_array_equal(start, kmeans_plusplus(X, k, random_state=seed)[0])
    centers, labels, inertias = km.k_means(X, start)
    reference = KMeans(k, init=start, n_init=1).fit(X)
    np.testing.assert_array_equal(labels, reference.labels_)
    assert len(inertias) == reference.n_iter_
    # Means of n numbers: an error of at most n·u of the largest, usually far less.
    np.testing.assert_allclose(centers, reference.cluster_centers_, atol=len(X) * EPS * np.abs(X).max())
    assert km.inertia(X, labels, centers) == pytest.approx(reference.inertia_, rel=len(X) * EPS)


def test_iteration_by_iteration_like_scikit_learn():
    X = load_digits().data
    start = X[:10]
    *_, inertias = km.k_means(X, start, tol=0)
    for n_iter in range(1, len(inertias)):
        reference = KMeans(10, init=start, n_init=1, max_iter=n_iter, tol=0).fit(X)
        # After m iterations scikit-learn assigns once more: that is the assignment that opens iteration m + 1.
        assert reference.inertia_ == pytest.approx(inertias[n_iter], rel=len(X) * EPS)


def test_empty_cluster_like_scikit_learn():
    X, start = problem(5)
    start[1] = 1e3
    centers, labels, inertias = km.k_means(X, start)
    reference = KMeans(4, init=start, n_init=1).fit(X)
    assert len(np.unique(labels)) == 4
    assert len(inertias) == reference.n_iter_
    np.testing.assert_array_equal(labels, reference.labels_)
    np.testing.assert_allclose(centers, reference.cluster_centers_, atol=1e-14)


def test_stops_after_max_iter_with_labels_of_its_centres():
    X, start = problem(6)
    centers, labels, inertias = km.k_means(X, start, max_iter=1)
    assert len(inertias) == 1
    np.testing.assert_array_equal(labels, km.assign(X, centers))


def test_labels_of_new_rows_are_not_those_of_training():
    centers, *_ = km.k_means(LINE, START)
    np.testing.assert_array_equal(km.assign(np.array([[6.0], [-3.0]]), centers), [1, 0])


def test_plus_plus_draws_in_proportion_to_the_squared_distance():
    # First centre 0 or 3 or 4. From 0 the squared distances are 0, 9, 16: with one trial the second centre is
    # the row 4 in 16/25 of all draws.
    X = np.array([[0.0], [3.0], [4.0]])
    second = []
    for seed in range(3000):
        centers = km.plus_plus(X, 2, np.random.RandomState(seed), trials=1)
        if centers[0, 0] == 0:
            second.append(centers[1, 0])
    share, n = np.mean(np.array(second) == 4), len(second)
    # Five standard deviations of a binomial share; the seeds are fixed, so this is no lottery.
    assert abs(share - 16 / 25) < 5 * np.sqrt(16 / 25 * 9 / 25 / n)
    assert 0 not in second


def test_plus_plus_keeps_the_candidate_that_lowers_the_inertia_most():
    X, _ = problem(7, n=200)
    one, many = (
        np.mean(
            [
                km.squared_distances(X, km.plus_plus(X, 5, np.random.RandomState(s), trials)).min(axis=1).sum()
                for s in range(30)
            ]
        )
        for trials in (1, 10)
    )
    assert many < one


@pytest.mark.parametrize(
    ("X", "centers", "words"),
    [
        ([[np.nan]], [[1.0]], "X contains NaN"),
        ([[1.0]], [[np.inf]], "centers contains NaN or infinity"),
        ([[1.0, 2.0]], [[1.0]], "columns of X and columns of centers"),
        ([[1.0]], [[1.0], [2.0]], "k=2, n=1"),
        ([1.0], [[1.0]], "X must have 2 axes"),
    ],
)
def test_bad_input_gets_a_sentence(X, centers, words):
    with pytest.raises(ValueError, match=words):
        km.k_means(X, centers)


def test_bad_counts_get_a_sentence():
    with pytest.raises(ValueError, match="max_iter=0"):
        km.k_means(LINE, START, max_iter=0)
    for k in (0, 5):
        with pytest.raises(ValueError, match=f"Got k={k} and 4 rows"):
            km.plus_plus(LINE, k, np.random.RandomState(0))


def test_arguments_are_not_changed():
    X, start = problem(8)
    start[0] = 1e6
    for array in (X, start):
        array.setflags(write=False)
    labels = km.assign(X, start)
    labels.setflags(write=False)
    km.update(X, labels, 4, start)
    km.k_means(X, start)
    km.plus_plus(X, 4, np.random.RandomState(0))


def test_the_tolerance_is_in_units_of_the_variance():
    X, start = problem(9, n=300)
    for tol in (0.3, 0.03, 1e-3):
        *_, inertias = km.k_means(X, start, tol=tol)
        *_, scaled = km.k_means(X * 2.0**10, start * 2.0**10, tol=tol)
        np.testing.assert_array_equal(np.array(scaled), np.array(inertias) * 2.0**20)
        reference = KMeans(len(start), init=start * 2.0**10, n_init=1, tol=tol).fit(X * 2.0**10)
        assert len(scaled) == reference.n_iter_


def test_a_step_that_raises_the_inertia_is_caught(monkeypatch):
    X = np.random.RandomState(0).standard_normal((60, 2))
    monkeypatch.setattr("workings.textbook.k_means.update", lambda X, labels, k, centers: centers + 1)
    with pytest.raises(AssertionError):
        km.k_means(X, X[:3])
