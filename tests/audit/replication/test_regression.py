"""Linear regression: what the certificate says, and that each of its checks can fail alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
import sklearn.datasets as shipped
from sklearn.linear_model import LinearRegression
from tests.audit.replication import zoo

import workings
from workings.audit import replicate
from workings.audit.replication.lsqr import iterates

X, Y = shipped.load_diabetes(return_X_y=True)


def outcome(replication, start):
    (found,) = [check for check in replication.checks if check.what.startswith(start)]
    return found.outcome


def test_scikit_learns_default_on_turnover_and_rate_is_refused_by_name_of_the_loss():
    replication = zoo.fitted("", LinearRegression(), *zoo.turnover_and_rate()).replication()
    assert not replication.certified
    assert "kept 1 of 2 independent directions" in replication.verdict
    assert outcome(replication, "normal equations") == "failed"


def test_longley_is_certified_and_a_changed_coefficient_in_it_is_not():
    case = zoo.fitted("", LinearRegression(), *zoo.longley())
    # the certified values of NIST, which the fitted model has to about ten digits
    assert case.model.intercept_ == pytest.approx(-3482258.63459582, rel=1e-8)
    assert case.replication().certified
    for j in range(6):
        assert not case.tampered("", lambda model, j=j: zoo._scale(model.coef_, j)).replication().certified


def test_a_change_that_single_coefficients_cannot_show_is_seen_along_a_determined_direction():
    # two columns differ by 1e-9: rounding moves their coefficients by more than 1e-6, but not the sum's effect
    case = zoo.fitted("", LinearRegression(tol=0.0), *zoo.collinear(1e-9))
    bad = case.tampered("", lambda model: zoo._scale(model.coef_, 3)).replication()
    assert outcome(bad, "coefficients against") == "passed"
    assert outcome(bad, "coefficients along") == "failed"


def test_an_intercept_that_was_changed_fails_its_own_check_alone():
    model = LinearRegression().fit(X, Y)
    model.intercept_ *= 1 + 1e-9
    failing = [check.what for check in replicate(model, X, Y).checks if check.outcome == "failed"]
    assert failing == ["intercept"]


def test_positive_coefficients_that_leave_out_a_column_that_would_enter_are_refused():
    model = LinearRegression(positive=True).fit(X, Y)
    support = np.flatnonzero(model.coef_)
    fewer = LinearRegression(positive=True).fit(X[:, support[1:]], Y)
    model.coef_ = np.zeros(X.shape[1])
    model.coef_[support[1:]] = fewer.coef_
    model.intercept_ = fewer.intercept_
    assert outcome(replicate(model, X, Y), "columns left out") == "failed"


def test_weights_that_were_not_passed_are_asked_for():
    weights = np.random.RandomState(0).uniform(0.5, 2.0, len(Y))
    model = LinearRegression().fit(X, Y, weights)
    assert replicate(model, X, Y, sample_weight=weights).certified
    without = replicate(model, X, Y)
    assert not without.certified
    assert "sample_weight" in without.verdict


def test_without_a_target_nothing_is_certified():
    replication = replicate(LinearRegression().fit(X, Y), X)
    assert not replication.certified
    assert "without y" in replication.verdict


def test_a_method_of_a_subclass_that_predicts_something_else_is_seen():
    class Optimist(LinearRegression):
        def predict(self, X):
            return super().predict(X) * (1 + 1e-9)

    replication = replicate(Optimist().fit(X, Y), X, Y)
    assert outcome(replication, "predictions") == "failed"


@pytest.mark.parametrize("solver", ["auto", "normal", "qr", "svd", "decimal", "nesterov", "conjugate_gradients"])
def test_ours_is_certified_and_a_changed_coefficient_is_not(solver):
    case = zoo.fitted("", workings.LinearRegression(solver=solver), X, Y)
    assert case.replication().certified
    assert not case.tampered("", lambda model: zoo._scale(model.coef_, 2)).replication().certified


def test_the_verdict_on_an_iterated_fit_claims_no_least_squares():
    verdict = zoo.fitted("", workings.LinearRegression(solver="nesterov"), X, Y).replication().verdict
    assert "least squares" not in verdict
    assert "the refit stands for it" in verdict


def test_ours_is_refused_where_a_given_cut_off_drops_a_direction():
    assert not zoo.fitted("", workings.LinearRegression(tol=1e-6), *zoo.turnover_and_rate()).replication().certified


def test_the_steps_of_lsqr_are_scipys():
    rng = np.random.RandomState(0)
    A, b = scipy.sparse.random(40, 6, 0.4, random_state=1, format="csr"), rng.normal(size=40)
    for step, (coef, _) in enumerate(iterates(A, b, None, centred=False)):
        theirs = scipy.sparse.linalg.lsqr(A, b, atol=0, btol=0, conlim=0, iter_lim=step)[0]
        # a well-conditioned 40 x 6 matrix: some roundings of each step, before the vectors lose orthogonality
        np.testing.assert_allclose(coef, theirs, rtol=0, atol=1e-12 * np.abs(b).max())
        if step == 6:
            break
