"""Sums, roundings and comparisons without rounding, against rational numbers."""

from __future__ import annotations

from fractions import Fraction
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.arithmetic import compare_distances, exact_sums, rounded_fractions, rounded_sum

doubles = st.floats(-1e150, 1e150, allow_subnormal=True)
mixed = st.one_of(doubles, st.integers(-9, 9).map(float), st.floats(-1, 1), st.sampled_from([5e-324, 1e-300, -1e-160]))
tables = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=mixed)


@given(tables)
def test_sums_of_columns(columns):
    assert exact_sums(columns) == [sum(map(Fraction, column), Fraction(0)) for column in columns.T.tolist()]


@given(st.data())
def test_weighted_sums_of_columns(data):
    columns = data.draw(tables)
    weights = data.draw(arrays(np.float64, len(columns), elements=mixed.map(abs)))
    expected = [
        sum((Fraction(w) * Fraction(x) for w, x in zip(weights.tolist(), column, strict=True)), Fraction(0))
        for column in columns.T.tolist()
    ]
    assert exact_sums(columns, weights) == expected


@given(arrays(np.float64, st.integers(1, 50), elements=mixed))
def test_rounded_sums(values):
    assert rounded_sum(values) == fsum(values)


def test_a_long_sum_does_not_depend_on_the_order():
    rng = np.random.RandomState(0)
    values = rng.standard_normal(300_000) * 10.0 ** rng.randint(-20, 20, 300_000)
    assert rounded_sum(values) == rounded_sum(rng.permutation(values)) == fsum(values)


@given(st.fractions(-(10**6), 10**6), st.integers(-160, 100))
def test_rational_numbers_are_rounded_once(value, exponent):
    value *= Fraction(2) ** exponent
    (single,) = rounded_fractions([value], np.float32)
    around = [np.nextafter(single, np.float32(side)) for side in (-np.inf, np.inf)]
    away = abs(Fraction(float(single)) - value)
    for other in around:
        other_away = abs(Fraction(float(other)) - value)
        assert away < other_away or (away == other_away and single.view(np.int32) % 2 == 0)
    assert rounded_fractions([value], np.float64).tolist() == [float(value)]


def test_midpoints_between_singles_and_what_lies_beside_them():
    bit, speck = Fraction(1, 2**23), Fraction(1, 2**80)
    almost = Fraction(7, 8 * 2**52)  # rounds to double one bit away from the midpoint
    values = [1 + bit / 2, 1 + bit / 2 + speck, 1 + bit / 2 + almost, 1 + 3 * bit / 2, 1 + 3 * bit / 2 - speck]
    expected = [1, 1 + bit, 1 + bit, 1 + 2 * bit, 1 + bit]
    assert rounded_fractions(values, np.float32).tolist() == [float(value) for value in expected]
    assert rounded_fractions([-value for value in values], np.float32).tolist() == [-float(x) for x in expected]


def sign(x: list[float], a: list[float], b: list[float]) -> int:
    far = [sum((Fraction(p) - Fraction(q)) ** 2 for p, q in zip(x, point, strict=True)) for point in (a, b)]
    return (far[0] > far[1]) - (far[0] < far[1])


def expected_signs(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> list[int]:
    return [sign(*rows) for rows in zip(x.tolist(), a.tolist(), b.tolist(), strict=True)]


@given(st.data())
def test_the_nearer_point(data):
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    elements = data.draw(
        st.sampled_from([mixed, st.integers(-2, 2).map(float), st.integers(-3, 3).map(lambda i: i / 3)])
    )
    x, a, b = (data.draw(arrays(np.float64, shape, elements=elements)) for _ in range(3))
    assert compare_distances(x, a, b).tolist() == expected_signs(x, a, b)


@pytest.mark.parametrize("d", [1, 2, 16, 100, 784])
@pytest.mark.parametrize("offset", [0.0, 5e5])
def test_points_almost_halfway(d, offset):
    rng = np.random.RandomState(d)
    a, b = rng.standard_normal((2, 12, d)) + offset
    x = (a + b) / 2  # but for a rounding
    a[:4], b[:4] = x[:4] - np.rint(8 * (x[:4] - a[:4])) / 8, x[:4] + np.rint(8 * (x[:4] - a[:4])) / 8
    a[4:6, 0] = np.nextafter(a[4:6, 0], np.inf)
    found = compare_distances(x, a, b).tolist()
    assert found == expected_signs(x, a, b)
    assert {-1, 1} <= set(found)


def test_exact_ties_of_numbers_with_all_their_bits():
    rng = np.random.RandomState(0)
    x = rng.standard_normal((50, 7))
    x[:, 3] = 0
    a = rng.standard_normal((50, 7))
    b = a.copy()
    b[:, 3] = -a[:, 3]
    assert not compare_distances(x, a, b).any()
    b[:, 3] = np.nextafter(b[:, 3], 0)
    assert (compare_distances(x, a, b) == 1).all()


def test_coordinates_too_far_apart_for_slices():
    x, a, b = np.array([[1e-150, 1e150]]), np.array([[0.0, 1e150]]), np.array([[3e-150, 1e150]])
    assert compare_distances(x, a, b).tolist() == [-1]
    assert compare_distances(x, b, a).tolist() == [1]
    assert compare_distances(np.array([[1.5e-150, 1e150]]), a, b).tolist() == expected_signs(
        np.array([[1.5e-150, 1e150]]), a, b
    )
