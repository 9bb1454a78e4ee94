"""Whole trainings by L-BFGS beside scikit-learn's, which runs the published L-BFGS-B code; and interrupted ones."""

import itertools
import warnings

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.preprocessing import scale

from workings.base import ConvergenceWarning
from workings.neural_network.layers import Dense
from workings.neural_network.network import Network
from workings.neural_network.quasi_newton import minimise, objective_of

ACTIVATIONS = ("identity", "logistic", "tanh", "relu")


def standardised(X, y):
    return scale(X), y


def counts():
    X = np.random.RandomState(0).randn(200, 6)
    return X, np.random.RandomState(1).poisson(np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1] + 0.5)).astype(float)


PROBLEMS = {
    "binary": ("MLPClassifier", standardised(*load_breast_cancer(return_X_y=True))),
    "multiclass": ("MLPClassifier", standardised(*load_iris(return_X_y=True))),
    "unscaled": ("MLPClassifier", load_iris(return_X_y=True)),
    "multilabel": ("MLPClassifier", make_multilabel_classification(100, 8, n_classes=3, random_state=1)),
    "synthetic": ("MLPClassifier", make_classification(200, 10, n_informative=6, n_classes=3, random_state=2)),
    "regression": ("MLPRegressor", tuple(map(scale, load_diabetes(return_X_y=True)))),
    "three outputs": ("MLPRegressor", tuple(map(scale, make_regression(120, 8, n_targets=3, noise=5, random_state=3)))),
    "counts": ("MLPRegressor", counts()),
}


def agreement(pair, problems, grid):
    """Count runs in which scikit-learn converges within 60 iterations, and those of them in which ours agrees."""
    agreeing, apart = 0, []
    for kind, activation, alpha, hidden, tol in itertools.product(problems, ACTIVATIONS, *grid):
        name, (X, y) = problems[kind]
        parameters = {"loss": "poisson"} if kind == "counts" else {}
        ours, theirs = pair(
            name,
            solver="lbfgs",
            activation=activation,
            alpha=alpha,
            hidden_layer_sizes=hidden,
            tol=tol,
            max_iter=61,
            random_state=1,
            **parameters,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about convergence, of either: asked for below
            theirs.fit(X, y)
            if theirs.n_iter_ > 60:
                continue
            ours.fit(X, y)
        if ours.n_iter_ == theirs.n_iter_ and abs(ours.loss_ - theirs.loss_) <= 1e-6 * abs(theirs.loss_):
            agreeing += 1
        else:
            apart.append((kind, activation, alpha, hidden, tol, theirs.n_iter_, ours.n_iter_))
    return agreeing, apart


def test_nine_of_ten_converged_runs_agree(pair):
    # not bits: the two loops round differently from L-BFGS-B's compact matrices, and where a run is near one of the
    # line search's choices, rounding decides; that is rare within 60 iterations
    agreeing, apart = agreement(pair, PROBLEMS, [(0.1, 10.0), ((10,),), (1e-2, 1e-4)])
    assert agreeing + len(apart) >= 60
    assert agreeing >= 0.9 * (agreeing + len(apart)), apart


@pytest.mark.slow
def test_nine_of_ten_converged_runs_agree_on_a_larger_grid(pair):
    X, y = load_digits(return_X_y=True)
    problems = {**PROBLEMS, "digits": ("MLPClassifier", (X[:500] / 16, y[:500]))}
    agreeing, apart = agreement(
        pair, problems, [(1e-4, 0.01, 1.0, 10.0), ((5,), (50,), (16, 8)), (1e-2, 1e-3, 1e-4, 1e-6)]
    )
    assert agreeing + len(apart) >= 500
    assert agreeing >= 0.9 * (agreeing + len(apart)), apart


def small_training(dtype=np.float64):
    X, y = load_iris(return_X_y=True)
    network = Network([Dense(4, 6, "tanh"), Dense(6, 3, "softmax")], "log_loss", alpha=0.1)
    parameters = np.random.RandomState(0).uniform(-0.5, 0.5, network.layout.size).astype(dtype)
    return network, scale(X).astype(dtype), np.eye(3, dtype=dtype)[y], parameters


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("interrupted", [1, 9, 14])
def test_an_interrupted_training_goes_on_with_the_same_bits(dtype, interrupted):
    network, X, y, parameters = small_training(dtype)
    objective = objective_of(network, X, y, None, parameters.dtype)
    limits = {"tol": 1e-4, "max_iter": 1000, "max_fun": 15000, "recorder": None}
    whole = minimise(objective, parameters, **limits)
    kept = []

    def keep(state):
        kept.append(state)
        if len(kept) == interrupted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimise(objective, parameters, keep=keep, **limits)
    network, *_ = small_training(dtype)
    resumed = minimise(objective_of(network, X, y, None, parameters.dtype), kept[-1], **limits)
    assert resumed.n_iterations == whole.n_iterations > interrupted
    np.testing.assert_array_equal(resumed.x, whole.x)
    assert (resumed.value, resumed.reason, resumed.n_evaluations) == (whole.value, whole.reason, whole.n_evaluations)


def test_the_parameters_to_start_from_are_not_changed():
    network, X, y, parameters = small_training()
    before = parameters.copy()
    objective = objective_of(network, X, y, None, parameters.dtype)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=3"):
        minimum = minimise(objective, parameters, tol=1e-4, max_iter=3, max_fun=100, recorder=None)
    np.testing.assert_array_equal(parameters, before)
    assert objective(minimum.x)[0] == minimum.value
    np.testing.assert_array_equal(objective(minimum.x)[1], minimum.gradient)


def test_a_loss_that_is_not_finite_at_the_start_is_an_error():
    network = Network([Dense(4, 1)], "squared_error")
    X, y = load_iris(return_X_y=True)
    objective = objective_of(network, X * 1e200, y[:, np.newaxis].astype(float), None, np.dtype(float))
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="not finite where the minimisation starts"):
        minimise(objective, np.ones(5), tol=1e-4, max_iter=10, max_fun=100, recorder=None)
