"""NIST's certified standard errors, residual standard deviations, R² and F; and the exact ones of the doubles."""

from __future__ import annotations

import re
from fractions import Fraction
from importlib.resources import files

import mpmath
import numpy as np
import pytest
from tests.linear_model.oracle import correct_digits, with_condition

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.rational import least_squares
from workings.linear_model import LinearRegression
from workings.linear_model.inference import infer
from workings.linear_model.inference.precision import accurate_fit
from workings.linear_model.inference.rows import Rows
from workings.validate.nist import NAMES, load

# 15 printed digits. Filip's decimals, read into doubles, leave 7.6 digits of the exact standard errors themselves.
FLOORS = dict.fromkeys(NAMES, 13.5) | {"Filip": 7.5}
# The residuals of Filip and Pontius are small against y, whose reading into doubles they feel.
F_FLOORS = dict.fromkeys(NAMES, 13.4) | {"Filip": 9.0}

F_STATISTIC = re.compile(r"^\s*Regression\s+\d+\s+\S+\s+\S+\s+(\S+)\s*$", re.MULTILINE)


def certified_f(name):
    return F_STATISTIC.search(files("workings.validate.nist").joinpath(f"{name}.dat").read_text("ascii"))[1]


def nist_inference(name):
    certified = load(name)
    model = LinearRegression(fit_intercept=certified.fit_intercept).fit(certified.X, certified.y)
    return certified, infer(model, certified.X, certified.y)


@pytest.mark.parametrize("name", NAMES)
def test_certified_values(name):
    certified, inference = nist_inference(name)
    assert correct_digits(inference.standard_errors, certified.standard_errors) >= FLOORS[name]
    assert correct_digits([inference.residual_sd], [certified.residual_sd]) >= (9.5 if name == "Filip" else 13.5)
    assert correct_digits([inference.r_squared], [certified.r_squared]) >= (11.5 if name == "Filip" else 14.5)
    expected = certified_f(name)
    if expected == "Infinity":
        # Wampler2's coefficients, and so its y, are no doubles: the fit is exact to their rounding
        assert inference.f_statistic > 1e28
        assert inference.f_p_value < 1e-200
    else:
        assert correct_digits([inference.f_statistic], [expected]) >= F_FLOORS[name]


def test_an_exact_fit_is_exact():
    _, inference = nist_inference("Wampler1")
    assert inference.residual_sum_of_squares == 0.0
    assert (inference.standard_errors == 0.0).all()
    assert (inference.t_values == np.inf).all()
    assert (inference.p_values == 0.0).all()
    assert inference.r_squared == 1.0
    assert inference.adjusted_r_squared == 1.0
    assert inference.f_statistic == np.inf
    assert inference.f_p_value == 0.0
    assert inference.log_likelihood == np.inf
    assert inference.aic == -np.inf
    assert "inf" in inference.summary()


def exact_inference(X, y, weights, intercept):
    """Return coefficients, standard errors, RSS and R² with 120 digits."""
    weights = np.ones(len(X)) if weights is None else weights
    with mpmath.workdps(120):
        A = mpmath.matrix((np.column_stack([np.ones(len(X)), X]) if intercept else X).tolist())
        WA = mpmath.diag(weights.tolist()) * A
        V = (A.T * WA) ** -1
        b = V * (WA.T * mpmath.matrix(y.tolist()))
        residual = mpmath.matrix(y.tolist()) - A * b
        squares = mpmath.fsum(w * r**2 for w, r in zip(weights.tolist(), residual, strict=True))
        freedom = int(np.sum(weights != 0)) - A.cols
        errors = [mpmath.sqrt(V[j, j] * squares / freedom) for j in range(A.cols)]
        pairs = [(mpmath.mpf(w), mpmath.mpf(v)) for w, v in zip(weights.tolist(), y.tolist(), strict=True)]
        mean = mpmath.fsum(w * v for w, v in pairs) / mpmath.fsum(w for w, _ in pairs) if intercept else 0
        spread = mpmath.fsum(w * (v - mean) ** 2 for w, v in pairs)
        r_squared = 1 - squares / spread
        return np.array([float(v) for v in b]), [float(e) for e in errors], float(squares), float(r_squared)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("condition", [1e0, 1e3, 1e6, 1e9, 1e12])
