"""Blocks of rows, one after another, give what all rows give at once."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import mean_variance_axis

from workings.cluster.distances import distance_table, paired_squared_distances, sum_of_rows
from workings.cluster.lloyd import combine, statistics, update
from workings.cluster.rows import as_rows
from workings.cluster.sparse import feature_variances


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_statistics_of_blocks_combine_to_those_of_the_whole(container):
    rng = np.random.RandomState(0)
    # integers are added without rounding, so the grouping of the sums must not show
    dense = rng.randint(-9, 10, size=(700, 4)).astype(float)
    X, weights = container(dense), rng.randint(0, 4, size=700).astype(float)
    centers = dense[:5]
    rows = as_rows(X, weights)
    whole = statistics(rows, rows.nearest(centers), 5)
    blocks = [as_rows(X[start : start + 123], weights[start : start + 123]) for start in range(0, 700, 123)]
    together = combine([statistics(block, block.nearest(centers), 5) for block in blocks])
    assert np.array_equal(together.labels, whole.labels)
    assert np.array_equal(together.sums, whole.sums)
    assert np.array_equal(together.weights, whole.weights)
    assert np.array_equal(update(rows, centers, together), update(rows, centers, whole))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 3), (9, 1), (1000, 1), (1000, 2), (9000, 3), (257, 64), (0, 4)])
def test_rows_are_added_from_the_first_to_the_last(shape, dtype):
    block = np.random.RandomState(0).standard_normal(shape).astype(dtype)
    total = np.zeros(shape[1], dtype=dtype)
    for row in block:
        total = total + row
    assert sum_of_rows(block).tobytes() == total.tobytes()


@pytest.mark.parametrize("d", [1, 3, 4, 7, 64])
def test_paired_distances_add_four_features_at_a_time(d):
    rng = np.random.RandomState(d)
    A, B = rng.standard_normal((20, d)), rng.standard_normal((20, d))
    for a, b, found in zip(A, B, paired_squared_distances(A, B), strict=True):
        squares = [float(x - y) ** 2 for x, y in zip(a, b, strict=True)]
        total = 0.0
        whole = d // 4 * 4
        for i in range(0, whole, 4):
            total += ((squares[i] + squares[i + 1]) + squares[i + 2]) + squares[i + 3]
        for square in squares[whole:]:
            total += square
        assert found == total


def test_a_table_of_distances_has_an_exactly_zero_diagonal():
    A = np.random.RandomState(0).standard_normal((30, 5)) + 1e6
    assert (np.diag(distance_table(A, A)) == 0).all()
    assert (distance_table(A, A.copy(), squared=True) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_variances_count_the_zeros_that_are_not_stored(dtype):
    dense = np.random.RandomState(0).poisson(0.5, size=(200, 9)) * np.linspace(1, 3, 9)
    X = sp.csr_array(dense.astype(dtype))
    assert feature_variances(X).tobytes() == mean_variance_axis(X, axis=0)[1].tobytes()
    assert np.allclose(feature_variances(X), X.toarray().var(axis=0), rtol=1e-5 if dtype == np.float32 else 1e-13)
