"""Digits: against NIST's certified values and against rational arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from tests.linear_model.oracle import correct_digits, exact_solution, nist, scaled_condition, with_condition

from workings.linear_model import LinearRegression
from workings.linear_model.normal_equations import NEGLIGIBLE

U = 2.0**-53

# Certified values have 15 printed digits. The floor of each set is what the exact answer of the doubles reaches: their
# decimals were rounded when they were read, and the powers of Filip when they were computed.
FLOORS = {
    "Norris": 14.0,
    "Pontius": 13.4,
    "NoInt1": 14.6,
    "NoInt2": 14.9,
    "Filip": 7.5,
    "Longley": 14.5,
    "Wampler1": 14.9,
    "Wampler2": 13.1,
    "Wampler3": 14.9,
    "Wampler4": 14.9,
    "Wampler5": 14.9,
}


def parameters(model):
    coef = np.ravel(model.coef_)
    return np.append(model.intercept_, coef) if model.fit_intercept else coef


@pytest.mark.parametrize("name", FLOORS)
def test_nist(name):
    X, y, certified, intercept = nist(name)
    model = LinearRegression(fit_intercept=intercept).fit(X, y)
    assert correct_digits(parameters(model), certified) >= FLOORS[name]


def test_filip_is_exact_for_the_doubles_passed_in():
    """Half of the certified digits are lost before the fit, when powers of the decimals are rounded to doubles."""
    X, y, _, _ = nist("Filip")
    model = LinearRegression().fit(X, y)
    assert model.solution_.certificate.method == "exact Gram matrix"
    assert parameters(model).tolist() == [float(value) for value in exact_solution(X, y)]


@pytest.mark.parametrize("condition", [1e1, 1e3, 1e5, 1e6])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("solver", ["normal", "qr"])
def test_fast_solvers_against_rational_arithmetic(condition, noise, offset, solver):
    rng = np.random.default_rng(int(np.log10(condition)) + 10 * int(noise))
    X = with_condition(rng, 25, 4, condition) + offset
    y = X @ np.array([1.0, -2.0, 3.0, 0.5]) + noise * rng.standard_normal(25)
    model = LinearRegression(solver=solver).fit(X, y)
    exact = np.array([float(v) for v in exact_solution(X, y)])[1:]
    error = np.linalg.norm(model.coef_ - exact) / np.linalg.norm(exact)
    # The theory's bound for one refinement (Higham, theorem 20.1), k u (1 + k |r| / |A||z|), times a constant of the
    # size of p; the normal equations leave k^2 u, which a refinement squares unless it is negligible already. Centring
    # rounds the offset, by as many units as it is times larger than the spread.
    k = scaled_condition(X)
    centred = X - X.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    theory = k * U * (1 + k * np.linalg.norm(y - model.predict(X)) / np.linalg.norm(exact * lengths))
    theory *= 1 + offset * np.sqrt(len(X)) / lengths.min()
    gram = k**2 * U
    assert error <= 10 * (theory + (gram if gram <= NEGLIGIBLE else gram**2)) + 2 * U
    # lengths between 0.7 and 1.4 may double it; the bound from 1-norms may be 4**0.75 times too large
    assert k / 2 <= model.solution_.condition <= 2 * 4**0.75 * k


@pytest.mark.parametrize("solver", ["normal", "qr", "svd"])
def test_every_solver_against_rational_arithmetic(solver):
    rng = np.random.default_rng(3)
    X = with_condition(rng, 30, 5, 100.0) * [1e-6, 1.0, 1e3, 1e6, 1e9]
    y = rng.standard_normal(30)
    weights = rng.random(30)
    model = LinearRegression(solver=solver).fit(X, y, sample_weight=weights)
    exact = np.array([float(v) for v in exact_solution(X, y, weights)])
    # condition 100 at most times n p u, relative to the largest coefficient in scaled columns
    scale = np.append(1.0, X.std(axis=0))
    error = np.abs(parameters(model) - exact) * scale
    assert error.max() <= 100**2 * 10 * U * np.abs(exact * scale).max()
    assert model.solution_.solver == solver


def test_inverse_of_gram_at_condition_1e7():
    """The textbook one-liner inv(X'X) X'y loses every digit that the squared condition number costs."""
    rng = np.random.default_rng(0)
    X = with_condition(rng, 40, 4, 1e7)
    y = X @ np.array([1.0, 2.0, 3.0, 4.0]) + 1e-3 * rng.standard_normal(40)
    exact = exact_solution(X, y)[1:]
    centred = X - X.mean(axis=0)
    one_liner = np.linalg.inv(centred.T @ centred) @ centred.T @ (y - y.mean())
    assert correct_digits(one_liner, exact) < 5
    model = LinearRegression().fit(X, y)
    assert model.coef_.tolist() == [float(value) for value in exact]


def test_svd_with_a_missing_transpose():
    """With V in place of V' the coefficients are wrong for every design whose V is not symmetric."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((20, 3)) @ np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 5.0], [0.0, 0.0, 1.0]])
    y = rng.standard_normal(20)
    centred = X - X.mean(axis=0)
    left, spectrum, right = np.linalg.svd(centred, full_matrices=False)
    mistaken = right @ ((left.T @ (y - y.mean())) / spectrum)
    exact = exact_solution(X, y)[1:]
    assert correct_digits(mistaken, exact) < 1
    assert correct_digits(LinearRegression(solver="svd").fit(X, y).coef_, exact) > 12


def test_nonnegative_solution_is_refined():
    rng = np.random.default_rng(8)
    X = with_condition(rng, 30, 3, 1e5)
    y = X @ np.array([1.0, 2.0, 3.0])  # all positive, so the constraint changes nothing
    exact = exact_solution(X, y)[1:]
    # the Gram matrix alone leaves k^2 u = 1e-6; one refinement k u = 1e-11, times a constant
    assert correct_digits(LinearRegression(positive=True).fit(X, y).coef_, exact) >= 10


@pytest.mark.parametrize("offset", [1e6, 1e9])
@pytest.mark.parametrize("rows", [30, 3000])
def test_wide_means_keep_their_digits(offset, rows):
    rng = np.random.default_rng(5)
    X = rng.integers(-50, 50, (rows, 3)) + offset  # exactly representable, so the answer is known
    y = (X - offset) @ [1.0, 2.0, 3.0] + rng.standard_normal(rows)
    shifted = LinearRegression().fit(X - offset, y)
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, shifted.coef_, rtol=1e-13)
    np.testing.assert_allclose(model.intercept_, shifted.intercept_ - offset * shifted.coef_.sum(), rtol=1e-13)


