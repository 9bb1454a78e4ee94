"""A case by hand, the edges, and what must not change."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from tests.linear_model.oracle import with_condition

from workings.linear_model import LinearRegression
from workings.linear_model.inference import infer

X4 = np.array([[0.0], [1.0], [2.0], [3.0]])
Y4 = np.array([1.0, 2.0, 4.0, 5.0])


def inferred(X, y, weights=None, **options):
    return infer(LinearRegression(**options).fit(X, y, sample_weight=weights), X, y, weights)


def test_four_points_by_hand():
    """Slope 1.4, intercept 0.9, residuals 0.1, -0.3, 0.3, -0.1; Sxx = 5, mean of x 1.5, total sum of squares 10."""
    inference = inferred(X4, Y4)
    assert inference.names == ("intercept", "x0")
    assert inference.residual_sum_of_squares == pytest.approx(0.2, rel=1e-15)
    assert inference.residual_sd == pytest.approx(np.sqrt(0.1), rel=1e-15)
    np.testing.assert_allclose(inference.standard_errors, np.sqrt([0.1 * (1 / 4 + 2.25 / 5), 0.1 / 5]), rtol=1e-15)
    assert inference.r_squared == pytest.approx(0.98, rel=1e-15)
    assert inference.adjusted_r_squared == pytest.approx(0.97, rel=1e-15)
    assert inference.f_statistic == pytest.approx(98.0, rel=1e-14)
    # with 2 degrees of freedom, P(|T| > t) = 1 - t / sqrt(2 + t²), and t² = 98
    assert inference.p_values[1] == pytest.approx(1 - np.sqrt(98.0) / 10.0, rel=1e-12)
    assert inference.f_p_value == pytest.approx(inference.p_values[1], rel=1e-12)
    log_likelihood = -2 * (np.log(2 * np.pi) + np.log(0.2 / 4) + 1)
    assert inference.log_likelihood == pytest.approx(log_likelihood, rel=1e-15)
    assert inference.aic == pytest.approx(-2 * log_likelihood + 2 * 2, rel=1e-15)
    assert inference.bic == pytest.approx(-2 * log_likelihood + 2 * np.log(4), rel=1e-15)
    # t with 2 degrees of freedom at 97.5 %: 2 a sqrt(2) / sqrt(1 - (2a)²) with a = 0.475, from the formula above
    reach = 0.95 * np.sqrt(2.0) / np.sqrt(1 - 0.95**2) * np.sqrt(0.02)
    np.testing.assert_allclose(inference.confidence_intervals().loc["x0"], [1.4 - reach, 1.4 + reach], rtol=1e-12)
    # at x = 4: variance of the mean 0.1 (1/4 + 2.5²/5), of a new value 0.1 more
    prediction = inference.predict([[4.0]])
    assert prediction["prediction"][0] == pytest.approx(6.5, rel=1e-15)
    assert prediction["standard_error"][0] == pytest.approx(np.sqrt(0.15), rel=1e-15)
    half_width = (prediction["prediction_upper"] - prediction["prediction_lower"])[0] / 2
    assert half_width == pytest.approx(reach / np.sqrt(0.02) * np.sqrt(0.25), rel=1e-12)


def test_names():
    assert inferred(pd.DataFrame({"height": [0.0, 1.0, 2.0, 3.0]}), Y4).names == ("intercept", "height")
    assert inferred(X4 + 1, Y4, fit_intercept=False).names == ("x0",)
    twice = inferred(pd.DataFrame({"intercept": X4[:, 0]}), Y4)
    assert list(twice.frame().index) == ["intercept", "intercept"]


def test_a_later_fit_of_the_model_changes_nothing():
    model = LinearRegression().fit(X4, Y4)
    inference = infer(model, X4, Y4)
    before = inference.predict([[1.0]])
    model.fit(np.column_stack([X4, X4**2]), Y4)
    pd.testing.assert_frame_equal(inference.predict([[1.0]]), before)


def test_other_data_are_refused():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 3)), rng.standard_normal(200)
    model = LinearRegression().fit(X, y)
    weights = rng.uniform(0.5, 1.5, 200)
    changed = y.copy()
    changed[17] += 0.01
    for data in ((X, changed), (X[::-1], y), (X[:-1], y[:-1]), (X, y, weights), (X * 1.001, y)):
        with pytest.raises(ValueError, match="not the data the model was fitted on"):
            infer(model, *data)
    weighted = LinearRegression().fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="not the data the model was fitted on"):
        infer(weighted, X, y)
    # the order of rows and the scale of the weights are no part of a fit
    infer(model, X[::-1], y[::-1])
    infer(weighted, X, y, 7.0 * weights)


@pytest.mark.parametrize("solver", ["auto", "normal", "qr", "svd"])
@pytest.mark.parametrize("condition", [1e1, 1e4, 1e6])
def test_every_solver_is_accepted(solver, condition):
    rng = np.random.default_rng(3)
    X = with_condition(rng, 50, 4, condition) * [1e-3, 1.0, 1e3, 1e6] + 10.0
    y = rng.standard_normal(50)
    inference = inferred(X, y, solver=solver)
    np.testing.assert_array_equal(inference.standard_errors, inferred(X, y).standard_errors)


def test_several_targets():
    with pytest.raises(ValueError, match="fit a model for each column"):
        infer(LinearRegression().fit(X4, np.column_stack([Y4, Y4])), X4, np.column_stack([Y4, Y4]))
    column = infer(LinearRegression().fit(X4, Y4[:, np.newaxis]), X4, Y4[:, np.newaxis])
    np.testing.assert_array_equal(column.standard_errors, inferred(X4, Y4).standard_errors)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ["repeated", "constant", "more features than rows"])
def test_dependent_columns(case):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((10, 3))
    X = {"repeated": X[:, [0, 1, 1]], "constant": X * [1.0, 1.0, 0.0] + 1.0, "more features than rows": X[:2]}[case]
    y = rng.standard_normal(len(X))
    with pytest.raises(ValueError, match="depend on each other"):
        inferred(X, y)


def test_directions_that_tol_dropped():
    X = np.random.default_rng(1).standard_normal((10, 3)) * [1.0, 1.0, 1e-9]
    with pytest.raises(ValueError, match="used 2 independent directions for 3 features"):
        inferred(X, X[:, 0], tol=1e-6)


def test_positive_coefficients():
    with pytest.raises(ValueError, match="boundary"):
        inferred(X4, Y4, positive=True)


def test_as_many_rows_as_coefficients():
    rng = np.random.default_rng(2)
    for condition in (1e0, 1e6, 1e11):
        square = inferred(with_condition(rng, 6, 6, condition)[:, :5], rng.standard_normal(6))
        assert square.residual_sum_of_squares == 0.0
    inference = inferred(X4[:2], Y4[:2])
    assert inference.residual_degrees_of_freedom == 0
    assert inference.residual_sum_of_squares == 0.0
    assert inference.r_squared == 1.0
    for ask in (
        lambda: inference.standard_errors,
        lambda: inference.p_values,
        lambda: inference.adjusted_r_squared,
        lambda: inference.residual_sd,
        lambda: inference.f_statistic,
        inference.covariance,
        inference.confidence_intervals,
        inference.robust,
        inference.summary,
        lambda: inference.predict([[1.0]]),
    ):
        with pytest.raises(ValueError, match="need more rows"):
            ask()


def test_an_exact_fit_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for intercept in (True, False):
            inference = inferred(X4, 2.0 * X4[:, 0], fit_intercept=intercept)
            assert inference.residual_sd == 0.0
            assert inference.t_values[-1] == np.inf
            assert inference.f_p_value == 0.0
            assert inference.r_squared == 1.0
            assert inference.robust("HC0").standard_errors[-1] == 0.0
            inference.robust("HC3").summary()
        # 1/3, 1/7 and 1/11 are no doubles, but the fit is exact all the same
        Z = np.random.default_rng(1).integers(-50, 50, (30, 3)).astype(float)
        assert inferred(231.0 * Z, Z @ [77.0, 33.0, 21.0]).residual_sum_of_squares == 0.0
        constant = inferred(X4, np.full(4, 3.1))
        assert constant.residual_sum_of_squares == 0.0
        assert np.isnan(constant.r_squared)
        assert np.isnan(constant.t_values[1])
        constant.summary()


def test_a_row_that_determines_a_coefficient():
    X = np.column_stack([np.arange(6.0), [0, 0, 0, 0, 0, 1.0]])
    inference = inferred(X, np.array([1.0, 2.0, 2.5, 4.5, 5.0, 9.0]))
    for kind in ("HC2", "HC3"):
        with pytest.raises(ValueError, match="leverage 1"):
            inference.robust(kind)
    assert np.isfinite(inference.robust("HC1").standard_errors).all()
    with pytest.raises(ValueError, match="choose from HC0, HC1, HC2, HC3"):
        inference.robust("HC4")


@pytest.mark.parametrize("level", [0.0, 1.0, 95, float("nan")])
def test_levels(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        inferred(X4, Y4).confidence_intervals(level)


def test_sparse_and_single_precision():
    rng = np.random.default_rng(4)
    X = np.where(rng.random((80, 4)) < 0.3, rng.standard_normal((80, 4)), 0.0)
    y = rng.standard_normal(80)
    dense = inferred(X, y)
    sparse = inferred(scipy.sparse.csr_array(X), y)
    np.testing.assert_array_equal(sparse.standard_errors, dense.standard_errors)
    new = sparse.predict(scipy.sparse.csr_array(X[:5]))
    pd.testing.assert_frame_equal(new, dense.predict(X[:5]))
    pd.testing.assert_frame_equal(sparse.influence().frame(), dense.influence().frame())
    single = inferred(X.astype(np.float32), y)
    exact = inferred(X.astype(np.float32).astype(np.float64), y)
    np.testing.assert_array_equal(single.standard_errors, exact.standard_errors)


def test_predictions_compare_features_with_the_fit():
    inference = inferred(pd.DataFrame({"a": X4[:, 0]}), Y4)
    with pytest.raises(ValueError, match="feature names should match"):
        inference.predict(pd.DataFrame({"b": [1.0]}))
    far = inference.predict(pd.DataFrame({"a": [1e9, -1e-300]}))
    np.testing.assert_allclose(far["prediction"], [1.4e9 + 0.9, 0.9], rtol=1e-15)
    np.testing.assert_allclose(far["standard_error"], [np.sqrt(0.1 * (1e9 - 1.5) ** 2 / 5), np.sqrt(0.07)], rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_extreme_units(scale):
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((30, 2)), rng.standard_normal(30)
    power = 2.0 ** np.round(np.log2(scale))
    usual = inferred(X, y)
    extreme = inferred(X * [power, 1.0], y)
    np.testing.assert_array_equal(extreme.standard_errors, usual.standard_errors / [1.0, power, 1.0])
    np.testing.assert_array_equal(extreme.p_values, usual.p_values)
    of_y = inferred(X, y * power)
    np.testing.assert_array_equal(of_y.standard_errors, usual.standard_errors * power)
    assert of_y.residual_sd == usual.residual_sd * power
    assert of_y.r_squared == usual.r_squared
    weighted = inferred(X, y, np.full(30, power))
    np.testing.assert_array_equal(weighted.standard_errors, usual.standard_errors)
    # n/2 log w and the residual sum of squares cancel
    assert weighted.log_likelihood == pytest.approx(usual.log_likelihood, rel=1e-12)


@given(st.integers(0, 10**6))
def test_the_order_of_rows_and_the_units_of_columns_change_nothing(seed):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 40)), int(rng.integers(1, 5))
    X, y, weights = rng.standard_normal((n, p)) + 3.0, rng.standard_normal(n), rng.uniform(0.1, 2.0, n)
    usual = inferred(X, y, weights)
    order = rng.permutation(n)
    permuted = inferred(X[order], y[order], weights[order])
    np.testing.assert_array_equal(permuted.standard_errors, usual.standard_errors)
    assert permuted.residual_sd == usual.residual_sd
    units = 2.0 ** rng.integers(-20, 20, p)
    scaled = inferred(X * units, y, weights)
    np.testing.assert_array_equal(scaled.standard_errors, usual.standard_errors / np.append(1.0, units))
    np.testing.assert_array_equal(scaled.t_values, usual.t_values)
    assert scaled.r_squared == usual.r_squared
    shifted = inferred(X, y + 2.0**-4, weights)
    np.testing.assert_allclose(shifted.standard_errors, usual.standard_errors, rtol=1e-12)


def test_the_data_are_not_changed():
    X, y, weights = X4.copy(), Y4.copy(), np.array([1.0, 0.0, 2.0, 3.0])
    inference = inferred(X, y, weights)
    inference.robust("HC1").predict(X)
    inference.residuals.sum()
    np.testing.assert_array_equal(X, X4)
    np.testing.assert_array_equal(y, Y4)
    np.testing.assert_array_equal(weights, [1.0, 0.0, 2.0, 3.0])
