"""Chosen rows get the labels that they get among all rows, in the last bit of every tie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from workings.cluster.dense import BLOCK, DenseRows
from workings.cluster.rows import as_rows


def ties(n: int, d: int, dtype: type) -> np.ndarray:
    """Thirds of small integers: many rows are as near to two centres as rounding can tell."""
    return (np.random.RandomState(n + d).randint(0, 3, size=(n, d)) / 3).astype(dtype)


def choices(n: int) -> dict[str, np.ndarray]:
    rng = np.random.RandomState(n)
    return {
        "none": np.empty(0, dtype=np.intp),
        "all": np.arange(n),
        "the last": np.array([n - 1]),
        "one of each block": np.arange(0, n, BLOCK),
        "backwards": np.arange(n)[::-1],
        "some": rng.permutation(n)[: n // 3],
        "some of them twice": rng.randint(0, n, size=n // 2),
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    ("n", "d", "k"), [(1, 3, 2), (5, 4, 3), (256, 6, 9), (257, 6, 12), (1500, 5, 20), (600, 3, 300)]
)
def test_chosen_rows_are_labelled_as_among_all(n, d, k, container, dtype):
    X = ties(n, d, dtype)
    rows: Any = as_rows(container(X), np.ones(n, dtype=dtype))
    centers = ties(k, d + 1, dtype)[:, 1:].copy()
    expected = rows.nearest(centers)
    for name, chosen in choices(n).items():
        found = rows.nearest_of(chosen, centers)
        assert found.dtype == np.int32
        assert np.array_equal(found, expected[chosen]), name


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("d", [129, 500, 1100])
def test_chosen_rows_of_wide_tables(d, dtype):
    X = ties(2 * BLOCK + 45, d, dtype)
    rows = DenseRows(X, np.ones(len(X), dtype=dtype))
    expected = rows.nearest(X[:8])
    for name, chosen in choices(len(X)).items():
        assert np.array_equal(rows.nearest_of(chosen, X[:8]), expected[chosen]), name


def test_a_chosen_row_keeps_the_place_in_its_block_on_which_its_last_bits_depend():
    # equal rows, which a product may round differently from place to place
    X = np.repeat(ties(1, 7, np.float64), 3 * BLOCK + 3, axis=0)
    centers = np.concatenate([1 - X[:4], X[:1] + ties(6, 7, np.float64)[:, ::-1]])
    rows = DenseRows(X, np.ones(len(X)))
    expected = rows.nearest(centers)
    for row in (0, 5, BLOCK - 1, BLOCK, 2 * BLOCK + 17, len(X) - 2, len(X) - 1):
        assert rows.nearest_of(np.array([row]), centers).tolist() == [expected[row]]
