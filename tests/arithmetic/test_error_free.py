"""Nothing is lost: every transformation against exact fractions, over the range it promises."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workings.arithmetic.error_free import fast_two_sum, split, sum_rows, two_product, two_sum

any_double = st.floats(-8e307, 8e307)


def exact(*parts):
    return sum((Fraction(float(part)) for part in parts), Fraction(0))


@given(any_double, any_double)
def test_two_sum_is_exact_down_to_subnormal_numbers(a, b):
    a, b = np.float64(a), np.float64(b)
    total, error = two_sum(a, b)
    assert total == a + b
    assert exact(total, error) == exact(a, b)
    larger, smaller = (a, b) if abs(a) >= abs(b) else (b, a)
    assert fast_two_sum(larger, smaller) == (total, error)


@given(st.floats(-6e299, 6e299))
def test_halves_are_exact_and_short_enough_to_multiply(a):
    high, low = split(np.float64(a))
    assert exact(high, low) == Fraction(a)
    for half in (high, low):
        numerator = abs(Fraction(float(half)).numerator)
        assert (numerator // (numerator & -numerator or 1)).bit_length() <= 26


@given(st.floats(-6e299, 6e299), st.floats(-6e299, 6e299))
def test_two_product_is_exact_in_its_range(a, b):
    size = abs(Fraction(a) * Fraction(b))
    assume(size == 0 or Fraction(1, 2**968) <= size <= 2**1022)
    product, error = two_product(np.float64(a), np.float64(b))
    assert product == a * b
    assert exact(product, error) == Fraction(a) * Fraction(b)


def test_two_product_at_the_edges_of_its_range():
    odd = np.float64(1 + 2.0**-52)
    for a, b in ((odd * 2.0**-484, odd * 2.0**-484), (odd * 2.0**995, odd * 2.0**26), (odd * 2.0**511, odd * 2.0**510)):
        product, error = two_product(a, b)
        assert exact(product, error) == exact(a) * exact(b)
    # one bit beyond, the error's last bit falls below the smallest double
    product, error = two_product(odd * 2.0**-486, odd * 2.0**-486)
    assert exact(product, error) != exact(odd * 2.0**-486) ** 2


def test_arrays_broadcast():
    a, b = np.array([[0.1], [1e16]]), np.array([0.2, 1.0, -1e-3])
    for transform, operation in ((two_sum, Fraction.__add__), (two_product, Fraction.__mul__)):
        high, low = transform(a, b)
        assert high.shape == low.shape == (2, 3)
        for i in range(2):
            for j in range(3):
                assert exact(high[i, j], low[i, j]) == operation(Fraction(float(a[i, 0])), Fraction(float(b[j])))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 1001])
def test_sum_rows_of_cancelling_terms(n):
    rng = np.random.default_rng(n)
    terms = rng.standard_normal((n, 2)) * 10.0 ** rng.integers(-8, 9, (n, 2))
    terms = np.vstack([terms, -terms[::-1], [[1e-9, 3.0]]])
    high, low = sum_rows(terms)
    for column in range(2):
        total = exact(*terms[:, column])
        size = sum(abs(Fraction(float(v))) for v in terms[:, column])
        assert abs(exact(high[column], low[column]) - total) <= size * 20 * len(terms) / 2**106
