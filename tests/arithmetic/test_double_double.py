"""Each operation against exact fractions, within the bounds that were proved for it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.arithmetic.double_double import DoubleDouble

# far enough from both ends that no partial product or error of them leaves the range of doubles
magnitudes = st.floats(1e-90, 1e90)
numbers = st.builds(
    lambda high, low, sign: DoubleDouble.sum(np.float64(sign * high), np.float64(high * low * 2.0**-53)),
    magnitudes,
    st.floats(-1, 1),
    st.sampled_from([-1, 1]),
)
SQUARED = Fraction(1, 2**106)


def exact(number):
    return Fraction(float(number.high)) + Fraction(float(number.low))


def check(number, truth, bound):
    assert number.high == float(exact(number))  # normalised: the high part is the rounding of both
    assert abs(exact(number) - truth) <= bound * SQUARED * abs(truth)


@given(numbers, numbers)
def test_operations_keep_their_bounds(a, b):
    check(a + b, exact(a) + exact(b), 4)
    check(a - b, exact(a) - exact(b), 4)
    check(a * b, exact(a) * exact(b), 7)
    check(a / b, exact(a) / exact(b), 16)


@given(numbers)
def test_sums_that_cancel(a):
    b = DoubleDouble(-a.high, a.low * 0.75)
    assert exact(a + b) == exact(a) + exact(b)
    assert exact(a - a) == 0


@given(numbers)
def test_square_roots(a):
    root = DoubleDouble(abs(a.high), np.sign(a.high) * a.low).sqrt()
    # |root^2 - a| = |root - sqrt(a)| |root + sqrt(a)|, so twice the bound of the root
    check(root * 1.0, exact(root), 0)
    assert abs(exact(root) ** 2 - abs(exact(a))) <= Fraction(27, 4) * SQUARED * abs(exact(a))


@given(magnitudes, magnitudes)
def test_high_parts_are_correctly_rounded(a, b):
    """Two exact doubles and a handful of operations end one rounding away from the truth."""
    value = (DoubleDouble.product(np.float64(a), np.float64(b)) / 3.0 + 1.0) * 7.0
    assert value.high == float((Fraction(a) * Fraction(b) / 3 + 1) * 7)


def test_arrays_and_numbers_on_either_side():
    array = np.array([[1.0, 2.0], [4.0, 9.0]])
    numbers = DoubleDouble.of(array)
    for result in (numbers + 1.0, 1.0 + numbers, np.float64(1.0) + numbers, np.ones(2) + numbers, numbers + np.ones(2)):
        assert isinstance(result, DoubleDouble)
        np.testing.assert_array_equal(result.high, array + 1)
    np.testing.assert_array_equal((array - numbers / 2.0).high, array / 2)
    np.testing.assert_array_equal((array * numbers).high, array**2)
    np.testing.assert_array_equal((1.0 / numbers).high, 1 / array)
    np.testing.assert_array_equal((array / numbers).high, np.ones((2, 2)))
    np.testing.assert_array_equal(numbers.sqrt().high, np.sqrt(array))


def test_zero_and_negative_roots():
    with np.errstate(all="raise"):
        root = DoubleDouble.of(np.array([0.0, 4.0])).sqrt()
    assert root.high.tolist() == [0.0, 2.0]
    assert root.low.tolist() == [0.0, 0.0]
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(DoubleDouble.of(-1.0).sqrt().high)