def test_the_bits_of_standard_errors(condition, weighted, intercept):
    """Every standard error is the correct rounding of the exact one; scales, offsets and weights far apart."""
    rng = np.random.default_rng(int(np.log10(condition)) + 20 * weighted + 40 * intercept)
    for start_error in (0.0, 0.0, 1e-6):
        n, p = int(rng.integers(15, 30)), int(rng.integers(2, 6))
        X = with_condition(rng, n, p, condition) * 10.0 ** rng.uniform(-4, 4, p)
        if condition <= 1e6:
            X += 1e3 * np.abs(X).max(axis=0)
        y = X @ rng.standard_normal(p) / np.linalg.norm(X) + 10.0 ** rng.uniform(-6, 1) * rng.standard_normal(n)
        if start_error:
            y += 1e9 * np.abs(y).max()
        weights = 10.0 ** rng.uniform(-5, 5, n) if weighted else None
        if weighted:
            weights[3] = 0.0
        b, errors, squares, r_squared = exact_inference(X, y, weights, intercept)
        rows = Rows(X, y, weights, intercept=intercept)
        fit = accurate_fit(rows, rows.to_scaled(b * (1 + start_error * rng.standard_normal(len(b)))))
        variances = fit.variances() * fit.residual_squares / float(rows.n_rows - rows.n_columns)
        np.testing.assert_array_equal(rows.from_scaled(variances.sqrt().high), errors)
        exponent = rows.target_exponent + rows.root_exponent
        assert np.ldexp(fit.residual_squares.high, 2 * exponent) == squares
        if condition <= 1e6:
            model = LinearRegression(fit_intercept=intercept).fit(X, y, sample_weight=weights)
            inference = infer(model, X, y, weights)
            np.testing.assert_array_equal(inference.standard_errors, errors)
            # R² as a difference of nearly equal sums would be wrong in its first digits where it is near 0
            assert inference.r_squared == pytest.approx(r_squared, rel=1e-15, abs=0.0)


def relative_error(value, exact):
    return abs(float((Fraction(float(value.high)) + Fraction(float(value.low)) - exact) / exact))


@pytest.mark.parametrize("noise", [1e-12, 1e-4, 1e1])
@pytest.mark.parametrize("condition", [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e9, 1e12])
def test_eight_bits_to_spare(condition, noise):
    """Variances and sums of squares before their rounding, on either side of every switch between ways to get them."""
    rng = np.random.default_rng(int(np.log10(condition)))
    for n, offset in ((30, 0.0), (3000, 0.0), (300, 30.0 if condition <= 1e9 else 0.0)):
        X = with_condition(rng, n, 4, condition) * 10.0 ** rng.uniform(-4, 4, 4)
        X += offset * np.abs(X).max(axis=0)
        y = X @ rng.standard_normal(4) / np.linalg.norm(X) + noise * rng.standard_normal(n)
        weights = rng.uniform(0.1, 10.0, n) if offset else None
        exact = least_squares(X, y, sample_weight=weights)
        rows = Rows(X, y, weights, intercept=True)
        fit = accurate_fit(rows, rows.to_scaled(np.append(exact.intercept_, exact.coef_)))
        unit = Fraction(4) ** -(rows.target_exponent + rows.root_exponent)
        assert relative_error(fit.residual_squares, exact.residual_squares[0] * unit) <= 2.0**-61
        variances = fit.variances()
        for j, value in enumerate(exact.inverse_diagonal()):
            unit = Fraction(4) ** (int(rows.exponents[j]) + rows.root_exponent)
            one = DoubleDouble(variances.high[j], variances.low[j])
            assert relative_error(one, value * unit) <= 2.0**-61


@pytest.mark.parametrize("kind", ["HC0", "HC3"])
def test_robust_errors_keep_their_digits(kind):
    rng = np.random.default_rng(0)
    X = with_condition(rng, 20, 3, 1e9)
    y = rng.standard_normal(20)
    with mpmath.workdps(80):
        A = mpmath.matrix(np.column_stack([np.ones(20), X]).tolist())
        V = (A.T * A) ** -1
        residual = mpmath.matrix(y.tolist()) - A * (V * (A.T * mpmath.matrix(y.tolist())))
        hat = A * V * A.T
        power = {"HC0": 0, "HC3": 2}[kind]
        d = mpmath.diag([residual[i] ** 2 / (1 - hat[i, i]) ** power for i in range(20)])
        C = V * A.T * d * A * V
        expected = [float(mpmath.sqrt(C[j, j])) for j in range(4)]
    inference = infer(LinearRegression().fit(X, y), X, y).robust(kind)
    # sums of 20 terms of either sign in double arithmetic
    np.testing.assert_allclose(inference.standard_errors, expected, rtol=1e-13)


@pytest.mark.parametrize("far", [1.0, 1e6])
def test_predictions_keep_their_digits(far):
    """At condition 1e9 a new row times coefficients, or times their covariance, cancels in double arithmetic."""
    rng = np.random.default_rng(0)
    X, y = with_condition(rng, 20, 3, 1e9), rng.standard_normal(20)
    new = far * (rng.standard_normal((5, 20)) @ X)
    with mpmath.workdps(80):
        A = mpmath.matrix(np.column_stack([np.ones(20), X]).tolist())
        V = (A.T * A) ** -1
        b = V * (A.T * mpmath.matrix(y.tolist()))
        residual = mpmath.matrix(y.tolist()) - A * b
        variance = mpmath.fsum(r**2 for r in residual) / 16
        rows = [mpmath.matrix([[1.0, *row]]) for row in new.tolist()]
        means = [float((row * b)[0]) for row in rows]
        errors = [float(mpmath.sqrt((row * V * row.T)[0] * variance)) for row in rows]
    found = infer(LinearRegression().fit(X, y), X, y).predict(new)
    np.testing.assert_allclose(found["standard_error"], errors, rtol=1e-14)
    # what a prediction loses is relative to its standard error
    np.testing.assert_allclose(found["prediction"], means, rtol=0, atol=1e-14 * max(errors))
