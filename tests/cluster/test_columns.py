"""Means and variances of columns have the bits of NumPy's, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from workings.cluster import columns
from workings.cluster.columns import column_means, column_variances, subtract_from_rows

SHAPES = [
    *((n, d) for n in (1, 2, 3, 7, 8, 9, 127, 128, 129, 1000) for d in (1, 2, 3, 4, 8, 17, 64)),
    (20_000, 1),
    (20_000, 2),
    (9000, 9),
    (513, 512),
    (3, 40_000),  # wider than a block
    (1, 70_000),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_bits_of_mean_and_variance(dtype, offset):
    for n, d in SHAPES:
        X = (np.random.RandomState(n + d).standard_normal((n, d)) + offset).astype(dtype)
        before = X.copy()
        for ours, theirs in (column_means(X), X.mean(axis=0)), (column_variances(X), X.var(axis=0)):
            assert ours.dtype == theirs.dtype == dtype
            assert ours.shape == (d,)
            assert ours.tobytes() == theirs.tobytes(), (n, d)
        assert np.array_equal(X, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("numbers", [1, 2, 7, 64, 1000])
def test_the_length_of_blocks_does_not_show(monkeypatch, numbers, dtype):
    monkeypatch.setattr(columns, "_NUMBERS", numbers)
    for n, d in [(1, 2), (2, 1), (50, 3), (201, 7), (333, 64)]:
        X = np.random.RandomState(n).standard_normal((n, d)).astype(dtype)
        assert column_variances(X).tobytes() == X.var(axis=0).tobytes()


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
        elements=st.floats(-1e100, 1e100),
    )
)
def test_any_numbers(X):
    # only the sign of a zero may differ: NumPy begins with the first row, and a sum here with nothing
    assert np.array_equal(column_means(X), X.mean(axis=0))
    assert np.array_equal(column_variances(X), X.var(axis=0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("n", "d"), [(1, 1), (1, 3), (2, 600), (511, 1), (512, 1), (513, 1), (170, 3), (171, 3), (9, 512)]
)
def test_a_row_is_taken_off_all_rows(n, d, dtype):
    rng = np.random.RandomState(n)
    X, row = rng.standard_normal((n, d)).astype(dtype), rng.standard_normal(d).astype(dtype)
    expected = np.array([[x - y for x, y in zip(line, row, strict=True)] for line in X])
    subtract_from_rows(X, row)
    assert X.tobytes() == expected.tobytes()
