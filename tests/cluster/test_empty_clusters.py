"""Clusters without rows: never NaN, and the same rows fill them as in scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans as Reference

from workings.base import ConvergenceWarning
from workings.cluster import KMeans
from workings.cluster.empty_clusters import fill_empty_clusters
from workings.cluster.lloyd import Statistics, update
from workings.cluster.rows import as_rows

FAR = np.array([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [11.0, 0.0]])


def test_nan_centroids_for_empty_clusters():
    # the second and third centres are nobody's nearest: a mean over no rows would be 0/0
    begin = np.array([[5.0, 0.0], [1e3, 1e3], [-1e3, 1e3]])
    model = KMeans(3, init=begin, n_init=1).fit(FAR)
    assert np.isfinite(model.cluster_centers_).all()
    assert np.isfinite(model.inertia_)
    assert set(model.labels_) == {0, 1, 2}
    # three clusters of two pairs: one pair stays whole, its rows half a unit from their mean each
    assert model.inertia_ == 0.5


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("max_iter", [1, 2, 50])
def test_the_same_rows_are_moved_as_in_scikit_learn(algorithm, container, dtype, max_iter):
    rng = np.random.RandomState(0)
    for k in (2, 5, 9):
        dense = rng.standard_normal((40, 3)).astype(dtype)
        begin = np.vstack([dense[:1], 50 + rng.uniform(size=(k - 1, 3)).astype(dtype)])
        weights = rng.randint(0, 3, 40).astype(dtype)
        results = []
        for estimator in (Reference, KMeans):
            model = estimator(k, init=begin, n_init=1, max_iter=max_iter, tol=0, algorithm=algorithm)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(container(dense), sample_weight=weights)
            results.append((model.cluster_centers_.tobytes(), model.labels_.tolist(), model.inertia_))
        assert results[0] == results[1]


def test_the_farthest_row_leaves_its_cluster_by_hand():
    rows = as_rows(FAR, np.ones(4))
    labels = np.zeros(4, dtype=np.int32)
    sums, weights = np.array([[22.0, 0.0], [0.0, 0.0]]), np.array([4.0, 0.0])
    fill_empty_clusters(rows, np.array([[4.0, 0.0], [99.0, 99.0]]), labels, sums, weights)
    # 11 is 7 away from the old centre 4, farther than 0, which is 4 away
    assert sums.tolist() == [[11.0, 0.0], [11.0, 0.0]]
    assert weights.tolist() == [3.0, 1.0]


def test_an_empty_cluster_between_equal_rows_sits_on_the_heaviest():
    # all rows lie on their centre, so none can be moved: scikit-learn averages in place and in order, which leaves
    # the sum 3 * 2 in front of the heaviest cluster, and its mean 2 behind it
    X = np.full((3, 1), 2.0)
    total = Statistics(np.ones(3, dtype=np.int32), np.array([[0.0], [6.0], [0.0]]), np.array([0.0, 3.0, 0.0]))
    centers = np.full((3, 1), 2.0)
    assert update(as_rows(X, np.ones(3)), centers, total).tolist() == [[6.0], [2.0], [2.0]]


def test_fewer_distinct_rows_than_clusters_is_said():
    X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 5, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(2\) found smaller than n_clusters \(3\)"):
        model = KMeans(3, random_state=0).fit(X)
    assert np.isfinite(model.cluster_centers_).all()
    assert model.inertia_ == 0
