"""Data, and the comparison of a fitted network with scikit-learn's."""

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

import workings.neural_network

FITTED = (
    "loss_curve_",
    "loss_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "_no_improvement_count",
)


def same_bits(ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    floats = ours.dtype.kind == "f"
    return ours.dtype == theirs.dtype and np.array_equal(ours, theirs, equal_nan=floats)


def differences(ours, theirs, X):
    """Names of what is not the same, bit by bit."""
    differing = [name for name in FITTED if not same_bits(getattr(ours, name, None), getattr(theirs, name, None))]
    for name in ("coefs_", "intercepts_"):
        pairs = zip(getattr(ours, name), getattr(theirs, name), strict=True)
        if not all(same_bits(one, other) for one, other in pairs):
            differing.append(name)
    methods = [name for name in ("predict", "predict_proba", "predict_log_proba") if hasattr(theirs, name)]
    return differing + [name for name in methods if not same_bits(getattr(ours, name)(X), getattr(theirs, name)(X))]


@pytest.fixture(scope="session")
def pair():
    """Return our and scikit-learn's estimator of a name, made with the same parameters."""

    def make(name, **parameters):
        return tuple(
            getattr(module, name)(**parameters) for module in (workings.neural_network, sklearn.neural_network)
        )

    return make


@pytest.fixture(scope="session")
def assert_same_bits():
    def check(ours, theirs, X):
        assert differences(ours, theirs, X) == []

    return check


@pytest.fixture(scope="session")
def problems():
    """Name of an estimator, X and y, for each kind of target."""
    rows = 97
    found = {}
    for kind, classes in (("binary", 2), ("multiclass", 4)):
        X, y = make_classification(rows, 7, n_informative=5, n_classes=classes, random_state=1)
        found[kind] = ("MLPClassifier", X, y)
    X, y = make_multilabel_classification(rows, 7, n_classes=4, random_state=1)
    found["multilabel"] = ("MLPClassifier", X, y)
    for kind, targets in (("one output", 1), ("three outputs", 3)):
        X, y = make_regression(rows, 7, n_targets=targets, noise=3.0, random_state=1)
        found[kind] = ("MLPRegressor", X, y / y.std())
    _, X, y = found["one output"]
    found["counts"] = ("MLPRegressor", X, np.random.RandomState(0).poisson(np.exp(0.5 * y)).astype(float))
    return found
