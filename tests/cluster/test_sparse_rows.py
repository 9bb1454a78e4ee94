"""Sparse rows are cut into parts; what comes out does not depend on the cut, and has scikit-learn's bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans as Reference

from workings.cluster import KMeans
from workings.cluster.dense import DenseRows
from workings.cluster.sparse import SparseRows, feature_variances


def sparse_matrix(n: int, d: int, seed: int = 0) -> Any:
    X = sp.random(n, d, density=0.15, format="csr", random_state=np.random.RandomState(seed))
    X.data[np.repeat(np.arange(n) % 5 == 0, np.diff(X.indptr))] = 0
    X.eliminate_zeros()  # some rows without entries
    return X


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_parts_share_the_entries_and_cover_all_rows(
    container: Any, index_type: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workings.cluster.sparse._SPAN", 7)
    X = container(sparse_matrix(30, 12))
    X.indices, X.indptr = X.indices.astype(index_type), X.indptr.astype(index_type)
    parts = SparseRows(X, np.ones(30))._parts
    assert [part.shape for _, part in parts] == [(7, 12)] * 4 + [(2, 12)]
    assert np.array_equal(sp.vstack([part for _, part in parts]).toarray(), X.toarray())
    assert all(np.shares_memory(part.data, X.data) and np.shares_memory(part.indices, X.indices) for _, part in parts)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_answers_do_not_depend_on_the_cut(dtype: type, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    X = sparse_matrix(100, 12).astype(dtype)
    rng = np.random.RandomState(1)
    weights = (rng.uniform(size=100) if weighted else np.ones(100)).astype(dtype)
    centers = rng.uniform(size=(5, 12)).astype(dtype)
    whole = SparseRows(X, weights)
    labels = whole.nearest(centers)
    monkeypatch.setattr("workings.cluster.sparse._SPAN", 7)
    cut = SparseRows(X, weights)
    assert np.array_equal(cut.nearest(centers), labels)
    assert cut.weighted_sums(labels, 5).tobytes() == whole.weighted_sums(labels, 5).tobytes()
    for which in (labels, 3):
        assert cut.squared_distances(centers, which).tobytes() == whole.squared_distances(centers, which).tobytes()


def test_answers_are_those_of_dense_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workings.cluster.sparse._SPAN", 7)
    X = sparse_matrix(100, 12)
    rng = np.random.RandomState(1)
    weights, centers = rng.uniform(size=100), rng.uniform(size=(5, 12))
    sparse, dense = SparseRows(X, weights), DenseRows(X.toarray(), weights)
    labels = dense.nearest(centers)
    assert np.array_equal(sparse.nearest(centers), labels)
    chosen = np.array([3, 0, 99, 50])
    # numbers of order 1, and sums of at most 100 of them
    np.testing.assert_allclose(sparse.weighted_sums(labels, 5), dense.weighted_sums(labels, 5), rtol=0, atol=1e-13)
    for which in (labels, 3):
        np.testing.assert_allclose(
            sparse.squared_distances(centers, which), dense.squared_distances(centers, which), rtol=0, atol=1e-13
        )
    np.testing.assert_allclose(
        sparse.squared_distances(centers, 2, chosen), dense.squared_distances(centers, 2, chosen), rtol=0, atol=1e-13
    )


def test_variances_are_those_of_the_dense_columns() -> None:
    X = sparse_matrix(100, 12)
    np.testing.assert_allclose(feature_variances(X), X.toarray().var(axis=0), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_same_bits_as_scikit_learn_over_several_parts(dtype: type, algorithm: str) -> None:
    rng = np.random.RandomState(0)
    X = sparse_matrix(17_000, 20).astype(dtype)
    weights = rng.randint(0, 3, 17_000).astype(dtype)
    parameters: dict[str, Any] = {
        "n_clusters": 4,
        "random_state": 3,
        "n_init": 1,
        "algorithm": algorithm,
        "max_iter": 9,
    }
    theirs = Reference(**parameters).fit(X, sample_weight=weights)
    ours = KMeans(**parameters).fit(X, sample_weight=weights)
    assert np.array_equal(ours.labels_, theirs.labels_)
    assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
    assert ours.inertia_ == theirs.inertia_
