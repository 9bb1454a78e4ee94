"""The linear bounds: larger than every perturbation they speak of, and small enough to see a wrong digit."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.arithmetic.rational import least_squares
from workings.validate import datasets, nist
from workings.validate.bounds import LeastSquaresBounds, Problem, promise
from workings.validate.compare import AGREEMENT
from workings.validate.exact import score

QUANTITIES = ("coef_", "intercept_", "predict", "score")


def problem(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, *, intercept: bool = True) -> Problem:
    exact = least_squares(X, y, fit_intercept=intercept, sample_weight=weight)
    return Problem(X, y, exact, intercept, weight)


def values(given: Problem, X: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    fit = given.exact
    return {
        "coef_": fit.coef_,
        "intercept_": fit.intercept_,
        "predict": fit.predict(X),
        "score": np.asarray(score(fit, X, y, given.sample_weight)),
    }


@pytest.mark.parametrize("collinearity", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_exact_answer_to_perturbed_data_stays_within_the_bound(
    collinearity: float, noise: float, weighted: bool
) -> None:
    # (B.1) is about any columnwise perturbation of relative size epsilon: apply the whole of it, solve exactly
    rng = np.random.RandomState(3)
    X = rng.normal(size=(40, 4))
    X[:, 3] = X[:, 2] + collinearity * X[:, 3]
    X *= [1.0, 1e4, 1e-3, 1e-3]
    y = X @ [1.0, 1e-4, 1e3, -1e3] + noise * rng.normal(size=40)
    weight = np.linspace(0.5, 2.0, 40) if weighted else None
    given = problem(X, y, weight)
    bounds = LeastSquaresBounds(given)
    base = values(given, X, y)
    for draw in range(5):
        signs = np.random.RandomState(draw).choice([-1.0, 1.0], size=X.shape) / np.sqrt(len(X))
        lengths = np.linalg.norm(X - X.mean(axis=0), axis=0)
        moved = problem(X + bounds.epsilon * signs * lengths, y, weight)
        for name, value in values(moved, X, y).items():
            if name == "score":  # scored on the unperturbed data, as (B.1) has it
                value = np.asarray(score(moved.exact, X, y, weight))
            assert np.abs(value - base[name]).max() <= bounds.absolute(name)


def test_the_bound_is_not_a_blank_cheque() -> None:
    data = datasets.diabetes()
    bounds = LeastSquaresBounds(problem(data.X, data.y))
    assert promise("coef_", 800.0, [bounds]).tolerance < 1e-10
    assert promise("predict", 300.0, [bounds]).tolerance < 1e-11


def test_units_of_columns_do_not_matter() -> None:
    data = datasets.turnover_and_rate()
    bounds = LeastSquaresBounds(problem(data.X, data.y))
    assert 1.0 <= bounds.condition < 1.5


def test_squaring_the_condition_number() -> None:
    entry = nist.load("Filip")
    given = problem(entry.X, entry.y)
    plain, squared = LeastSquaresBounds(given), LeastSquaresBounds(given, squared=True)
    assert plain.condition == pytest.approx(3.8e9, rel=0.05)
    assert np.isfinite(plain.absolute("coef_"))
    assert squared.absolute("coef_") == np.inf
    allowed = promise("coef_", 1.0, [squared])
    assert allowed.tolerance == AGREEMENT
    assert "too much to call agreement" in allowed.reason


@pytest.mark.parametrize("name", ["Norris", "Filip", "Wampler5"])
def test_a_correct_rounding_is_within_one_rounding_and_nothing_else_is(name: str) -> None:
    entry = nist.load(name)
    given = problem(entry.X, entry.y)
    bounds = LeastSquaresBounds(given, rounded=True)
    for quantity, rounded, exact in (
        ("coef_", given.exact.coef_, given.exact.coef[0]),
        ("intercept_", given.exact.intercept_, given.exact.intercept),
    ):
        error = max(abs(Fraction(float(v)) - e) for v, e in zip(np.ravel(rounded), exact, strict=True))
        assert error <= bounds.absolute(quantity) <= UNIT_ROUNDOFF * np.abs(rounded).max()
    fitted, truth = entry.X @ given.exact.coef_ + given.exact.intercept_, given.exact.predict(entry.X)
    assert np.abs(fitted - truth).max() <= bounds.absolute("predict")
    assert bounds.absolute("predict") < LeastSquaresBounds(given).absolute("predict")


def test_data_errors_count_for_a_correct_rounding_too() -> None:
    entry = nist.load("Longley")
    given = problem(entry.X, entry.y)
    rounded = LeastSquaresBounds(given, rounded=True, data_error=UNIT_ROUNDOFF)
    assert 0 < rounded.epsilon < LeastSquaresBounds(given, data_error=UNIT_ROUNDOFF).epsilon
    assert rounded.absolute("coef_") > LeastSquaresBounds(given, rounded=True).absolute("coef_")
    assert "B.1" in rounded.formula


def test_reading_decimals_counts_in_lengths_before_centring() -> None:
    entry = nist.load("Longley")
    given = problem(entry.X, entry.y)
    plain, read = LeastSquaresBounds(given), LeastSquaresBounds(given, data_error=UNIT_ROUNDOFF)
    year = entry.X[:, 5]
    stretch = np.linalg.norm(year) / np.linalg.norm(year - year.mean())
    assert read.epsilon == pytest.approx(plain.epsilon + stretch * UNIT_ROUNDOFF, rel=1e-9)
    assert stretch > 400


def test_two_sides_add_up_and_are_named_once() -> None:
    data = datasets.diabetes()
    bounds = LeastSquaresBounds(problem(data.X, data.y))
    one, two = promise("coef_", 1.0, [bounds]), promise("coef_", 1.0, [bounds, bounds])
    assert min(1.0, 2 * one.tolerance) == two.tolerance
    assert two.reason.count("condition number") == 1


def test_accumulated_is_never_above_the_classical_bound() -> None:
    for m in (1, 2, 10, 74, 75, 1000, 10**6):
        assert accumulated(m) <= m * UNIT_ROUNDOFF
    assert accumulated(10**6) < 1e-2 * 10**6 * UNIT_ROUNDOFF


@pytest.mark.parametrize("m", [100, 10_000])
def test_accumulated_covers_sums_whose_terms_are_rounded(m: int) -> None:
    for seed in range(20):
        terms = np.random.RandomState(seed).uniform(0, 1, m)
        total = 0.0
        for term in terms.tolist():
            total += term
        assert abs(total - math.fsum(terms.tolist())) <= accumulated(m) * math.fsum(terms.tolist())