def test_dollars_and_rate():
    """Two independent features of very different scale: scikit-learn's default drops the one that matters."""
    rng = np.random.default_rng(0)
    dollars = rng.normal(5e6, 1e6, 500)
    rate = rng.normal(0.05, 0.01, 500)
    y = 1e-6 * dollars + 199.0 * rate + rng.normal(0.0, 0.1, 500)
    X = np.column_stack([dollars, rate])
    exact = [float(v) for v in exact_solution(X, y)]
    ours = LinearRegression().fit(X, y)
    np.testing.assert_allclose(ours.coef_, exact[1:], rtol=1e-12)
    assert ours.rank_ == 2
    assert ours.coef_[1] == pytest.approx(199.0, rel=0.01)
    cut = LinearRegression(tol=1e-6).fit(X, y)
    assert cut.rank_ == 1
    assert abs(cut.coef_[1]) < 1e-9
    assert cut.score(X, y) < ours.score(X, y) - 0.1


def test_float32_is_accumulated_in_float64():
    rng = np.random.default_rng(2)
    X = (rng.standard_normal((20000, 3)) + 100).astype(np.float32)
    y = (X @ np.array([1.0, 2.0, 3.0]) + rng.standard_normal(20000)).astype(np.float32)
    model = LinearRegression().fit(X, y)
    reference = LinearRegression().fit(X.astype(np.float64), y.astype(np.float64))
    assert model.coef_.dtype == np.float32
    assert model.predict(X).dtype == np.float32
    np.testing.assert_array_equal(model.coef_, reference.coef_.astype(np.float32))
    assert model.intercept_ == np.float32(reference.intercept_)
