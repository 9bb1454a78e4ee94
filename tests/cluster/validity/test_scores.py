"""Silhouette, Calinski-Harabasz and Davies-Bouldin: against their definitions, and scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics
from sklearn.datasets import load_digits, load_iris
from tests.cluster.validity import oracle

from workings.cluster import (
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_samples,
    silhouette_score,
)
from workings.cluster.validity import distance_sums

SCORES = (silhouette_score, calinski_harabasz_score, davies_bouldin_score)
U = 2.0**-53


def blobs(n: int, d: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    labels = rng.permutation(np.arange(n) % k)
    return rng.standard_normal((n, d)) + 3 * rng.standard_normal((k, d))[labels], labels


CASES = {
    "iris": lambda: (load_iris().data, load_iris().target),
    "digits": lambda: (load_digits().data[:600], load_digits().target[:600]),
    "one feature": lambda: blobs(300, 1, 3),
    "more than a tile a group": lambda: blobs(1500, 3, 2),
    "many small groups": lambda: blobs(700, 2, 300),
    "one large group, many small": lambda: (blobs(900, 2, 1)[0], np.maximum(np.arange(900) - 700, 0)),
    "more features than rows": lambda: blobs(20, 60, 4),
    "integers": lambda: (np.random.RandomState(0).randint(0, 4, (200, 3)), np.arange(200) % 3),
}


def scikit_learn_may_differ_by(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Bound of the error of silhouettes whose squared distances are |a|² - 2a·b + |b|² with X as it is."""
    X = np.asarray(X, dtype=float)
    table = oracle.distances(X).astype(float)
    norms = (X**2).sum(axis=1)
    in_square = 2 * (X.shape[1] + 4) * U * (norms[:, None] + norms)
    in_distance = np.minimum(np.sqrt(in_square), in_square / np.maximum(table, 1e-300))
    np.fill_diagonal(in_distance, 0)
    bounds = np.zeros(len(X))
    for label in np.unique(labels):
        own = labels == label
        count = np.where(own, max(own.sum() - 1, 1), own.sum())
        mean = table[:, own].sum(axis=1) / count
        bounds = np.maximum(bounds, 2 * in_distance[:, own].sum(axis=1) / count / np.maximum(mean, 1e-300))
    return bounds + 64 * U


