"""Where the BLAS breaks its sums: products panel by panel have the bits of the whole, labels those of scikit-learn."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans as Reference

from workings.cluster import KMeans
from workings.cluster.panels import panels

WIDTHS = [1, 2, 128, 129, 300, 384, 385, 500, 769, 1000, 1500]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", WIDTHS)
@pytest.mark.parametrize("n_rows", [2, 44, 256])
def test_panels_are_all_features_in_order(n_features, n_rows, dtype):
    for k in (1, 8, 65):
        found = panels(n_rows, n_features, k, np.dtype(dtype))
        assert np.concatenate([np.arange(n_features)[panel] for panel in found]).tolist() == list(range(n_features))
        assert all(panel.stop > panel.start for panel in found)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", WIDTHS)
def test_products_of_panels_add_up_to_the_bits_of_the_whole_product(n_features, dtype):
    rng = np.random.RandomState(n_features)
    for n_rows, k in (256, 8), (256, 20), (44, 8), (2, 5):
        X, centers = (rng.standard_normal((m, n_features)).astype(dtype) for m in (n_rows, k))
        first, *others = panels(n_rows, n_features, k, np.dtype(dtype))
        total = X[:, first] @ centers[:, first].T
        for panel in others:
            total += X[:, panel] @ centers[:, panel].T
        assert total.tobytes() == (X @ centers.T).tobytes()


def wide_table(n: int, d: int, dtype: type, seed: int) -> np.ndarray:
    """Two values, neither exact in binary: rows that are equally near to two centres, and rounding that decides."""
    table = np.random.RandomState(seed).randint(0, 2, (n, d))
    return (dtype(0.3) + dtype(0.1) * table.astype(dtype)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "d"), [(300, 300), (257, 385), (300, 500), (513, 769), (300, 1000), (257, 1500)])
def test_ties_in_wide_tables_go_where_scikit_learn_sends_them(n, d, dtype):
    ties = 0
    for seed, k in enumerate([8, 20]):
        X = wide_table(n, d, dtype, seed)
        models = []
        for kind in (Reference, KMeans):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                models.append(kind(k, init=X[:k], n_init=1, max_iter=2).fit(X))
        theirs, ours = models
        assert np.array_equal(ours.labels_, theirs.labels_)
        assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
        assert ours.inertia_ == theirs.inertia_
        for model in models:
            model.cluster_centers_ = X[:k].copy()
        assert np.array_equal(ours.predict(X), theirs.predict(X))
        digits = np.rint((X.astype(float) - 0.3) * 10).astype(int)
        distances = ((digits[:, np.newaxis] - digits[:k]) ** 2).sum(axis=2)
        ties += np.sum((distances == distances.min(axis=1, keepdims=True)).sum(axis=1) > 1)
    assert ties > 10  # else nothing was tried


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("d", [300, 700, 1200])
def test_wide_tables_by_the_certified_engine(monkeypatch, d, dtype):
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, k: True)
    for seed in range(3):
        X = wide_table(520, d, dtype, seed)
        theirs, ours = (kind(8, init=X[:8], n_init=1, tol=0).fit(X) for kind in (Reference, KMeans))
        assert np.array_equal(ours.labels_, theirs.labels_)
        assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
        assert (ours.inertia_, ours.n_iter_) == (theirs.inertia_, theirs.n_iter_)


AGAINST_BLAS = """
import numpy as np
from scipy.linalg import blas
from workings.cluster.dense import BLOCK, _distances_by_block
from workings.cluster.distances import squared_norms

shapes = [(257, 45, 12), (1, 45, 12), (5, 300, 8), (257, 100, 6), (31, 1778, 33), (263, 1893, 100), (513, 2311, 2),
          (300, 1931, 4), (64, 1347, 16), (129, 1500, 6), (300, 212, 8), (3, 30, 3)]
for n, d, k in shapes:
    for dtype, gemm in ((np.float64, blas.dgemm), (np.float32, blas.sgemm)):
        rng = np.random.RandomState(n + d)
        X, centers = rng.standard_normal((n, d)).astype(dtype), rng.standard_normal((k, d)).astype(dtype)
        norms = squared_norms(centers)
        ours = _distances_by_block(X, centers, np.repeat(norms[np.newaxis], max(min(BLOCK, n), 3), axis=0))
        theirs = []
        for start in range(0, n, BLOCK):
            block = X[start : start + BLOCK]
            begin = np.asfortranarray(np.repeat(norms[:, np.newaxis], len(block), axis=1))
            theirs.append(gemm(-2.0, centers.T, block.T, beta=1.0, c=begin, trans_a=1).T)
        if ours.tobytes() != np.concatenate(theirs).tobytes():
            print(n, d, k, dtype.__name__)
"""


@pytest.mark.parametrize("kernel", ["", "Haswell", "Zen", "Nehalem"])
def test_distances_are_those_of_the_call_that_scikit_learn_makes(kernel):
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", AGAINST_BLAS], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == ""
