"""Decimals survive the way into a float and back, in every float's own type."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.arithmetic.decimals import decimal_columns, shortest_decimals


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.integers(-290, 280))
def test_decimals_of_15_digits_come_back(decimal: Decimal, exponent: int) -> None:
    written = decimal.scaleb(exponent)
    assert shortest_decimals(np.array([float(written)]))[0] == Fraction(written)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_the_rounding_of_its_decimal(value: float) -> None:
    decimal = shortest_decimals(np.array([value]))[0]
    assert float(decimal) == value
    assert decimal == Fraction(repr(value))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_each_float_is_read_in_its_own_type(dtype: type) -> None:
    read = shortest_decimals(np.array([[0.1, 2.5, 1e-4], [-0.3, 0.0, 7.0]], dtype=dtype))
    assert read.tolist() == [[Fraction(s) for s in ("0.1", "2.5", "0.0001")], [Fraction(s) for s in ("-0.3", "0", "7")]]


def test_integers_are_taken_as_they_are() -> None:
    numbers = np.array([2**62 + 1, -3])
    assert shortest_decimals(numbers).tolist() == [2**62 + 1, -3]
    assert shortest_decimals(np.array([True, False])).tolist() == [1, 0]
    assert shortest_decimals(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="drop or replace them first"):
        shortest_decimals(np.array([1.0, value]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("products", [False, True])
def test_powers_are_those_of_the_decimals(products: bool, dtype: type) -> None:
    rng = np.random.default_rng(0)
    written = np.array([Fraction(int(v), 10**5) for v in rng.integers(-900_000, 900_000, 50)], dtype=object)
    x = written.astype(dtype)[:, np.newaxis]
    degree = 10
    X = np.cumprod(np.repeat(x, degree, axis=1), axis=1) if products else x ** np.arange(1, degree + 1, dtype=dtype)
    assert X.dtype == dtype
    X = np.hstack([rng.standard_normal((50, 1)).astype(dtype), X])
    decimals, powers = decimal_columns(X)
    assert powers == {k: (1, k) for k in range(2, degree + 1)}
    assert (decimals[:, 1:] == written[:, np.newaxis] ** np.arange(1, degree + 1)).all()
    assert (decimals[:, 0] == shortest_decimals(X[:, 0])).all()


def test_other_columns_are_no_powers() -> None:
    x = np.array([0.1, 0.7, 1.1, -1.3])
    moved = x**2
    moved[2] *= 1 + 2.0**-48  # sixteen units in the last place
    table = np.column_stack([x, moved, np.round(x**3, 2), np.abs(x) ** 0.5, 2 * x**2, x * 0, x**0, x > 0.5])
    assert decimal_columns(table)[1] == {}
    decimals, powers = decimal_columns(np.column_stack([x**4, x**2, x]))
    assert powers == {0: (2, 4), 1: (2, 2)}
    assert decimals[0].tolist() == [Fraction(1, 10**4), Fraction(1, 100), Fraction(1, 10)]


def test_integers_powers_stay_exact_beyond_2_to_the_53() -> None:
    x = np.arange(90, 100)[:, np.newaxis]
    decimals, powers = decimal_columns(np.hstack([x, x.astype(float) ** 10]).astype(float))
    assert powers == {1: (0, 10)}
    assert decimals[:, 1].tolist() == [int(v) ** 10 for v in x[:, 0]]
