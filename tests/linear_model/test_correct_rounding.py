"""The default is correctly rounded, says what it proved, and gives the same bits however it is computed."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.linear_model.oracle import exact_solution, nist, with_condition

from workings.arithmetic.rational import least_squares
from workings.arithmetic.rounding import decided, rounded
from workings.base import PrecisionWarning
from workings.linear_model import Exact, LinearRegression
from workings.linear_model.cholesky import factorise
from workings.linear_model.design import Design
from workings.linear_model.enclosure import enclose
from workings.linear_model.exact_gram import enclose_exactly
from workings.linear_model.residual import SlicedRows
from workings.validate.nist import NAMES

DATA_SETS = NAMES


def problem(seed):
    """A random problem: condition up to 1e12, columns scaled by 1e-4 to 1e4, offsets, weights, several targets."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 120))
    p = int(rng.integers(1, min(n - 2, 12)))
    X = with_condition(rng, n, p, 10 ** rng.uniform(0, 12)) if p > 1 else rng.standard_normal((n, 1))
    X = X / np.linalg.norm(X, axis=0) * 10 ** rng.uniform(-4, 4, p)
    kind = seed % 5
    intercept = bool(rng.random() < 0.7)
    if kind == 1 and intercept:
        X = X + 10 ** rng.uniform(0, 9) * rng.standard_normal(p) * np.abs(X).max(axis=0)
    if kind == 2:
        X = np.rint(10 * rng.standard_normal((n, p)))
    if kind == 3:
        X = X.astype(np.float32).astype(np.float64)
    y = X @ rng.standard_normal((p, seed % 3 + 1)) + np.abs(X).max() * 10 ** rng.uniform(-8, 2) * rng.standard_normal(
        (n, seed % 3 + 1)
    )
    if kind == 4:
        y = y + 1e9
    weights = None
    if rng.random() < 0.3:
        weights = rng.random(n) * 10 ** rng.uniform(-3, 3)
        weights[rng.random(n) < 0.1] = 0.0
    return X, y, weights, intercept


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 400, 100))
def test_every_rounding_is_correct(start):
    proved = 0
    for seed in range(start, start + 100):
        X, y, weights, intercept = problem(seed)
        try:
            exact = least_squares(X, y, fit_intercept=intercept, sample_weight=weights)
        except ValueError:  # weights of zero may leave too few rows
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrecisionWarning)
            model = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
        if model.solution_.certificate.proved:
            proved += 1
            np.testing.assert_array_equal(model.coef_, exact.coef_)
            np.testing.assert_array_equal(model.intercept_, exact.intercept_)
            assert model.solution_.certificate.digits > 15.9
            assert model.solution_.certificate.bound < 2.0**-53
    assert proved >= 97  # rounding the columns of offset data can make them dependent


@pytest.mark.parametrize("name", DATA_SETS)
def test_nist_sets_are_correctly_rounded(name):
    X, y, _, intercept = nist(name)
    model = LinearRegression(fit_intercept=intercept).fit(X, y)
    exact = [float(value) for value in exact_solution(X, y, intercept=intercept)]
    assert ([model.intercept_] if intercept else []) + model.coef_.tolist() == exact
    assert model.solution_.certificate.proved


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6, 9, 14])
def test_bits_do_not_depend_on_order_or_blocks(seed, monkeypatch):
    X, y, weights, intercept = problem(seed)
    reference = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    assert reference.solution_.certificate.proved
    order = np.random.default_rng(seed).permutation(len(X))
    orders = [(X[order], y[order], None if weights is None else weights[order]), (np.asfortranarray(X), y, weights)]
    for rows in (7, 2048):
        monkeypatch.setattr("workings.linear_model.rows.FEWEST_ROWS", rows)
        monkeypatch.setattr("workings.linear_model.rows.MOST_ROWS", rows)
        for A, b, w in orders:
            model = LinearRegression(fit_intercept=intercept).fit(A, b, w)
            assert model.coef_.tobytes() == reference.coef_.tobytes()
            assert model.intercept_.tobytes() == reference.intercept_.tobytes() if intercept else True


