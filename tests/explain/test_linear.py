"""Linear models: contributions against all subsets, training rows against refits, and what is said to be undefined."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression as SklearnLinearRegression
from tests.explain.models import X, Y, exact_shapley

from workings.explain import explain, linear_contributions, row_effects
from workings.linear_model import LinearRegression

WEIGHTS = np.random.RandomState(5).uniform(0.1, 3.0, size=80)
OURS_AND_THEIRS = pytest.mark.parametrize("kind", [LinearRegression, SklearnLinearRegression])


def refits(X, y, row, weights=None, **options):
    """What happens to the prediction when each row is left out and the model fitted again."""

    def predict(kept):
        model = SklearnLinearRegression(**options).fit(X[kept], y[kept], None if weights is None else weights[kept])
        return model.predict(row[np.newaxis])[0]

    every = np.ones(len(X), dtype=bool)
    full = predict(every)
    changes = []
    for i in range(len(X)):
        kept = every.copy()
        kept[i] = False
        changes.append(predict(kept) - full)
    return np.array(changes)


def test_by_hand():
    # y = 1, 3, 2 at x = 0, 1, 2: slope 1/2, intercept 3/2. At x = 3: hat weights 1/3 + 2 (x_i - 1)/2 = -2/3, 1/3, 4/3
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 2.0])
    found = explain(LinearRegression().fit(X, y), [3.0], X, y)
    assert found.value == pytest.approx(3.0, rel=1e-15)
    assert found.base == pytest.approx(2.0, rel=1e-15)
    assert found.contributions["contribution"].tolist() == pytest.approx([1.0], rel=1e-15)
    assert found.rows["weight"].tolist() == pytest.approx([-2 / 3, 1 / 3, 4 / 3], rel=1e-14)
    # without the first row the line through (1, 3) and (2, 2) says 1; without the second (0, 1), (2, 2): 2.5;
    # without the third (0, 1), (1, 3): 7
    assert found.rows["change_if_left_out"].tolist() == pytest.approx([-2.0, -0.5, 4.0], rel=1e-13)
    assert found.rows["leverage"].tolist() == pytest.approx([5 / 6, 1 / 3, 5 / 6], rel=1e-14)
    assert found.sentence == (
        "The model says 3.0: 1.0 above what it says of the average of the 3 rows of X (2.0), mostly because x0 is high "
        "(+1.0)."
    )


@OURS_AND_THEIRS
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_rows_are_refits(kind, fit_intercept, weights):
    model = kind(fit_intercept=fit_intercept).fit(X, Y, weights)
    for row in (X[3], X[:5].mean(axis=0) * 3):
        found = explain(model, row, X, Y, sample_weight=weights)
        expected = refits(X, Y, row, weights, fit_intercept=fit_intercept)
        scale = np.abs(found.rows["part"]).sum()
        # the columns' condition is about 30, refits are right to some 1e-14
        assert np.abs(found.rows["change_if_left_out"] - expected).max() <= 1e-12 * scale
        assert found.rows["part"].sum() == pytest.approx(model.predict(row[np.newaxis])[0], rel=1e-12)
        assert found.identity["relative"].max() <= 1e-12
        assert (found.rows["weight"].sum() == pytest.approx(1.0, rel=1e-12)) == fit_intercept


def test_rows_of_the_diabetes_data_are_refits():
    D, y = load_diabetes(return_X_y=True)
    found = explain(LinearRegression().fit(D, y), D[7], D, y)
    assert np.abs(found.rows["change_if_left_out"] - refits(D, y, D[7])).max() <= 1e-11 * found.value
    assert found.rows["leverage"].sum() == pytest.approx(11, rel=1e-12)  # as many as coefficients


def test_dependent_columns_are_refits_too():
    # the third column is the sum of two others, the fourth is constant: predictions are those of the shortest fit
    D = np.column_stack([X[:, 0], 1e3 * X[:, 1], X[:, 0] + 1e3 * X[:, 1], np.full(80, 0.1)])
    for row in (D[4], np.array([1.0, 2.0, -1.0, 5.0])):
        found = explain(SklearnLinearRegression().fit(D, Y), row, D, Y)
        assert found.rows is not None, found.not_applicable
        expected = refits(D, Y, row)
        assert np.abs(found.rows["change_if_left_out"] - expected).max() <= 1e-10 * np.abs(found.rows["part"]).sum()
        assert found.rows["leverage"].sum() == pytest.approx(3, rel=1e-12)


def test_rows_of_weight_zero_do_nothing():
    weights = np.where(np.arange(80) % 7 == 0, 0.0, WEIGHTS)
    found = explain(LinearRegression().fit(X, Y, weights), X[3], X, Y, sample_weight=weights)
    assert (found.rows.loc[weights == 0, ["weight", "change_if_left_out", "leverage"]] == 0).all(axis=None)
    kept = weights > 0
    expected = refits(X[kept], Y[kept], X[3], weights[kept])
    assert found.rows.loc[kept, "change_if_left_out"].to_numpy() == pytest.approx(expected, abs=1e-11)


def test_a_row_of_leverage_one_is_said_to_be_undefined():
    D = np.column_stack([X[:, :2], np.eye(80)[:, 12]])
    found = explain(LinearRegression().fit(D, Y), D[3], pd.DataFrame(D, index=[f"r{i}" for i in range(80)]), Y)
    assert np.flatnonzero(found.rows["change_if_left_out"].isna()).tolist() == [12]
    assert found.rows.loc["r12", "leverage"] == 1
    assert "r12 have leverage 1" in found.not_applicable["change without some rows"]


@OURS_AND_THEIRS
def test_several_targets(kind):
    targets = np.column_stack([Y, X[:, 0] ** 2])
    model = kind().fit(X, targets)
    for k in (0, 1):
        found = explain(model, X[3], X, targets, output=k)
        assert found.prediction == model.predict(X[[3]])[0, k]
        assert np.abs(found.rows["change_if_left_out"] - refits(X, targets[:, k], X[3])).max() < 1e-11
        assert f"target {k} of 2" in found.what
    with pytest.raises(ValueError, match="number of a target, 0 to 1"):
        explain(model, X[3], output=2)
    with pytest.raises(ValueError, match="y has 1 targets"):
        explain(model, X[3], X, Y)


def test_contributions_are_shapley_values():
    model = LinearRegression().fit(X, Y)
    found = explain(model, X[3], X, Y)
    exact = exact_shapley(lambda x: x @ model.coef_ + model.intercept_, X[3], X.mean(axis=0))
    assert found.contributions["contribution"].to_numpy() == pytest.approx(exact, abs=1e-13)
    assert found.contributions["shapley"].to_numpy() == pytest.approx(exact, abs=1e-13)
    # against each row of the background in turn, on the average
    each = np.mean([exact_shapley(lambda x: x @ model.coef_, X[3], other) for other in X[:30]], axis=0)
    assert linear_contributions(model.coef_, X[3], X[:30].mean(axis=0)) == pytest.approx(each, abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_completeness_order_and_constants(seed, p):
    rng = np.random.RandomState(seed)
    D = rng.normal(size=(p + 4, p)) * 10.0 ** rng.randint(-4, 5, size=p) + rng.normal(size=p)
    y = rng.normal(size=p + 4)
    model = LinearRegression().fit(D, y)
    found = explain(model, D[0], D, y)
    line = found.identity.loc["contributions"]
    assert line["error"] <= 1e-14 * line["scale"]
    order = rng.permutation(p)
    permuted = explain(LinearRegression().fit(D[:, order], y), D[0, order], D[:, order], y)
    assert permuted.contributions["contribution"].to_numpy() == pytest.approx(
        found.contributions["contribution"].to_numpy()[order], abs=1e-9 * line["scale"]
    )
    wider = np.column_stack([D, np.full(len(D), rng.normal())])
    with_constant = explain(LinearRegression().fit(wider, y), wider[0], wider, y)
    assert with_constant.contributions["contribution"].iloc[-1] == 0


def test_what_cannot_be_said_of_rows_is_said():
    model = LinearRegression().fit(X, Y)
    assert "pass the X and y" in explain(model, X[3]).not_applicable["rows"]
    assert "not the least-squares fit" in explain(model, X[3], X, Y + X[:, 0]).not_applicable["rows"]
    assert "not the least-squares fit" in explain(model, X[3], X[:70], Y[:70]).not_applicable["rows"]
    assert "not the least-squares fit" in explain(model, X[3], X, Y, sample_weight=WEIGHTS).not_applicable["rows"]
    # at the mean the prediction is right whatever the slopes
    mean = X.mean(axis=0)
    assert "not the least-squares fit" in explain(model, mean, X, Y + X[:, 0] - mean[0]).not_applicable["rows"]
    positive = LinearRegression(positive=True).fit(X, Y)
    assert "positive=True" in explain(positive, X[3], X, Y).not_applicable["rows"]


def test_the_solver_that_drops_a_column_is_not_taken_for_least_squares():
    # scikit-learn cuts the direction of the rate, whose scale is 1e-10 of the turnover's
    rng = np.random.RandomState(0)
    turnover, rate = rng.uniform(1e8, 1e9, 200), rng.uniform(0.01, 0.05, 200)
    y = turnover * 1e-9 + 100 * rate
    D = np.column_stack([turnover, rate])
    theirs = SklearnLinearRegression(tol=1e-6).fit(D, y)
    assert "dropped a column" in explain(theirs, D[0], D, y).not_applicable["rows"]
    assert explain(LinearRegression().fit(D, y), D[0], D, y).rows is not None


def test_one_of_many_solutions_that_is_not_the_shortest_has_no_rows_beyond_their_span():
    D = np.column_stack([X[:, 0], X[:, 0]])
    model = SklearnLinearRegression().fit(D, Y)
    model.coef_ = np.array([model.coef_.sum(), 0.0])  # as good on every row of the training
    assert explain(model, D[3], D, Y).rows is not None
    assert "not the least-squares fit" in explain(model, [1.0, 2.0], D, Y).not_applicable["rows"]


def test_effects_of_fewer_rows_than_columns_are_undefined():
    effects = row_effects(X[:3], Y[:3], X[5])
    assert effects.rank == 3
    assert effects.undefined.tolist() == [0, 1, 2]
    assert effects.prediction == pytest.approx(
        SklearnLinearRegression().fit(X[:3], Y[:3]).predict(X[[5]])[0], rel=1e-12
    )
