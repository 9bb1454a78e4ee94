"""Everything that statsmodels' OLS and WLS report, against them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from workings.linear_model import LinearRegression
from workings.linear_model.inference import infer

# Condition numbers are below 100, so that statsmodels' pseudo-inverse keeps 13 digits.
CLOSE = {"rtol": 1e-11, "atol": 0.0}


def problem(seed=0, n=60, p=4):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.standard_normal((n, p)) * [1.0, 10.0, 0.1, 1.0] + 1.0, columns=["a", "b", "c", "d"])
    noise = rng.standard_normal(n) * (1.0 + np.abs(X["a"].to_numpy()))
    return X, X.to_numpy() @ np.array([1.0, -0.2, 3.0, 0.0]) + 5.0 + noise, rng.uniform(0.2, 5.0, n)


@pytest.fixture(params=[(True, False), (True, True), (False, False), (False, True)], ids=str)
def pair(request):
    intercept, weighted = request.param
    X, y, weights = problem()
    weights = weights if weighted else None
    model = LinearRegression(fit_intercept=intercept).fit(X, y, sample_weight=weights)
    design = sm.add_constant(X) if intercept else X
    theirs = sm.WLS(y, design, weights=weights).fit() if weighted else sm.OLS(y, design).fit()
    return infer(model, X, y, weights), theirs


def test_every_attribute(pair):
    ours, theirs = pair
    assert ours.names == tuple(name.replace("const", "intercept") for name in theirs.model.exog_names)
    np.testing.assert_allclose(ours.coefficients, theirs.params, **CLOSE)
    np.testing.assert_allclose(ours.standard_errors, theirs.bse, **CLOSE)
    np.testing.assert_allclose(ours.t_values, theirs.tvalues, **CLOSE)
    np.testing.assert_allclose(ours.p_values, theirs.pvalues, rtol=1e-9)  # tails magnify what t differs by
    np.testing.assert_allclose(ours.covariance(), theirs.cov_params(), **CLOSE)
    for mine, name in {
        "n_observations": "nobs",
        "model_degrees_of_freedom": "df_model",
        "residual_degrees_of_freedom": "df_resid",
        "residual_sum_of_squares": "ssr",
        "r_squared": "rsquared",
        "adjusted_r_squared": "rsquared_adj",
        "f_statistic": "fvalue",
        "log_likelihood": "llf",
        "aic": "aic",
        "bic": "bic",
    }.items():
        assert getattr(ours, mine) == pytest.approx(getattr(theirs, name), rel=1e-11, abs=0.0), mine
    assert ours.f_p_value == pytest.approx(theirs.f_pvalue, rel=1e-9, abs=0.0)
    assert ours.residual_sd == pytest.approx(np.sqrt(theirs.scale), rel=1e-12)
    total = theirs.centered_tss if theirs.k_constant else theirs.uncentered_tss
    assert ours.total_sum_of_squares == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(ours.residuals, theirs.resid, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_intervals(pair, level):
    ours, theirs = pair
    interval = ours.confidence_intervals(level)
    np.testing.assert_allclose(interval, theirs.conf_int(alpha=1 - level), rtol=1e-9, atol=1e-10)
    assert list(interval.columns) == ["lower", "upper"]
    np.testing.assert_array_equal(ours.frame(level)[["lower", "upper"]], interval)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_predictions(pair, level):
    ours, theirs = pair
    new = problem(seed=9, n=7)[0]
    new.index = list("stuvwxy")
    design = sm.add_constant(new) if theirs.k_constant else new
    expected = theirs.get_prediction(design).summary_frame(alpha=1 - level)
    found = ours.predict(new, level)
    names = ["mean", "mean_se", "mean_ci_lower", "mean_ci_upper", "obs_ci_lower", "obs_ci_upper"]
    np.testing.assert_allclose(found, expected[names], rtol=1e-10)
    assert list(found.index) == list("stuvwxy")


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_robust(pair, kind):
    ours, theirs = pair
    ours, theirs = ours.robust(kind), theirs.get_robustcov_results(kind)
    assert ours.kind == kind
    np.testing.assert_allclose(ours.covariance(), theirs.cov_params(), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.standard_errors, theirs.bse, **CLOSE)
    np.testing.assert_allclose(ours.t_values, theirs.tvalues, **CLOSE)
    np.testing.assert_allclose(ours.p_values, theirs.pvalues, rtol=1e-9)
    np.testing.assert_allclose(ours.confidence_intervals(0.9), theirs.conf_int(alpha=0.1), rtol=1e-9, atol=1e-10)
    assert ours.f_statistic == pytest.approx(np.squeeze(theirs.fvalue), rel=1e-10)
    assert ours.f_p_value == pytest.approx(np.squeeze(theirs.f_pvalue), rel=1e-8, abs=0.0)
    assert ours.r_squared == pytest.approx(theirs.rsquared, rel=1e-12)
    new = problem(seed=9, n=7)[0]
    design = sm.add_constant(new) if theirs.k_constant else new
    expected = theirs.get_prediction(design).summary_frame()
    found = ours.predict(new)
    np.testing.assert_allclose(found["standard_error"], expected["mean_se"], rtol=1e-10)
    np.testing.assert_allclose(found["prediction_upper"], expected["obs_ci_upper"], rtol=1e-10)


def test_rows_of_weight_zero_do_not_count():
    X, y, weights = problem()
    weights[::7] = 0.0
    ours = infer(LinearRegression().fit(X, y, sample_weight=weights), X, y, weights)
    kept = weights > 0
    theirs = sm.WLS(y[kept], sm.add_constant(X[kept]), weights=weights[kept]).fit()
    assert ours.n_observations == kept.sum()
    np.testing.assert_allclose(ours.standard_errors, theirs.bse, **CLOSE)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-12)
    assert ours.r_squared == pytest.approx(theirs.rsquared, rel=1e-12)
    np.testing.assert_allclose(ours.residuals, y - theirs.predict(sm.add_constant(X)), rtol=1e-9, atol=1e-12)
    robust = theirs.get_robustcov_results("HC1")
    np.testing.assert_allclose(ours.robust("HC1").standard_errors, robust.bse, **CLOSE)


def test_influence_and_collinearity_see_the_same_fit():
    X, y, weights = problem()
    X.index = [f"row{i}" for i in range(len(X))]
    inference = infer(LinearRegression().fit(X, y, sample_weight=weights), X, y, weights)
    root = np.sqrt(weights)
    theirs = sm.OLS(root * y, sm.add_constant(X).mul(root, axis=0)).fit().get_influence()
    frame = inference.influence().frame()
    np.testing.assert_allclose(frame["leverage"], theirs.hat_matrix_diag, **CLOSE)
    np.testing.assert_allclose(frame["cooks_distance"], theirs.cooks_distance[0], rtol=1e-8)
    assert list(frame.index) == list(X.index)
    assert "dfbetas_c" in frame
    assert list(inference.collinearity().frame().index) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("rows", [5000])
def test_many_blocks(rows):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((rows, 30)) + 100.0
    y = X @ rng.standard_normal(30) + rng.standard_normal(rows)
    weights = rng.uniform(0.0, 2.0, rows)
    ours = infer(LinearRegression().fit(X, y, sample_weight=weights), X, y, weights)
    theirs = sm.WLS(y, sm.add_constant(X), weights=weights).fit()
    np.testing.assert_allclose(ours.standard_errors, theirs.bse, rtol=1e-9)  # an offset of 100 standard deviations
    assert ours.r_squared == pytest.approx(theirs.rsquared, rel=1e-11)
    np.testing.assert_allclose(ours.robust("HC2").standard_errors, theirs.get_robustcov_results("HC2").bse, rtol=1e-9)
