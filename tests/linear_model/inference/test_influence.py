"""Leverage, studentised residuals and deletions: against exact fractions, refits without each row, and statsmodels."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from statsmodels.stats.outliers_influence import OLSInfluence
from tests.linear_model.oracle import exact_solution, nist

from workings.base import UndefinedMetricWarning
from workings.linear_model.inference.influence import influence

QUANTITIES = (
    "leverage",
    "internally_studentized",
    "externally_studentized",
    "deletion_sd",
    "cooks_distance",
    "dffits",
    "dfbetas",
    "press_residuals",
    "press",
)


def exactly(X, y, weights=None, *, intercept=True):
    """Return residuals, their standard deviation, and every quantity, from rational arithmetic.

    By the definitions: each row is left out and the rest solved again. Only roots are taken in double arithmetic.
    """
    n = len(X)
    weights = np.ones(n) if weights is None else np.asarray(weights)
    Z = [([Fraction(1)] if intercept else []) + [Fraction(v) for v in row] for row in np.asarray(X).tolist()]
    p = len(Z[0])
    w, t = [Fraction(v) for v in weights.tolist()], [Fraction(v) for v in np.asarray(y).tolist()]

    def fit(kept):
        beta = exact_solution(X[kept], y[kept], weights[kept], intercept=intercept)
        e = [t[i] - sum(a * b for a, b in zip(Z[i], beta, strict=True)) for i in range(n)]
        rss = sum(w[i] * e[i] ** 2 for i in kept)
        used = sum(1 for i in kept if w[i])
        return beta, e, rss / (used - p)

    everything = list(range(n))
    beta, e, variance = fit(everything)
    gram = [[sum(w[i] * Z[i][a] * Z[i][b] for i in everything) for b in range(p)] for a in range(p)]
    inverse = inverted(gram)
    found = {name: [] for name in QUANTITIES[:-1]}
    press = Fraction(0)
    for i in everything:
        others = [k for k in everything if k != i]
        beta_i, e_i, variance_i = fit(others)
        quadratic = sum(Z[i][a] * inverse[a][b] * Z[i][b] for a in range(p) for b in range(p))
        h = w[i] * quadratic
        moved = [b - b_i for b, b_i in zip(beta, beta_i, strict=True)]
        fitted_moves = [e_i[k] - e[k] for k in everything]
        press += w[i] * e_i[i] ** 2
        found["leverage"].append(float(h))
        found["internally_studentized"].append(root(w[i] / variance / (1 - h)) * float(e[i]))
        found["externally_studentized"].append(root(w[i] / variance_i / (1 - h)) * float(e[i]))
        found["deletion_sd"].append(root(variance_i))
        found["cooks_distance"].append(float(sum(w[k] * fitted_moves[k] ** 2 for k in everything) / (p * variance)))
        found["dffits"].append(float(fitted_moves[i]) / root(variance_i * quadratic))
        found["dfbetas"].append([float(m) / root(variance_i * inverse[j][j]) for j, m in enumerate(moved)])
        found["press_residuals"].append(float(e_i[i]))
    return (
        np.array([float(v) for v in e]),
        root(variance),
        {k: np.array(v) for k, v in found.items()} | {"press": float(press)},
    )


def root(value):
    return float(np.sqrt(float(value)))


def inverted(matrix):
    """Return the inverse of a matrix of Fractions, by Gauss-Jordan elimination."""
    size = len(matrix)
    table = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        table[i] = [entry / table[i][i] for entry in table[i]]
        for r in range(size):
            if r != i:
                table[r] = [a - table[r][i] * b for a, b in zip(table[r], table[i], strict=True)]
    return [row[size:] for row in table]


def largest_error(found, expected):
    """Return the largest difference, relative to the largest value of each column."""
    found, expected = np.asarray(found), np.asarray(expected)
    return np.max(np.abs(found - expected) / np.abs(expected).max(axis=0))


def sample(seed, n=12, p=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X @ np.arange(1.0, p + 1) + rng.standard_normal(n), rng


CASES = {
    "plain": (0.0, 1.0, False, True),
    "no intercept": (0.0, 1.0, False, False),
    "weights": (0.0, 1.0, True, True),
    "weights, no intercept": (0.0, 1.0, True, False),
    "offset 1e9": (1e9, 1.0, False, True),
    "offset 1e9 and weights": (1e9, 1.0, True, True),
    "scales 1e-4 to 1e4": (0.0, np.array([1e-4, 1.0, 1e4]), False, True),
    "scales 1e-150 to 1e150": (0.0, np.array([1e-150, 1.0, 1e150]), True, True),
}


@pytest.mark.parametrize("case", CASES)
def test_against_exact_refits_without_each_row(case):
    offset, scale, weighted, intercept = CASES[case]
    X, y, rng = sample(1)
    X = X * scale + offset
    weights = rng.uniform(0.1, 10.0, len(X)) if weighted else None
    e, sd, expected = exactly(X, y, weights, intercept=intercept)
    result = influence(X, e, sd, weights, fit_intercept=intercept)
    assert result.remarks == ()
    for name in QUANTITIES:
        # condition number 3 after centring and scaling: neither offset nor scales cost digits
        assert largest_error(getattr(result, name), expected[name]) <= 1e-14, name


def test_by_hand():
    # X = 0, 1, 2, 5 with mean 2 and sum of squared deviations 14; y = 0, 1, 1, 4 with mean 3/2 and Sxy = 11
    # slope 11/14, intercept -1/14; residuals times 14: 1, 4, -7, 2; RSS 70/196 = 5/14, s^2 = 5/28
    X = np.array([[0.0], [1.0], [2.0], [5.0]])
    e = np.array([1.0, 4.0, -7.0, 2.0]) / 14
    result = influence(X, e, np.sqrt(5 / 28))
    left = np.array([13, 19, 21, 3]) / 28  # 1 - 1/4 - (x - 2)^2 / 14
    assert result.leverage == pytest.approx(1 - left, rel=1e-14)
    assert result.press_residuals == pytest.approx([2 / 13, 8 / 19, -2 / 3, 4 / 3], rel=1e-14)
    # Cook: e^2 h / (p s^2 (1 - h)^2)
    assert result.cooks_distance == pytest.approx(e**2 * (1 - left) / left**2 / (2 * 5 / 28), rel=1e-14)
    # without the last row the line through (0, 0), (1, 1), (2, 1) has slope 1/2 and intercept 1/6, RSS 1/6
    assert result.deletion_sd[3] == pytest.approx(np.sqrt(1 / 6), rel=1e-14)
    assert result.dfbetas[3, 1] == pytest.approx((11 / 14 - 1 / 2) / np.sqrt(1 / 6 / 14), rel=1e-14)
    assert result.dfbetas[3, 0] == pytest.approx((-1 / 14 - 1 / 6) / np.sqrt((1 / 4 + 4 / 14) / 6), rel=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_against_refits_by_scikit_learn(weighted):
    X, y, rng = sample(2, n=40, p=4)
    weights = rng.uniform(0.5, 2.0, 40) if weighted else np.ones(40)

    def fit(kept):
        model = LinearRegression(tol=0).fit(X[kept], y[kept], sample_weight=weights[kept])
        e = y - model.predict(X)
        return np.append(model.intercept_, model.coef_), e, np.sqrt(np.sum((weights * e**2)[kept]) / (len(kept) - 5))

    beta, e, sd = fit(np.arange(40))
    result = influence(X, e, sd, weights)
    Z = np.column_stack([np.ones(40), X])
    unit_errors = np.sqrt(np.linalg.inv(Z.T @ (Z * weights[:, np.newaxis])).diagonal())
    for i in range(40):
        beta_i, e_i, sd_i = fit(np.delete(np.arange(40), i))
        # solutions agree to about 1e-15 times a condition number below 10, and their differences are ~0.1
        assert result.press_residuals[i] == pytest.approx(e_i[i], rel=1e-12, abs=1e-13)
        assert result.deletion_sd[i] == pytest.approx(sd_i, rel=1e-12)
        assert result.dfbetas[i] == pytest.approx((beta - beta_i) / (sd_i * unit_errors), rel=1e-10, abs=1e-13)
        moved = e_i - e
        assert result.cooks_distance[i] == pytest.approx(weights @ moved**2 / (5 * sd**2), rel=1e-10, abs=1e-15)
        assert result.dffits[i] == pytest.approx(
            moved[i] * np.sqrt(weights[i] / result.leverage[i]) / sd_i, rel=1e-10, abs=1e-13
        )


def test_against_statsmodels():
    X, y, _ = sample(3, n=50, p=4)
    fitted = sm.OLS(y, sm.add_constant(X)).fit()
    theirs = OLSInfluence(fitted)
    result = influence(X, fitted.resid, np.sqrt(fitted.scale))
    # theirs are differences between fits: coefficients of 1 to 4 with an error of 1e-15 that differ by 0.01
    for ours, reference in {
        "leverage": theirs.hat_matrix_diag,
        "internally_studentized": theirs.resid_studentized_internal,
        "externally_studentized": theirs.resid_studentized_external,
        "deletion_sd": np.sqrt(theirs.sigma2_not_obsi),
        "cooks_distance": theirs.cooks_distance[0],
        "dffits": theirs.dffits[0],
        "dfbetas": theirs.dfbetas,
        "press_residuals": theirs.resid_press,
        "press": theirs.ess_press,
    }.items():
        assert largest_error(getattr(result, ours), reference) <= 1e-12, ours


def test_longley_as_published():
    # the years 1951 and 1962 lead, with distances of 0.61 and 0.47 (R. D. Cook's example, Technometrics 19, 1977)
    X, y, _, _ = nist("Longley")
    e, sd, expected = exactly(X, y)
    result = influence(X, e, sd)
    assert result.cooks_distance[[4, 15]] == pytest.approx([0.61, 0.47], abs=0.005)
    assert set(np.argsort(result.cooks_distance)[-2:]) == {4, 15}
    for name in QUANTITIES:
        # some 16 additions; the condition number, 110 after centring and 43275 before, has no part
        assert largest_error(getattr(result, name), expected[name]) <= 1e-14, name


@pytest.mark.parametrize("gap", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_near_dependencies_cost_no_digits(gap, offset):
    X, y, rng = sample(4, n=15)
    X[:, 2] = X[:, 0] + X[:, 1] + gap * rng.standard_normal(15)
    X += offset
    e, sd, expected = exactly(X, y)
    result = influence(X, e, sd)
    for name in QUANTITIES:
        # the condition number is some 3 / gap; Householder's factor would have that many times 1e-16
        assert largest_error(getattr(result, name), expected[name]) <= 1e-14, name
    assert result.leverage.sum() == pytest.approx(4, abs=1e-14)


@given(st.integers(0, 10**6), st.integers(7, 30), st.integers(1, 4), st.booleans(), st.booleans())
def test_leverages_are_shares_of_the_number_of_coefficients(seed, n, p, intercept, weighted):
    X, y, rng = sample(seed, n, p)
    weights = rng.uniform(0.01, 10.0, n) if weighted else None
    w = 1.0 if weights is None else weights
    leverage = influence(X, y, spread(y, p + intercept, w), weights, fit_intercept=intercept).leverage
    assert leverage.sum() == pytest.approx(p + intercept, rel=1e-14)
    assert leverage.min() >= 0
    assert leverage.max() <= 1
    if intercept and not weighted:
        assert leverage.min() >= (1 - 1e-14) / n


@given(st.integers(0, 10**6), st.floats(-8, 8), st.floats(-1e6, 1e6))
def test_units_and_offsets_of_columns_change_nothing_but_the_intercept(seed, power, shift):
    X, y, _ = sample(seed)
    e = y - y.mean()  # any residuals do
    sd = spread(e, 4)
    X = np.ldexp(np.rint(np.ldexp(X, 20)), -20)  # so that shifts by whole numbers are exact
    moved = (X + np.array([np.rint(shift), 0.0, 0.0])) * np.array([1.0, 10.0**power, 1.0])
    before, after = influence(X, e, sd), influence(moved, e, sd)
    for name in QUANTITIES:
        a, b = getattr(before, name), getattr(after, name)
        if name == "dfbetas":
            a, b = a[:, 1:], b[:, 1:]  # the intercept means something else after a shift
        assert largest_error(b, a) <= 1e-12, name


@given(st.integers(0, 10**6))
def test_weights_of_zero_equal_absence(seed):
    X, _, rng = sample(seed)
    weights = rng.uniform(0.1, 1.0, 12)
    weights[[2, 7]] = 0.0
    kept = np.flatnonzero(weights)
    e = rng.standard_normal(12)
    sd = spread(e, 4, weights)
    every, some = influence(X, e, sd, weights), influence(X[kept], e[kept], sd, weights[kept])
    for name in QUANTITIES[:-1]:
        assert np.array_equal(getattr(every, name)[kept], getattr(some, name)), name
    assert every.press == some.press
    assert np.array_equal(every.leverage[[2, 7]], [0, 0])
    assert np.array_equal(every.cooks_distance[[2, 7]], [0, 0])
    assert not every.dfbetas[[2, 7]].any()
    assert np.array_equal(every.press_residuals[[2, 7]], e[[2, 7]])
    assert np.array_equal(every.deletion_sd[[2, 7]], [sd, sd])


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e8, 1e300])
def test_only_ratios_of_weights_count(scale):
    X, y, rng = sample(5)
    weights = rng.uniform(0.1, 1.0, 12)
    sd = spread(y, 4, weights)
    one, other = influence(X, y, sd, weights), influence(X, y, sd * np.sqrt(scale), weights * scale)
    for name in set(QUANTITIES) - {"press", "deletion_sd"}:  # these have the unit of y times that of root weights
        assert largest_error(getattr(other, name), getattr(one, name)) <= 1e-13, name


def test_a_row_alone_with_a_coefficient_has_no_fit_without_it():
    X, y, _ = sample(6)
    X = np.column_stack([X, np.arange(12) == 5])
    e, sd, _ = residuals_of(X, y)
    with pytest.warns(UndefinedMetricWarning, match=r"1 row\(s\) determine a coefficient alone \(leverage 1\): 5\."):
        result = influence(X, e, sd)
    assert result.leverage[5] == 1
    for name in set(QUANTITIES) - {"leverage", "press"}:
        assert np.isnan(getattr(result, name)[5]).all(), name
        assert np.isfinite(np.delete(getattr(result, name), 5, axis=0)).all(), name
    assert np.isnan(result.press)
    # the other rows: as if the row and its column did not exist
    e[5] = 0
    without = influence(np.delete(X[:, :3], 5, axis=0), np.delete(e, 5), sd)
    assert np.delete(result.leverage, 5) == pytest.approx(without.leverage, rel=1e-13)
    assert np.delete(result.externally_studentized, 5) == pytest.approx(without.externally_studentized, rel=1e-12)


def spread(e, coefficients, weights=1.0):
    """Return the standard deviation of some residuals."""
    used = len(e) if np.isscalar(weights) else np.count_nonzero(weights)
    return np.sqrt(np.sum(weights * e**2) / (used - coefficients))


def residuals_of(X, y):
    beta = exact_solution(X, y)
    rows = [[Fraction(1), *map(Fraction, row)] for row in np.asarray(X, float).tolist()]
    e = [
        Fraction(t) - sum(a * b for a, b in zip(row, beta, strict=True))
        for row, t in zip(rows, y.tolist(), strict=True)
    ]
    return np.array([float(v) for v in e]), root(sum(v * v for v in e) / (len(y) - len(beta))), beta


@pytest.mark.parametrize("far", [1e4, 1e6])
def test_a_leverage_near_1_keeps_its_digits(far):
    # 1 - h is about 1e-8 and 1e-12: its difference from 1 alone would have 8 and 4 digits
    X, y, _ = sample(7)
    X[3, 0] = far
    e, sd, expected = exactly(X, y)
    result = influence(X, e, sd)
    for name in QUANTITIES:
        # u (I - H) has the length sqrt(1 - h), and an error of some 1e-16
        assert largest_error(getattr(result, name), expected[name]) <= 10 * far * 1e-15, name


def test_an_outlier_beside_an_almost_exact_fit_keeps_its_digits():
    X, _, rng = sample(8)
    y = X @ np.array([1.0, 2.0, 3.0]) + 1e-6 * rng.standard_normal(12)
    y[4] += 10.0
    e, sd, expected = exactly(X, y)
    result = influence(X, e, sd)
    assert abs(expected["externally_studentized"][4]) > 1e5
    # residuals without the row are 1e-6 of those with it, and the squares' difference would be rounding
    for name in ("deletion_sd", "externally_studentized", "dffits", "dfbetas"):
        assert largest_error(getattr(result, name), expected[name]) <= 1e-9, name


def test_an_exact_fit_has_nothing_to_divide_by():
    X, _, _ = sample(9)
    with pytest.warns(UndefinedMetricWarning, match="The fit is exact"):
        result = influence(X, np.zeros(12), 0.0)
    assert np.isnan(result.internally_studentized).all()
    assert result.leverage.sum() == pytest.approx(4, rel=1e-14)
    assert np.array_equal(result.press_residuals, np.zeros(12))
    assert result.press == 0


def test_one_degree_of_freedom_is_none_without_a_row():
    X, y, _ = sample(10, n=5)
    e, sd, _ = residuals_of(X, y)
    with pytest.warns(UndefinedMetricWarning, match="no degrees of freedom"):
        result = influence(X, e, sd)
    for name in ("externally_studentized", "deletion_sd", "dffits", "dfbetas"):
        assert np.isnan(getattr(result, name)).all(), name
    # one direction is left for residuals: all are the standard deviation times an entry of a unit vector
    assert np.abs(result.internally_studentized) == pytest.approx(np.ones(5), rel=1e-10)
    assert np.isfinite(result.cooks_distance).all()


def test_the_frame_has_the_labels_of_the_data():
    X, y, _ = sample(11)
    data = pd.DataFrame(
        X, columns=["dose", "age", "height"], index=pd.Index([f"row {i}" for i in range(12)], name="id")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = influence(data, y, spread(y, 4))
    frame = result.frame()
    assert frame.index.equals(data.index)
    assert list(frame.columns) == [
        "residual",
        "leverage",
        "internally_studentized",
        "externally_studentized",
        "cooks_distance",
        "dffits",
        "press_residual",
        "dfbetas_intercept",
        "dfbetas_dose",
        "dfbetas_age",
        "dfbetas_height",
    ]
    assert np.array_equal(frame["dfbetas_age"], result.dfbetas[:, 2])
    assert influence(X, y, spread(y, 4)).coefficients == ("intercept", "x0", "x1", "x2")
    assert influence(X, y, spread(y, 3), fit_intercept=False).coefficients == ("x0", "x1", "x2")


def test_constant_columns_have_no_part():
    X, y, _ = sample(12)
    with_constant = np.insert(X, 1, 7.7, axis=1)
    result, without = influence(with_constant, y, spread(y, 4)), influence(X, y, spread(y, 4))
    assert result.constant == ("x1",)
    assert result.coefficients == ("intercept", "x0", "x2", "x3")
    for name in QUANTITIES:
        assert np.array_equal(getattr(result, name), getattr(without, name)), name


def test_nothing_but_a_mean():
    # leverage 1/n; without the row, each residual is n/(n-1) times itself
    y = np.array([1.0, 2.0, 3.0, 6.0])
    result = influence(np.ones((4, 1)), y - 3.0, np.sqrt(14 / 3))
    assert result.leverage == pytest.approx(np.full(4, 0.25), rel=1e-15)
    assert result.press_residuals == pytest.approx((y - 3.0) * 4 / 3, rel=1e-15)


def test_integers_single_precision_and_read_only_views():
    X, y, _ = sample(13)
    X = np.rint(4 * X)
    expected = influence(X, y, spread(y, 4))
    view = np.asfortranarray(np.repeat(X, 2, axis=0))[::2]
    view.flags.writeable = False
    for other in (X.astype(int), X.astype(np.float32), view):
        assert np.array_equal(influence(other, y, spread(y, 4)).dfbetas, expected.dfbetas)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, e: (np.column_stack([X, X[:, 0] + X[:, 1]]), e, 1.0), "columns of X depend on each other"),
        (lambda X, e: (X[:4], e[:4], 1.0), "more rows are needed"),
        (lambda X, e: (X[:2], e[:2], 1.0), "columns of X depend on each other"),
        (lambda X, e: (X, e[:-1], 1.0), "residuals have the shape"),
        (lambda X, e: (X, np.column_stack([e, e]), 1.0), "one target"),
        (lambda X, e: (X, e, np.nan), "not the standard deviation of these residuals"),
        (lambda X, e: (X, e, -1.0), "not the standard deviation"),
        (lambda X, e: (X, e, spread(e, 0)), "not the standard deviation"),  # that of maximum likelihood
        (lambda X, e: (np.where(X > 1, np.nan, X), e, 1.0), "NaN"),
        (lambda X, e: (X, np.where(e > 0, np.inf, e), 1.0), "infinity"),
    ],
)
def test_what_cannot_be_answered_says_why(change, message):
    X, y, _ = sample(14)
    X[0] = 2.0
    with pytest.raises(ValueError, match=message):
        influence(*change(X, y))


def test_arguments_are_not_changed():
    X, y, rng = sample(15)
    weights = rng.uniform(size=12)
    copies = X.copy(), y.copy(), weights.copy()
    influence(X, y, spread(y, 4, weights), weights)
    assert all(np.array_equal(a, b) for a, b in zip((X, y, weights), copies, strict=True))


def test_other_rows_that_fit_exactly_leave_no_standard_deviation():
    # a point off the line through four others: without it, what is left is rounding
    X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    y = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    e, sd, _ = residuals_of(X, y)
    result = influence(X, e, sd)
    assert result.externally_studentized[4] > 1e14
    assert np.isfinite(result.frame().to_numpy()).all()
    assert result.remarks == ()
    assert result.press_residuals[4] == pytest.approx(5.0, rel=1e-14)


def test_many_rows_are_no_square_of_memory():
    # 200000 rows: a hat matrix would need 320 GB
    X, y, _ = sample(16, n=200_000)
    result = influence(X, y, spread(y, 4))
    assert result.leverage.sum() == pytest.approx(4, rel=1e-12)