@pytest.mark.parametrize("name", CASES)
def test_silhouettes_are_scikit_learns(name):
    X, labels = CASES[name]()
    ours, theirs = silhouette_samples(X, labels), metrics.silhouette_samples(X, labels)
    assert (np.abs(ours - theirs) <= scikit_learn_may_differ_by(X, labels)).all()
    assert silhouette_score(X, labels) == pytest.approx(metrics.silhouette_score(X, labels), abs=1e-9)
    drawn = {"sample_size": min(len(X), 400), "random_state": 3}
    assert silhouette_score(X, labels, **drawn) == pytest.approx(metrics.silhouette_score(X, labels, **drawn), abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_scores_of_dispersion_are_scikit_learns(name):
    X, labels = CASES[name]()
    # sums of at most 1500 squares about means of at most 1500 rows near the origin
    assert calinski_harabasz_score(X, labels) == pytest.approx(metrics.calinski_harabasz_score(X, labels), rel=1e-12)
    # distances of means lose to their cancellation there, by a share of 1e-16 |m|² / |m - m'|²
    assert davies_bouldin_score(X, labels) == pytest.approx(metrics.davies_bouldin_score(X, labels), rel=1e-8)


@pytest.mark.parametrize("offset", [0.0, 1e5, 1e8])
def test_digits_do_not_depend_on_the_origin(offset):
    X, labels = blobs(150, 3, 3)
    X = X + offset
    # relative errors of distances below 1000 (d + 4) units, of sums of squares below n units
    assert np.abs(silhouette_samples(X, labels) - oracle.silhouettes(X, labels)).max() < 1e-12
    assert calinski_harabasz_score(X, labels) == pytest.approx(oracle.calinski_harabasz(X, labels), rel=1e-13)
    assert davies_bouldin_score(X, labels) == pytest.approx(oracle.davies_bouldin(X, labels), rel=1e-13)


def test_scikit_learn_loses_digits_far_from_the_origin():
    X, labels = blobs(150, 3, 3)
    X = X + 1e8
    assert np.abs(metrics.silhouette_samples(X, labels) - oracle.silhouettes(X, labels)).max() > 1e-2
    assert abs(metrics.davies_bouldin_score(X, labels) / oracle.davies_bouldin(X, labels) - 1) > 1e-3


def test_tight_groups_far_from_each_other_keep_their_digits():
    X, labels = blobs(120, 2, 4)
    X = X * 1e-9 + np.array([0.0, 1.0, 1e3, 1e6])[labels][:, np.newaxis]
    assert silhouette_samples(X, labels) == pytest.approx(oracle.silhouettes(X, labels), abs=1e-12)
    halves = 2 * labels + np.arange(120) % 2  # the nearest other cluster overlaps
    assert silhouette_samples(X, halves) == pytest.approx(oracle.silhouettes(X, halves), abs=1e-12)
    assert calinski_harabasz_score(X, labels) == pytest.approx(oracle.calinski_harabasz(X, labels), rel=1e-12)
    assert davies_bouldin_score(X, halves) == pytest.approx(oracle.davies_bouldin(X, halves), rel=1e-12)


@given(
    X=arrays(float, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.floats(-1e3, 1e3)),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
    tight=st.sampled_from([1.0, 1e-6]),
)
def test_distances_have_most_of_their_digits(X, offset, tight):
    X = X * tight + offset
    found, expected = distance_sums.distances(X, X), oracle.distances(X).astype(float)
    # the docstring's bound; a square of a difference below 1e-154 underflows
    assert (np.abs(found - expected) <= 1000 * (X.shape[1] + 4) * U * expected + 1e-150).all()


def test_few_distances_are_taken_again_wherever_the_origin_is(monkeypatch):
    taken: list[int] = []

    def counting(rows: np.ndarray) -> np.ndarray:
        taken.append(len(rows))
        return (rows**2).sum(axis=1)

    monkeypatch.setattr(distance_sums, "squared_norms", counting)
    X = np.random.RandomState(0).standard_normal((300, 4)) + 1e8
    distance_sums.distances(X[:100], X[100:])
    # the norms of the 100 and the 200 rows, then what cancelled among the 20000 pairs
    assert taken[:2] == [100, 200]
    assert sum(taken[2:]) < 200


def test_equal_rows_are_at_distance_zero():
    X = np.repeat([[0.1, 0.7], [0.3, 0.2]], 3, axis=0) + 1e6
    assert silhouette_samples(X, [0, 0, 0, 1, 1, 1]).tolist() == [1.0] * 6
    assert silhouette_samples(np.ones((4, 2)), [0, 0, 1, 1]).tolist() == [0.0] * 4
    assert calinski_harabasz_score(X, [0, 0, 0, 1, 1, 1]) == metrics.calinski_harabasz_score(
        X - 1e6, [0, 0, 0, 1, 1, 1]
    )


def test_a_worked_example():
    # rows 0, 1 | 3, 9: a = 1, 1, 6, 6 and b = (3 + 9)/2, (2 + 8)/2, (3 + 2)/2, (9 + 8)/2
    X, labels = [[0.0], [1.0], [3.0], [9.0]], ["near", "near", "far", "far"]
    assert silhouette_samples(X, labels) == pytest.approx([5 / 6, 4 / 5, -3.5 / 6, 2.5 / 8.5], rel=1e-15)
    # means 0.5, 6, overall 3.25: B = 4 · 2.75², W = 2 · 0.5² + 2 · 3²
    assert calinski_harabasz_score(X, labels) == pytest.approx(30.25 / (18.5 / 2), rel=1e-15)
    assert davies_bouldin_score(X, labels) == pytest.approx(3.5 / 5.5, rel=1e-15)


def test_the_only_row_of_a_cluster_has_silhouette_zero():
    assert silhouette_samples([[0.0], [1.0], [5.0]], [0, 0, 1])[2] == 0


def test_means_that_coincide_do_not_count():
    angles = np.arange(8) * np.pi / 4
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    X, labels = np.vstack([ring, 3 * ring]) + 0.1, np.repeat([0, 1], 8)
    assert davies_bouldin_score(X, labels) == metrics.davies_bouldin_score(X, labels) == 0


@pytest.mark.parametrize("exponent", [-1000, -300, 0, 300, 1000])
@pytest.mark.parametrize("score", SCORES)
def test_no_scale_overflows_or_changes_a_bit(score, exponent):
    X, labels = blobs(60, 3, 3)
    assert score(np.ldexp(X, exponent), labels) == score(X, labels)


@given(seed=st.integers(0, 2**16), shift=st.integers(-1000, 1000))
def test_order_names_units_and_origin_do_not_matter(seed, shift):
    X, labels = blobs(60, 3, 4, seed)
    rng = np.random.RandomState(seed)
    order, names = rng.permutation(60), rng.permutation(4)
    samples = silhouette_samples(X, labels)
    assert samples == pytest.approx(silhouette_samples(X[order], names[labels][order])[np.argsort(order)], abs=1e-12)
    for score in SCORES:
        # the order of summation; a factor of 3 and a shift of at most 1000 round X to 1e-13
        assert score(X[order], names[labels][order]) == pytest.approx(score(X, labels), rel=1e-12)
        assert score(3 * X, labels) == pytest.approx(score(X, labels), rel=1e-12)
        assert score(X + shift, labels) == pytest.approx(score(X, labels), rel=1e-10, abs=1e-10)


def test_single_precision_tables_and_strings_are_taken():
    X, labels = blobs(60, 3, 3)
    names = np.array(["a", "b", "c"])[labels]
    frame = pd.DataFrame(X.astype(np.float32))
    for score in SCORES:
        assert score(frame, pd.Series(names)) == score(X.astype(np.float32).astype(float), labels)


def test_the_arguments_are_not_changed():
    X, labels = blobs(60, 3, 3)
    before = X.copy(), labels.copy()
    for score in SCORES:
        score(X, labels)
    assert np.array_equal(X, before[0])
    assert np.array_equal(labels, before[1])


@pytest.mark.parametrize("ours", [silhouette_samples, *SCORES], ids=lambda score: score.__name__)
@pytest.mark.parametrize(
    ("X", "labels"),
    [
        ([[0.0], [1.0], [2.0]], [0, 0, 0]),
        ([[0.0], [1.0], [2.0]], [0, 1, 2]),
        ([[0.0], [1.0], [2.0]], [0, 1]),
        ([[0.0], [np.nan], [2.0]], [0, 0, 1]),
        ([[0.0], [np.inf], [2.0]], [0, 0, 1]),
        ([[0.0], [1.0], [2.0]], [[0, 1], [0, 1], [1, 0]]),
        ([[0.0], [1.0], [2.0]], [0.0, np.nan, 1.0]),
        ([0.0, 1.0, 2.0], [0, 0, 1]),
    ],
)
def test_what_scikit_learn_refuses_is_refused(ours, X, labels):
    with pytest.raises(ValueError, match=r".") as theirs:
        getattr(metrics, ours.__name__)(X, labels)
    with pytest.raises(ValueError, match=r".") as found:
        ours(X, labels)
    if str(theirs.value).startswith("Number of labels"):
        assert str(found.value).startswith(str(theirs.value))


@pytest.mark.parametrize("score", SCORES)
def test_sparse_data_are_refused(score):
    with pytest.raises(TypeError, match="dense"):
        score(scipy.sparse.eye(4).tocsr(), [0, 0, 1, 1])


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_a_sample_has_a_size(size):
    with pytest.raises(ValueError, match="sample_size"):
        silhouette_score([[0.0], [1.0], [5.0]], [0, 0, 1], sample_size=size)


def test_memory_stays_far_below_a_table_of_all_distances():
    import tracemalloc

    X, labels = blobs(6000, 2, 5)
    tracemalloc.start()
    silhouette_samples(X, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a 512² tile and what belongs to it; all distances would take 288 MB
    assert peak < 20e6


def test_no_warning_is_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        silhouette_samples([[0.0], [0.0], [0.0], [1.0]], [0, 0, 1, 2])
