"""After ``solver="decimal"``, inference is that of the decimals."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from tests.linear_model.inference.test_certified import certified_f, exact_inference

from workings.linear_model import LinearRegression
from workings.linear_model.inference import infer
from workings.validate.exact import correct_digits
from workings.validate.nist import NAMES, load

# 15 printed digits are at best within half a unit of the last: a relative 5e-15 of 1.00000000000000
PRINTED = -np.log10(5e-15)


def inferred(X, y, weights=None, **options):
    model = LinearRegression(solver="decimal", **options).fit(X, y, sample_weight=weights)
    return infer(model, X, y, weights)


@pytest.mark.parametrize("name", NAMES)
def test_all_printed_digits_of_the_certified_values(name):
    certified = load(name)
    inference = inferred(certified.X, certified.y, fit_intercept=certified.fit_intercept)
    f_statistic = certified_f(name)
    for values, expected in (
        (inference.coefficients, certified.estimates),
        (inference.standard_errors, certified.standard_errors),
        ([inference.residual_sd], [certified.residual_sd]),
        ([inference.r_squared], [certified.r_squared]),
        ([inference.f_statistic], [f_statistic]) if f_statistic != "Infinity" else ([], []),
    ):
        assert correct_digits(values, [Fraction(value) for value in expected]) >= PRINTED
    if f_statistic == "Infinity":
        assert inference.f_statistic == np.inf
    # residuals of powers that were read as such, not of their roundings
    freedom = inference.residual_degrees_of_freedom
    assert np.sqrt(inference.residuals @ inference.residuals / freedom) == pytest.approx(
        float(certified.residual_sd), rel=1e-13
    )
    diagonal = np.diag(inference.covariance())
    np.testing.assert_allclose(np.sqrt(diagonal), inference.standard_errors, rtol=1e-15)


def table(rng, n, p, exponent=-2):
    """Return decimals as mpmath reads them, and the doubles that they are read into."""
    written = [[f"{v}e{exponent}" for v in row] for row in rng.integers(-9999, 9999, (n, p)).tolist()]
    return np.array([[mpmath.mpf(v) for v in row] for row in written]), np.array(written, dtype=float)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("exponent", [-2, -40, 30])
def test_the_bits(weighted, intercept, exponent):
    """Everything is the correct rounding of what 120 digits say of the decimals, whatever the unit of X."""
    rng = np.random.default_rng(3)
    with mpmath.workdps(120):
        (A, X), (t, y) = table(rng, 20, 3, exponent), table(rng, 20, 1)
        w, weights = (np.abs(v[:, 0]) for v in table(rng, 20, 1)) if weighted else (None, None)
        if weighted:
            w[4] = weights[4] = 0.0
        beta, errors, squares, r_squared = exact_inference(A, t[:, 0], w, intercept)
    inference = inferred(X, y[:, 0], weights, fit_intercept=intercept)
    np.testing.assert_array_equal(inference.standard_errors, errors)
    assert inference.residual_sum_of_squares == squares
    assert inference.r_squared == r_squared
    fitted = np.hstack([np.ones((20, int(intercept))), X]) @ beta
    # fitted values of up to 100 are summed from four rounded products
    np.testing.assert_allclose(inference.residuals, y[:, 0] - fitted, rtol=0, atol=1e-13)
    assert inference.influence().leverage.sum() == pytest.approx(3 + intercept)


def test_reading_doubles_as_they_are_gives_other_standard_errors():
    certified = load("Filip")
    model = LinearRegression().fit(certified.X, certified.y)
    found = infer(model, certified.X, certified.y).standard_errors
    assert correct_digits(found, [Fraction(value) for value in certified.standard_errors]) < 9


def test_other_data_are_refused():
    rng = np.random.default_rng(5)
    X, y, weights = (table(rng, 30, p)[1] for p in (3, 1, 1))
    y, weights = y[:, 0], np.abs(weights[:, 0])
    model = LinearRegression(solver="decimal").fit(X, y)
    changed = y.copy()
    changed[17] = np.nextafter(changed[17], np.inf)
    for data in ((X, changed), (X[::-1], y), (X[:-1], y[:-1]), (X, y, weights)):
        with pytest.raises(ValueError, match="not the data the model was fitted on"):
            infer(model, *data)
    infer(model, X[::-1], y[::-1])
    weighted = LinearRegression(solver="decimal").fit(X, y, sample_weight=weights)
    infer(weighted, X, y, weights)


def test_single_precision():
    """float32 numbers are read as their own shortest decimals."""
    X, y = (table(np.random.default_rng(6), 12, p)[1] for p in (2, 1))
    single = inferred(X.astype(np.float32), y[:, 0].astype(np.float32))
    np.testing.assert_array_equal(single.standard_errors, inferred(X, y[:, 0]).standard_errors)
    assert single.coefficients.astype(np.float32).tolist() == single.coefficients.tolist()
