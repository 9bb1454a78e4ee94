"""The index of the smallest entry of each row is that of `numpy.argmin`, ties included."""

from __future__ import annotations

import numpy as np
import pytest

from workings.cluster.smallest import index_of_smallest


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 3, 8, 15, 16, 17, 40])
def test_index_is_that_of_argmin_in_long_and_short_tables(k: int, dtype: type) -> None:
    rng = np.random.RandomState(k)
    for rows in (1, 256 * k - 1, 256 * k, 256 * k + 3):
        table = rng.standard_normal((rows, k)).astype(dtype)
        assert np.array_equal(index_of_smallest(table), table.argmin(axis=1))


@pytest.mark.parametrize("k", [2, 5, 16])
def test_lowest_index_wins_a_tie(k: int) -> None:
    rng = np.random.RandomState(k)
    table = rng.randint(0, 3, size=(6000, k)).astype(np.float64)
    expected = [row.index(min(row)) for row in table.tolist()]
    assert index_of_smallest(table).tolist() == expected
    assert not index_of_smallest(np.zeros((6000, k))).any()


def test_zeros_of_both_signs_are_a_tie() -> None:
    table = np.tile([0.0, -0.0], (1000, 1))
    assert not index_of_smallest(table).any()


def test_table_is_not_changed() -> None:
    table = np.random.RandomState(0).standard_normal((4000, 4))
    before = table.copy()
    index_of_smallest(table)
    assert np.array_equal(table, before)
    column_major = np.asfortranarray(before)
    index_of_smallest(column_major)
    assert np.array_equal(column_major, before)