THREADS = """
import numpy as np
from workings.linear_model import LinearRegression
rng = np.random.default_rng(0)
for n, p, low in ((3000, 40, 0.0), (2000, 30, -6.0)):
    X = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-3, 3, p)
    X[:, 0] = X[:, 1] * 1.5 + 10.0**low * X[:, 0]
    y = (X * rng.standard_normal(p)).sum(axis=1) + rng.standard_normal(n)  # a product would come from BLAS
    model = LinearRegression().fit(X, y)
    assert model.solution_.certificate.proved
    print(model.coef_.tobytes().hex(), float(model.intercept_).hex(), model.solution_.certificate.method)
"""


def test_bits_do_not_depend_on_threads_or_kernels():
    """The number of threads and the processor's instructions change the order in which BLAS sums."""

    def run(**variables):
        environment = os.environ | variables
        return subprocess.run(
            [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
        ).stdout

    one = run(OPENBLAS_NUM_THREADS="1")
    assert "sliced residuals" in one
    assert "exact Gram matrix" in one
    assert run(OPENBLAS_NUM_THREADS="2") == one
    assert run(OPENBLAS_CORETYPE="Prescott") == one


def test_both_routes_agree():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((300, 6)) + 50.0, rng.standard_normal((300, 2))
    design = Design(X, y)
    factor = factorise(design.gram)
    first = factor.solve(design.cross)
    by_residuals = enclose(design, factor.inverse.T, first, factor.condition)
    by_gram = enclose_exactly(design, factor.inverse.T, first)
    for one, other in (
        (by_residuals, by_gram),
        (by_gram, by_residuals),
    ):
        distance = np.abs((one.values - other.values) + (one.low - other.low))
        assert (distance <= one.bound + other.bound).all()
    np.testing.assert_array_equal(by_residuals.values, by_gram.values)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_gradient_lies_within_its_bound(seed):
    """Against rational arithmetic, at coefficients that are no solution."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(3, 30)), int(rng.integers(1, 4))
    X = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-4, 4, p) + rng.choice([0.0, 1e3, 1e8])
    y = rng.standard_normal((n, 1)) * 10.0 ** rng.uniform(-4, 4)
    weights = rng.random(n) + 0.1 if seed % 2 else None
    design = Design(X, y, weights)
    rows = SlicedRows(design, 3 + seed % 2)
    z, constant = rng.standard_normal((len(design.active), 1)), rng.standard_normal(1)
    values = np.append(z, constant)[:, np.newaxis]
    gradient = rows.gradient(values, values * 1e-17)
    scale = [Fraction(v) for v in design.scale.tolist()]
    shift = [Fraction(v) for v in rows.shift.tolist()]
    sums = [Fraction(0)] * (p + 1)
    scaled_weights = [1.0] * n if weights is None else design._weights.tolist()
    for row, target, weight in zip(X.tolist(), y[:, 0].tolist(), scaled_weights, strict=True):
        a = [(Fraction(v) - c) * s for v, c, s in zip(row, shift, scale, strict=True)] + [Fraction(1)]
        b = [Fraction(v) + Fraction(w) for v, w in zip(z[:, 0].tolist(), (z[:, 0] * 1e-17).tolist(), strict=True)]
        b.append(Fraction(constant[0]) + Fraction(constant[0] * 1e-17))
        residual = Fraction(weight) * (Fraction(target) - sum(u * v for u, v in zip(a, b, strict=True)))
        sums = [total + u * residual for total, u in zip(sums, a, strict=True)]
    found = zip(gradient.total[:, 0], gradient.bound[:, 0], strict=True)
    for (total, bound), exact in zip(found, sums, strict=True):
        last_rounding = Fraction(2) ** -53 * abs(exact)
        assert abs(Fraction(float(total)) - exact) <= Fraction(float(bound)) * (1 + Fraction(2) ** -53) + last_rounding


def test_exact_zeros_and_ties_are_found():
    """No bound decides a number on a boundary; rational arithmetic does."""
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]) * 0.1
    y = np.array([3.0, 3.0, 1.0, 1.0]) / 3  # the second column has nothing to say
    model = LinearRegression().fit(X, y)
    assert model.coef_[1] == 0.0
    assert model.solution_.certificate.method == "rational arithmetic"
    assert model.solution_.certificate.proved
    halfway = LinearRegression().fit(np.array([[-1.0], [0.0], [0.0], [1.0]]), np.array([0.0, 1.0, 1.0 + 2.0**-51, 1.0]))
    exact = least_squares(np.array([[-1.0], [0.0], [0.0], [1.0]]), np.array([0.0, 1.0, 1.0 + 2.0**-51, 1.0]))
    assert halfway.intercept_ == exact.intercept_


def test_bits_that_were_cut_off_are_not_taken_for_zero():
    """The second coefficient is about -2**-1001, all of it from an entry 1000 binary orders below its column's top."""
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [2.0**-1000, 1.0]]), np.array([1.0, 0.0, 0.0])
    with pytest.warns(PrecisionWarning):
        model = LinearRegression(fit_intercept=False).fit(X, y)
    assert not model.solution_.certificate.proved


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.3, 0.0])
def test_constant_target(value):
    X = np.random.default_rng(0).standard_normal((40, 3))
    model = LinearRegression().fit(X, np.full(40, value))
    np.testing.assert_array_equal(model.coef_, 0.0)
    assert model.intercept_ == value
    assert model.solution_.certificate.proved


