"""Networks: what a training must have recorded to be repeated, and what stands in for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets as shipped
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from tests.audit.replication import zoo

import workings
from workings.audit import replicate

X = StandardScaler().fit_transform(shipped.load_iris().data)
Y = shipped.load_iris().target
SHORT = {"hidden_layer_sizes": (5,), "max_iter": 8}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_one_weight_changed_is_told_from_rounding():
    case = zoo.fitted("", MLPClassifier(**SHORT, random_state=0), X, Y)
    replication = case.tampered("", lambda model: zoo._scale(model.coefs_[0], (0, 0))).replication()
    assert not replication.certified
    # 4 x 5 + 5 + 5 x 3 + 3 parameters
    assert "42 of 43" in replication.verdict


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_without_an_integer_seed_a_stochastic_network_is_refused(seed):
    replication = zoo.fitted("", MLPClassifier(**SHORT, random_state=seed), X, Y).replication()
    assert not replication.certified
    assert "random_state" in replication.verdict


def test_partial_fit_cannot_be_repeated():
    model = MLPClassifier(**SHORT, random_state=0)
    for rows in (slice(0, 60), slice(60, 150)):
        model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    replication = replicate(model, X, Y)
    assert not replication.certified
    assert "partial_fit" in replication.verdict


def test_a_second_fit_with_warm_start_cannot_be_repeated():
    model = MLPClassifier(**SHORT, random_state=0, warm_start=True).fit(X, Y)
    assert replicate(model, X, Y).certified
    replication = replicate(model.fit(X, Y), X, Y)
    assert not replication.certified
    assert "warm_start" in replication.verdict


def test_fewer_rows_than_the_fit_are_counted():
    model = MLPRegressor(**SHORT, random_state=0).fit(X, X[:, 0])
    assert "saw 150 rows, one of the refit 100" in replicate(model, X[:100], X[:100, 0]).verdict


def test_another_order_in_memory_is_rounding():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(**SHORT, random_state=0).fit(frame, Y)
    for rows in (frame, X, np.asfortranarray(X)):
        assert replicate(model, rows, Y).certified


def test_an_lbfgs_network_rests_on_its_recorded_loss():
    parameters = {"hidden_layer_sizes": (5,), "activation": "tanh", "solver": "lbfgs", "max_iter": 400}
    case = zoo.fitted("", MLPClassifier(**parameters, random_state=0), X, Y)
    replication = case.replication()
    assert replication.certified
    assert "recorded loss" in replication.verdict
    case.model.loss_ *= 1 + 1e-14
    assert case.replication().verdict.startswith("Refused: loss_")


def test_an_activation_that_was_set_after_the_fit_is_seen():
    model = MLPClassifier(**SHORT, random_state=0).fit(X, Y).set_params(activation="tanh")
    assert not replicate(model, X, Y).certified


def test_a_network_whose_layers_do_not_fit_is_refused():
    model = MLPClassifier(**SHORT, random_state=0).fit(X, Y)
    model.coefs_[1] = model.coefs_[1][:-1]
    assert "do not fit" in replicate(model, X, Y).verdict


def test_the_output_of_a_network_that_predicts_something_else_is_seen():
    class Sure(MLPClassifier):
        def predict_proba(self, X):
            return np.round(super().predict_proba(X), 9)

    checks = replicate(Sure(**SHORT, random_state=0).fit(X, Y), X, Y).checks
    assert [check.what for check in checks if check.outcome == "failed"] == ["predict_proba"]


@pytest.mark.parametrize("options", [{}, {"fast": True}, {"solver": "lbfgs"}, {"early_stopping": True}])
def test_ours_is_certified_and_a_changed_weight_is_not(options):
    case = zoo.fitted("", workings.MLPClassifier(**SHORT, random_state=0, **options), X, Y)
    assert case.replication().certified
    # 1e-6 is some units in the last place of single precision
    assert not case.tampered("", lambda model: zoo._scale(model.coefs_[0], (0, 0))).replication().certified


def test_a_number_of_iterations_that_was_changed_is_seen():
    model = MLPClassifier(**SHORT, random_state=0).fit(X, Y)
    model.n_iter_ += 1
    checks = replicate(model, X, Y).checks
    assert [check.what for check in checks if check.outcome == "failed"] == ["iterations of a refit"]
