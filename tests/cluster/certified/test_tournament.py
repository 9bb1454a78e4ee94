"""The two smallest of each column against sorting the same numbers one by one."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.cluster.certified.tournament import MOST_CONTESTANTS, packing_error, two_smallest

VANISHING = 1e-43  # what an index makes of zero, of which it cannot change a share


def packed(value: float, index: int, bits: int) -> float:
    """The number with the index in its last bits, made by hand."""
    (word,) = struct.unpack("<I", struct.pack("<f", value))
    word = (word >> bits << bits) | index
    (number,) = struct.unpack("<f", struct.pack("<I", word))
    return float(number)


def index_bits(k: int) -> int:
    return next(bits for bits in range(1, 8) if 2**bits >= k)


def awkward_table(k: int, m: int) -> np.ndarray:
    rng = np.random.RandomState(k)
    table = rng.standard_normal((k, m)).astype(np.float32)
    table[:, ::5] = rng.randint(-2, 3, size=table[:, ::5].shape)  # ties, zeros
    table[:, 1::5] *= np.float32(1e-20)
    table[:, 2::5] = np.abs(table[:, 2::5])
    table[:, 3::5] = 1 + np.float32(2.0**-22) * rng.randint(0, 9, size=table[:, 3::5].shape)  # nearly ties
    return table


@pytest.mark.parametrize("k", [*range(1, 20), 31, 32, 33, 40, 47, 63, 64])
def test_two_smallest_of_the_packed_numbers(k):
    table = awkward_table(k, 83)
    index, smallest, second = two_smallest(table.copy())
    assert index.dtype == np.int32
    for column in range(table.shape[1]):
        entries = sorted((packed(value, i, index_bits(k)), i) for i, value in enumerate(table[:, column]))
        assert smallest[column] == entries[0][0]
        assert index[column] == entries[0][1]
        assert second[column] == (entries[1][0] if k > 1 else np.inf)


@pytest.mark.parametrize("k", [1, 2, 3, 8, 9, 33, 64])
def test_packing_changes_a_number_by_no_more_than_it_says(k):
    table = awkward_table(k, 500).astype(np.float64)
    index, smallest, second = two_smallest(table.astype(np.float32))
    two = np.sort(table, axis=0)
    columns = np.arange(table.shape[1])
    # the smallest of numbers that each move by a share of themselves moves by that share of the largest that can win
    slack = packing_error(k) * np.abs(two[: min(k, 2)]).max(axis=0) + VANISHING
    assert (np.abs(smallest - two[0]) <= slack).all()
    assert (table[index, columns] - two[0] <= 2 * slack).all()
    if k > 1:
        assert (np.abs(second - two[1]) <= slack).all()


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, MOST_CONTESTANTS), st.integers(0, 4)),
        elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False),
    )
)
def test_any_numbers_of_any_shape(table):
    k, m = table.shape
    index, smallest, second = two_smallest(table.copy())
    assert index.shape == smallest.shape == second.shape == (m,)
    error = packing_error(k)
    for column, found in enumerate(index.tolist()):
        values = sorted(table[:, column].astype(np.float64).tolist())
        assert 0 <= found < k
        assert (
            abs(smallest[column] - float(table[found, column])) <= error * abs(float(table[found, column])) + VANISHING
        )
        assert smallest[column] <= values[0] + error * abs(values[0]) + VANISHING
        if k > 1:
            assert abs(second[column] - values[1]) <= error * max(abs(values[0]), abs(values[1])) + VANISHING


def test_the_error_is_that_of_the_bits_an_index_needs():
    # 24 digits of which `bits` are lost: at most 2^bits - 1 units of the last place, 2^-23 of the number
    assert [packing_error(k) for k in (1, 2, 3, 4, 5, 64)] == [2.0**e for e in (-22, -22, -21, -21, -20, -17)]


@pytest.mark.parametrize("k", [2, 5, 64])
def test_what_is_not_a_number_never_wins_a_proof(k):
    for poison in (np.nan, np.inf):
        table = np.ones((k, 1), dtype=np.float32)
        table[k // 2] = poison
        _, smallest, second = two_smallest(table)
        assert not second[0] > smallest[0]
