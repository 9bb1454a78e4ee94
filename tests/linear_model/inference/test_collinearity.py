"""Variance inflation and condition indices: against published values, mpmath and statsmodels."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor
from tests.linear_model.oracle import nist

from workings.linear_model.inference.collinearity import collinearity, condition_indices, variance_inflation
from workings.linear_model.inference.jacobi import jacobi_svd

LONGLEY = ["deflator", "gnp", "unemployed", "armed", "population", "year"]


def by_mpmath(X, weights=None, *, centred, fit_intercept=True):
    """Return variance inflation, condition indices and proportions from the Gram matrix to 120 digits.

    With a matrix of rational numbers nothing is rounded before the eigenvalues.
    """
    rows = [[Fraction(v) for v in row] for row in np.asarray(X, dtype=float).tolist()]
    w = [Fraction(1)] * len(rows) if weights is None else [Fraction(v) for v in np.asarray(weights).tolist()]
    if centred:
        means = [sum(a * b for a, b in zip(w, column, strict=True)) / sum(w) for column in zip(*rows, strict=True)]
        rows = [[v - m for v, m in zip(row, means, strict=True)] for row in rows]
    elif fit_intercept:
        rows = [[Fraction(1), *row] for row in rows]
    p = len(rows[0])
    gram = [[sum(a * row[i] * row[j] for a, row in zip(w, rows, strict=True)) for j in range(p)] for i in range(p)]
    with mpmath.workdps(120):
        G = mpmath.matrix([[mpmath.mpf(v.numerator) / v.denominator for v in row] for row in gram])
        lengths = [mpmath.sqrt(G[j, j]) for j in range(p)]
        G = mpmath.matrix([[G[i, j] / lengths[i] / lengths[j] for j in range(p)] for i in range(p)])
        values, V = mpmath.eigsy(G)  # ascending
        order = range(p - 1, -1, -1)
        indices = [float(mpmath.sqrt(values[p - 1] / values[k])) for k in order]
        parts = [[V[j, k] ** 2 / values[k] for j in range(p)] for k in order]
        totals = [sum(part[j] for part in parts) for j in range(p)]
        proportions = [[float(part[j] / totals[j]) for j in range(p)] for part in parts]
        return np.array([float(v) for v in totals]), np.array(indices), np.array(proportions)


def sample(seed, n=20, p=4):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng


def test_longley_as_published():
    X, *_ = nist("Longley")
    result = collinearity(pd.DataFrame(X, columns=LONGLEY))
    # the variance inflation of every textbook that has these data
    assert result.variance_inflation.round(2).tolist() == [135.53, 1788.51, 33.62, 3.59, 399.15, 758.98]
    # Belsley, Kuh and Welsch's number for the columns with the intercept (W. H. Greene, Econometric Analysis: 43275)
    assert result.uncentred.indices.round(2).tolist() == [1.0, 9.14, 12.26, 25.34, 230.42, 1048.08, 43275.04]
    # eigenvalues of the correlation matrix as published: 4.6034, 1.1753, 0.2034, 0.0149, 0.0026, 0.0004
    eigenvalues = 6 / np.sum(result.centred.indices**-2.0) / result.centred.indices**2
    assert eigenvalues.round(4).tolist() == [4.6034, 1.1753, 0.2034, 0.0149, 0.0026, 0.0004]
    assert result.sentences == (
        "Condition index 4.328e+04: intercept, gnp, unemployed and year nearly depend on each other.",
        "Condition index 1048: deflator and population nearly depend on each other.",
        "3 condition indices are 30 or more, and not each has two coefficients of its own; together they have more "
        "than half of the variance of intercept, deflator, gnp, unemployed, population and year.",
        "Centred: Condition index 110.5: gnp, unemployed, population and year nearly depend on each other.",
        "Centred: 2 condition indices are 30 or more, and not each has two coefficients of its own; together they have "
        "more than half of the variance of deflator, gnp, unemployed, population and year.",
    )


def test_two_columns_by_hand():
    # centred (-3, -1, 1, 3) / 2 and (-1, -1, 1, 1): correlation 8 / sqrt(20 * 4) = 0.8944, its square 4/5
    X = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 3.0], [4.0, 3.0]])
    assert variance_inflation(X) == pytest.approx([5.0, 5.0], rel=1e-15)
    table = condition_indices(X, centred=True)
    r = np.sqrt(0.8)
    assert table.indices == pytest.approx([1.0, np.sqrt((1 + r) / (1 - r))], rel=1e-14)
    # both coefficients have the variance (1/(1 + r) + 1/(1 - r)) / 2
    assert table.proportions == pytest.approx(np.array([[1 - r] * 2, [1 + r] * 2]) / 2, rel=1e-14)


@pytest.mark.parametrize("gap", [1.0, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
def test_against_mpmath(gap, weighted, intercept):
    X, rng = sample(1)
    X[:, 3] = X[:, 0] - X[:, 1] + gap * rng.standard_normal(20)
    weights = rng.uniform(0.1, 10.0, 20) if weighted else None
    inflation, indices, proportions = by_mpmath(X, weights, centred=intercept, fit_intercept=intercept)
    # the condition number, some 3 / gap, has no part in it; proportions add up to 1
    tolerance, apart = 1e-14, 1e-14
    assert variance_inflation(X, weights, fit_intercept=intercept) == pytest.approx(inflation, rel=tolerance)
    table = condition_indices(X, weights, centred=intercept, fit_intercept=intercept)
    assert table.indices == pytest.approx(indices, rel=tolerance)
    assert table.proportions == pytest.approx(proportions, abs=apart)
    uncentred = condition_indices(X, weights, fit_intercept=intercept)
    _, indices, proportions = by_mpmath(X, weights, centred=False, fit_intercept=intercept)
    assert uncentred.indices == pytest.approx(indices, rel=tolerance)
    assert uncentred.proportions == pytest.approx(proportions, abs=apart)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_offsets_and_units_cost_no_digits(offset):
    X, rng = sample(2)
    X = X * np.array([1e-4, 1.0, 1.0, 1e4]) + offset * np.array([1e-4, 1.0, -3.0, 0.0])
    weights = rng.uniform(0.1, 10.0, 20)
    inflation, indices, proportions = by_mpmath(X, weights, centred=True)
    result = collinearity(X, weights)
    assert result.variance_inflation == pytest.approx(inflation, rel=1e-14)
    assert result.centred.indices == pytest.approx(indices, rel=1e-14)
    assert result.centred.proportions == pytest.approx(proportions, rel=1e-13)
    _, indices, proportions = by_mpmath(X, weights, centred=False)
    assert indices[-1] > offset  # LAPACK's singular values would lose that many digits
    assert result.uncentred.indices == pytest.approx(indices, rel=1e-14)
    assert result.uncentred.proportions == pytest.approx(proportions, rel=1e-13)


def test_against_statsmodels():
    X, _ = sample(3, n=60)
    X[:, 1] += 2 * X[:, 0]
    Z = np.column_stack([np.ones(60), X])
    theirs = [variance_inflation_factor(Z, j) for j in range(1, 5)]
    # theirs is 1 / (1 - R²), so that the inflation itself, below 10, multiplies its rounding
    assert variance_inflation(X) == pytest.approx(theirs, rel=1e-13)


@given(st.integers(0, 10**6), st.integers(1, 6), st.booleans(), st.booleans())
def test_invariants(seed, p, intercept, weighted):
    X, rng = sample(seed, n=12, p=p)
    weights = rng.uniform(0.01, 10.0, 12) if weighted else None
    result = collinearity(X, weights, fit_intercept=intercept)
    assert result.variance_inflation.min() >= 1 - 1e-14
    assert (result.centred is None) == (not intercept)
    for table in (result.uncentred, result.centred):
        if table is not None:
            assert table.indices[0] == 1
            assert (np.diff(table.indices) >= 0).all()
            assert table.proportions.sum(axis=0) == pytest.approx(np.ones(len(table.coefficients)), rel=1e-14)
            assert table.proportions.min() >= 0


@given(st.integers(0, 10**6), st.floats(-8, 8), st.floats(-1e6, 1e6))
def test_units_and_offsets_change_no_centred_figure(seed, power, shift):
    X, _ = sample(seed, n=12)
    X = np.ldexp(np.rint(np.ldexp(X, 20)), -20)  # so that shifts by whole numbers are exact
    moved = (X + np.array([np.rint(shift), 0.0, 0.0, 0.0])) * np.array([1.0, 10.0**power, 1.0, 1.0])
    before, after = collinearity(X), collinearity(moved)
    # multiplication rounds the data, and the condition number is below 100
    assert after.variance_inflation == pytest.approx(before.variance_inflation, rel=1e-12)
    assert after.centred.indices == pytest.approx(before.centred.indices, rel=1e-12)


def test_orthogonal_columns_inflate_nothing():
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    result = collinearity(X)
    assert result.variance_inflation == pytest.approx([1.0, 1.0], rel=1e-15)
    assert result.uncentred.indices == pytest.approx([1.0, 1.0, 1.0], rel=1e-15)
    assert result.sentences == ()


def test_integer_weights_equal_repeated_rows():
    X, rng = sample(4)
    weights = rng.integers(0, 4, 20).astype(float)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    one, other = collinearity(X, weights), collinearity(repeated)
    assert one.variance_inflation == pytest.approx(other.variance_inflation, rel=1e-13)
    assert one.uncentred.indices == pytest.approx(other.uncentred.indices, rel=1e-13)


def test_exact_dependencies_are_infinite_and_named():
    X, _ = sample(5, p=6)
    X[:, 2] = X[:, 0] + X[:, 1]
    X[:, 5] = -8 * X[:, 4]
    frame = pd.DataFrame(X, columns=list("abcdef"))
    result = collinearity(frame)
    assert np.isinf(result.variance_inflation[[0, 1, 2, 4, 5]]).all()
    # the one that is free: as if one of each dependency did not exist
    alone = by_mpmath(X[:, [0, 1, 3, 4]], centred=True)[0][2]
    assert result.variance_inflation[3] == pytest.approx(alone, rel=1e-13)
    for table in (result.uncentred, result.centred):
        assert np.isinf(table.indices).sum() == 2
        assert np.isfinite(table.indices[-3])
        assert table.dependencies == (("a", "b", "c"), ("e", "f"))
        assert table.proportions.sum(axis=0) == pytest.approx(np.ones(len(table.coefficients)), rel=1e-13)
        for name in "abcef":
            assert table.frame()[name].to_numpy()[-2:].sum() == pytest.approx(1.0, rel=1e-13)
        assert table.frame()["d"].to_numpy()[-2:].tolist() == [0.0, 0.0]
    assert result.sentences[:2] == (
        "Condition index infinite: a, b and c depend on each other exactly.",
        "Condition index infinite: e and f depend on each other exactly.",
    )


def test_indicators_of_every_group_depend_on_the_intercept():
    groups = np.eye(3)[np.array([0, 0, 1, 1, 1, 2, 2, 0])]
    result = collinearity(groups)
    assert result.uncentred.dependencies == (("intercept", "x0", "x1", "x2"),)
    assert result.centred.dependencies == (("x0", "x1", "x2"),)
    without = collinearity(groups, fit_intercept=False)
    assert without.variance_inflation == pytest.approx(np.ones(3), rel=1e-15)
    assert without.sentences == ()


def test_constant_columns_are_left_out():
    X, _ = sample(6)
    result, without = collinearity(np.insert(X, 1, 0.1, axis=1)), collinearity(X)
    assert np.isinf(result.variance_inflation[1])
    assert np.array_equal(np.delete(result.variance_inflation, 1), without.variance_inflation)
    assert result.constant == ("x1",)
    assert result.uncentred.coefficients == ("intercept", "x0", "x2", "x3", "x4")
    assert np.array_equal(result.uncentred.proportions, without.uncentred.proportions)
    assert result.sentences[0] == "x1 is constant: its coefficient is 0, and it has no part here."


def test_more_features_than_rows():
    X, _ = sample(7, n=4, p=6)
    result = collinearity(X)
    assert np.isinf(result.variance_inflation).all()
    assert np.isinf(result.centred.indices).tolist() == [False] * 3 + [True] * 3
    assert result.centred.dependencies == (tuple(f"x{j}" for j in range(6)),)


@pytest.mark.parametrize("rows", [1, 4])
def test_nothing_but_constants(rows):
    result = collinearity(np.ones((rows, 2)))
    assert np.isinf(result.variance_inflation).all()
    assert result.uncentred.indices.tolist() == [1.0]
    assert result.centred.frame().empty
    assert collinearity(np.zeros((rows, 2)), fit_intercept=False).uncentred.frame().empty


def test_frames():
    X, *_ = nist("Longley")
    result = collinearity(pd.DataFrame(X, columns=LONGLEY))
    assert result.frame().index.tolist() == LONGLEY
    assert np.array_equal(result.frame()["variance_inflation"], result.variance_inflation)
    frame = result.uncentred.frame()
    assert frame.columns.tolist() == ["condition_index", "intercept", *LONGLEY]
    assert np.array_equal(frame["condition_index"], result.uncentred.indices)
    assert np.array_equal(frame["year"], result.uncentred.proportions[:, 6])
    assert np.array_equal(frame, np.column_stack([result.uncentred.indices, result.uncentred.proportions]))
    assert variance_inflation(X).tolist() == result.variance_inflation.tolist()
    assert condition_indices(X).indices.tolist() == result.uncentred.indices.tolist()
    assert condition_indices(X, centred=True).proportions.tolist() == result.centred.proportions.tolist()


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_the_largest_and_smallest_numbers(scale):
    X, _ = sample(8)
    moved = X * np.array([scale, 1.0, 1 / scale, 1.0])
    assert variance_inflation(moved) == pytest.approx(variance_inflation(X), rel=1e-13)
    assert condition_indices(moved).indices == pytest.approx(condition_indices(X).indices, rel=1e-13)


def test_what_cannot_be_answered_says_why():
    X, _ = sample(9)
    with pytest.raises(ValueError, match="does not centre"):
        condition_indices(X, centred=True, fit_intercept=False)
    with pytest.raises(ValueError, match="NaN"):
        variance_inflation(np.where(X > 1, np.nan, X))
    with pytest.raises(ValueError, match="Negative values"):
        collinearity(X, -np.ones(20))


def test_filip():
    X, *_ = nist("Filip")
    inflation, indices, _ = by_mpmath(X, centred=True)
    assert inflation.max() > 1e17  # R² is 1 less than a unit in its last place
    result = collinearity(X)
    # 82 additions in each sum
    assert result.variance_inflation == pytest.approx(inflation, rel=1e-13)
    assert result.centred.indices == pytest.approx(indices, rel=1e-13)


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_offsets_beside_near_dependencies(seed, p):
    # pivoting by the lengths of each table keeps both apart, whichever columns they fall on
    X, rng = sample(seed, n=15, p=p)
    a, b = rng.permutation(p)[:2]
    X[:, a] = X[:, b] + 1e-8 * X[:, a]
    X += 1e7 * (rng.random(p) < 0.5)
    result = collinearity(X)
    inflation, indices, proportions = by_mpmath(X, centred=True)
    assert result.variance_inflation == pytest.approx(inflation, rel=1e-13)
    assert result.centred.indices == pytest.approx(indices, rel=1e-13)
    assert result.centred.proportions == pytest.approx(proportions, abs=1e-11)
    _, indices, proportions = by_mpmath(X, centred=False)
    assert result.uncentred.indices == pytest.approx(indices, rel=1e-13)
    assert result.uncentred.proportions == pytest.approx(proportions, abs=1e-11)


@given(st.integers(0, 10**6), st.integers(1, 9))
def test_rotations_decompose(seed, r):
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((r + 1, r)) * 10.0 ** rng.uniform(-9, 0, (r + 1, 1))
    U, spectrum, V = jacobi_svd(B / np.linalg.norm(B, axis=0))
    assert pytest.approx(np.eye(r), abs=1e-14) == U.T @ U
    assert pytest.approx(np.eye(r), abs=1e-14) == V.T @ V
    assert pytest.approx(B / np.linalg.norm(B, axis=0), abs=1e-14) == U * spectrum @ V.T
    assert (np.diff(spectrum) <= 0).all()
