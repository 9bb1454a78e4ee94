"""Scaled numbers against mpmath, at exponents that doubles do not have."""

from __future__ import annotations

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workings.arithmetic.scaled import Scaled

numbers = st.builds(
    lambda value, exponent: Scaled.of(np.float64(value), exponent), st.floats(1e-300, 1e300), st.integers(-5000, 5000)
)


def exact(value):
    return mpmath.ldexp(mpmath.mpf(float(value.mantissa.high)) + float(value.mantissa.low), int(value.exponent))


def error(value, truth):
    assert 0.7 < value.mantissa.high < 1.42  # normalised
    return abs(exact(value) - truth) / truth


@given(numbers, numbers)
def test_operations(a, b):
    with mpmath.workdps(60):
        x, y = exact(a), exact(b)
        # at most 16 times 2^-106, the bound of DoubleDouble's quotient
        assert error(a + b, x + y) < 2e-31
        assert error(a * b, x * y) < 2e-31
        assert error(a / b, x / y) < 2e-31
        assert error(a.sqrt(), mpmath.sqrt(x)) < 2e-31


@given(numbers)
def test_logarithm(a):
    with mpmath.workdps(60):
        log = a.log()
        # 2^-53 z^5 with z up to 0.1716, the bound of `log`
        assert abs(mpmath.mpf(float(log.high)) + float(log.low) - mpmath.log(exact(a))) < 3e-20 + 1e-30 * abs(log.high)


@given(st.floats(-1e-3, 1e-3))
def test_logarithm_beside_one(t):
    with mpmath.workdps(60):
        a = Scaled.of(np.float64(1.0 + t))
        log = a.log()
        assert abs(mpmath.mpf(float(log.high)) + float(log.low) - mpmath.log(exact(a))) < 1e-31


@given(st.floats(-3000, 3000))
def test_exponential(power):
    with mpmath.workdps(60):
        assert error(Scaled.exp(np.float64(power)), mpmath.exp(mpmath.mpf(power))) <= 2.0**-52 * abs(power) + 1e-31


def test_value_leaves_the_range_of_doubles_quietly():
    with np.errstate(over="ignore"):
        assert Scaled.of(np.float64(1.0), 2000).value().high == np.inf
    assert Scaled.of(np.float64(1.0), -2000).value().high == 0.0
    assert Scaled.of(np.float64(5e-324)).value().high == 5e-324
