"""Every printed digit of NIST's certified values, from data read as the decimals they were printed as."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from workings.arithmetic.rational import least_squares
from workings.linear_model import LinearRegression
from workings.linear_model.decimal import MOST_FEATURES, MOST_VALUES, Decimal, decimal_fit
from workings.linear_model.design import Design
from workings.validate import nist
from workings.validate.exact import correct_digits

# 15 printed digits are at best within half a unit of the last: a relative 5e-15 of 1.00000000000000
PRINTED = -np.log10(5e-15)


def certified(name):
    """Return X, y, the certified values and errors; powers as anybody computes them, rounded to double."""
    entry = nist.load(name)
    X = entry.X
    if name in nist.DEGREES:
        X = X[:, :1] ** np.arange(1, nist.DEGREES[name] + 1)
    return entry, X, [Fraction(s) for s in entry.estimates], [Fraction(s) for s in entry.standard_errors]


@pytest.mark.parametrize("name", nist.NAMES)
def test_all_printed_digits_of_the_certified_values(name):
    entry, X, estimates, errors = certified(name)
    model = LinearRegression(solver=Decimal(), fit_intercept=entry.fit_intercept).fit(X, entry.y)
    values = [model.intercept_, *model.coef_] if entry.fit_intercept else model.coef_
    assert correct_digits(values, estimates) >= PRINTED
    fit = decimal_fit(Design(X, entry.y[:, np.newaxis], centred=entry.fit_intercept))
    assert correct_digits(fit.standard_errors(len(X) - len(estimates)), errors) >= PRINTED


def test_reading_doubles_as_they_are_loses_digits():
    """What the decimals are worth: the exact answer for Filip's doubles has half as many of the printed digits."""
    entry, X, estimates, _ = certified("Filip")
    fit = least_squares(X, entry.y)
    assert correct_digits([*fit.intercept_[np.newaxis], *fit.coef_], estimates) < 8


def table(rng, n, p):
    """Return decimals of four places and the doubles that they are read into."""
    written = np.array([[Fraction(int(v), 10**4) for v in row] for row in rng.integers(-(10**6), 10**6, (n, p))])
    return written, written.astype(float)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_coefficients_and_intercept_are_correct_roundings(weighted, intercept):
    rng = np.random.default_rng(7)
    (written, X), (targets, Y) = table(rng, 30, 4), table(rng, 30, 2)
    weights, given_weights = (abs(column[:, 0]) for column in table(rng, 30, 1)) if weighted else (None, None)
    exact = least_squares(written, targets, fit_intercept=intercept, sample_weight=weights)
    before = X.copy(), Y.copy()
    model = LinearRegression(solver=Decimal(), fit_intercept=intercept).fit(X, Y, sample_weight=given_weights)
    np.testing.assert_array_equal(model.coef_, exact.coef_)
    np.testing.assert_array_equal(model.intercept_, exact.intercept_ if intercept else 0.0)
    low = model.solution_.coef_low
    for target in range(2):
        for j, value in enumerate(exact.coef[target]):
            assert low[j, target] == float(value - Fraction(float(model.coef_[target, j])))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])
    assert model.solution_.solver == "decimal"
    assert model.rank_ == 4
    np.testing.assert_allclose(
        model.singular_,
        LinearRegression(solver="svd", fit_intercept=intercept).fit(X, Y, given_weights).singular_,
        rtol=1e-12,
    )


def test_a_line_of_decimals_is_found_again():
    """With y = 0.1 x + 0.3 in decimals both coefficients are those decimals, however far x lies from zero."""
    x = np.array([1e6 + k / 10 for k in range(5)])
    y = np.array([float(Fraction(str(v)) / 10 + Fraction(3, 10)) for v in x])
    model = LinearRegression(solver=Decimal()).fit(x[:, np.newaxis], y)
    assert model.coef_.tolist() == [0.1]
    assert model.intercept_ == 0.3
    assert model.solution_.coef_low.tolist() == [[float(Fraction(1, 10) - Fraction(0.1))]]


def test_constant_columns_get_zero():
    rng = np.random.default_rng(1)
    X = np.column_stack([np.full(10, 0.1), rng.standard_normal(10)])
    y = rng.standard_normal(10)
    model = LinearRegression(solver=Decimal()).fit(X, y)
    alone = LinearRegression(solver=Decimal()).fit(X[:, 1:], y)
    assert model.coef_.tolist() == [0.0, *alone.coef_]
    assert model.intercept_ == alone.intercept_
    assert model.rank_ == 1
    nothing = LinearRegression(solver=Decimal()).fit(np.ones((4, 1)), [0.1, 0.2, 0.3, 0.4])
    assert nothing.coef_.tolist() == [0.0]
    assert nothing.intercept_ == 0.25


def test_rows_of_weight_zero_do_not_count():
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((12, 2)), rng.standard_normal(12)
    weights = np.array([1.0, 0.0, 2.5] * 4)
    kept = weights > 0
    model = LinearRegression(solver=Decimal()).fit(X, y, sample_weight=weights)
    alone = LinearRegression(solver=Decimal()).fit(X[kept], y[kept], sample_weight=weights[kept])
    np.testing.assert_array_equal(model.coef_, alone.coef_)


@pytest.mark.parametrize(
    "X",
    [
        np.column_stack([np.arange(6) / 10, np.round(np.arange(6) / 10 + 0.7, 1)]),
        np.column_stack([[0.1, 0.4, 0.2, 0.9], [0.2, 0.1, 0.7, 0.8], [0.3, 0.5, 0.9, 1.7]]),
        np.random.default_rng(0).standard_normal((3, 5)),
    ],
    ids=["shifted", "sum of two", "more columns than rows"],
)
def test_dependent_columns_are_refused(X):
    # in doubles, 0.2 + 0.7 is not 0.9: only the decimals depend on each other exactly
    with pytest.raises(ValueError, match="Look for columns that repeat or sum to one another"):
        LinearRegression(solver=Decimal()).fit(X, np.arange(len(X)) ** 2.0)


def test_a_sparse_design_is_refused():
    with pytest.raises(ValueError, match=r"pass X\.toarray\(\)"):
        LinearRegression(solver=Decimal()).fit(scipy.sparse.csr_array(np.eye(4)), np.arange(4.0))


@pytest.mark.parametrize("shape", [(MOST_VALUES // 2 + 1, 1), (MOST_FEATURES + 2, MOST_FEATURES + 1)])
def test_what_would_take_hours_is_refused(shape):
    X = np.random.default_rng(0).standard_normal(shape)
    with pytest.raises(ValueError, match="would take too long in rational numbers"):
        LinearRegression(solver=Decimal()).fit(X, X[:, 0])


def test_coefficients_beyond_the_range_of_doubles_are_refused():
    X = np.array([[1e-200], [2e-200], [4e-200]])
    with pytest.raises(ValueError, match="too large for float64"):
        LinearRegression(solver=Decimal()).fit(X, np.array([1e200, 2e200, 3e200]))