def test_float32_is_rounded_once():
    """Rounding to double first and to single then goes wrong where the double lies halfway between two singles."""
    above, below = 1.0 + 2.0**-24, 1.0 + 2.0**-24
    values = rounded(np.array([above, below, above]), np.array([2.0**-60, -(2.0**-60), 0.0]), np.float32)
    np.testing.assert_array_equal(values, np.array([1.0 + 2.0**-23, 1.0, 1.0], dtype=np.float32))
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((50, 3)).astype(np.float32), rng.standard_normal(50).astype(np.float32)
    model = LinearRegression().fit(X, y)
    exact = exact_solution(X.astype(float), y.astype(float))
    assert model.coef_.dtype == np.float32
    for value, truth in zip([model.intercept_, *model.coef_], exact, strict=True):
        nearest = np.float32(float(truth))
        assert value == nearest


def test_the_test_of_a_rounding():
    one = np.array([1.0])
    assert decided(one, np.array([1e-20]), np.array([1e-21]), np.float64).all()
    assert not decided(one, np.array([2.0**-53]), np.array([1e-25]), np.float64).any()  # the middle between two doubles
    middle = np.array([1.0 + 2.0**-24])  # between two singles
    assert decided(middle, np.array([1e-20]), np.array([1e-21]), np.float32).all()
    assert not decided(middle, np.array([1e-20]), np.array([2e-20]), np.float32).any()
    assert not decided(np.array([0.0]), np.array([1e-30]), np.array([2e-30]), np.float64).any()  # either sign


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, np.asarray])
def test_sparse_and_weighted_fits_are_correctly_rounded(make):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((80, 4)) * (rng.random((80, 4)) < 0.4)
    y, weights = rng.standard_normal(80), rng.random(80)
    model = LinearRegression().fit(make(X), y, weights)
    exact = least_squares(X, y, fit_intercept=True, sample_weight=weights)
    np.testing.assert_array_equal(model.coef_, exact.coef_)
    assert model.intercept_ == exact.intercept_


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.random.default_rng(0).standard_normal((5, 9)), "more features than rows"),
        (np.repeat(np.random.default_rng(0).standard_normal((9, 2)), 2, axis=1), "2 of 4 varying columns"),
        (np.vander(np.linspace(0.5, 1.5, 30), 26)[:, :-1], "varying columns are independent"),
    ],
)
def test_what_cannot_be_proved_is_said(X, words):
    y = np.arange(len(X), dtype=float)
    with pytest.warns(PrecisionWarning, match=words):
        model = LinearRegression().fit(X, y)
    certificate = model.solution_.certificate
    assert not certificate.proved
    assert certificate.digits == 0.0
    assert words in certificate.sentence
    with pytest.raises(ValueError, match="no single exact answer"):
        LinearRegression(solver=Exact()).fit(X, y)


def test_exact_raises_rather_than_prove_nothing():
    """Coefficients of 1e-319 have lost digits; "auto" gives them with a warning."""
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]) * 2.0**500, np.array([1.0, 2.0, 3.5]) * 2.0**-560
    with pytest.raises(ValueError, match="below the normal range"):
        LinearRegression(solver="exact", fit_intercept=False).fit(X, y)
    with pytest.warns(PrecisionWarning, match="below the normal range"):
        LinearRegression(fit_intercept=False).fit(X, y)


def test_fast_solvers_prove_nothing_and_do_not_warn():
    X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for solver in ("normal", "qr", "svd"):
            certificate = LinearRegression(solver=solver).fit(X, y).solution_.certificate
            assert not certificate.proved
            assert "nothing is proved" in certificate.sentence
