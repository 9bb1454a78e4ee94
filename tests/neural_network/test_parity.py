"""The same random_state gives scikit-learn's bits."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.preprocessing import scale

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

KINDS = ("binary", "multiclass", "multilabel", "one output", "three outputs", "counts")
ACTIVATIONS = ("relu", "tanh", "logistic", "identity")
SOLVERS = {
    "adam": {"solver": "adam"},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.01},
    "invscaling": {
        "solver": "sgd",
        "nesterovs_momentum": False,
        "learning_rate": "invscaling",
        "learning_rate_init": 0.1,
    },
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.02, "tol": 0.01}
    | {"n_iter_no_change": 2},
}
MODES = ("fit", "weights", "in order", "early stopping", "early stopping, weights")
SEQUENCES = ("partial fits", "weighted partial fits", "warm starts", "early-stopping warm starts", "a generator")


def trained(model, mode, kind, X, y):
    weight = np.random.RandomState(1).rand(len(X)) if "weight" in mode else None
    calls = 3 if mode in SEQUENCES else 1
    for _ in range(calls):
        if "partial" not in mode:
            model.fit(X, y, weight)
        elif kind in ("binary", "multiclass", "multilabel"):
            model.partial_fit(X, y, weight, classes=np.arange(2 if kind == "binary" else 4))
        else:
            model.partial_fit(X, y, weight)
    return model


def trained_or_diverged(*arguments):
    try:
        return trained(*arguments)
    except ValueError as error:
        return str(error).partition(".")[0]


def both(pair, problems, kind, activation, solver, mode, dtype=np.float64, epochs=12, train=trained):
    name, X, y = problems[kind]
    parameters = {"hidden_layer_sizes": (9, 5), "activation": activation, "random_state": 5, "max_iter": epochs}
    parameters |= SOLVERS[solver]
    if kind == "counts":
        parameters["loss"] = "poisson"
    if mode == "in order":
        parameters |= {"shuffle": False, "batch_size": 20}
    if "early" in mode:
        parameters |= {"early_stopping": True, "validation_fraction": 0.23, "n_iter_no_change": 3}
    if mode in ("early stopping", "partial fits", "warm starts"):
        parameters["batch_size"] = 16
    if "warm starts" in mode:
        parameters["warm_start"] = True
    X = X.astype(dtype)
    models = pair(name, **parameters)
    if mode == "a generator":
        for model in models:
            model.random_state = np.random.RandomState(9)
    fitted = [train(model, mode, kind, X, y) for model in models]
    return *fitted, X


@pytest.mark.parametrize("mode", MODES + SEQUENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_mode(pair, problems, assert_same_bits, kind, mode):
    assert_same_bits(*both(pair, problems, kind, "relu", "adam", mode))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_solver_and_activation(pair, problems, assert_same_bits, activation, solver):
    for kind in ("binary", "three outputs"):
        assert_same_bits(*both(pair, problems, kind, activation, solver, "fit"))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_grid(pair, problems, assert_same_bits, kind, dtype):
    # 458 pairs of fits; the strides share no factor with the numbers of solvers and modes
    combinations = list(itertools.product(ACTIVATIONS, SOLVERS, MODES + SEQUENCES))
    for activation, solver, mode in combinations[:: 3 if dtype == np.float64 else 7]:
        ours, theirs, X = both(
            pair, problems, kind, activation, solver, mode, dtype, epochs=6, train=trained_or_diverged
        )
        if isinstance(theirs, str):  # the adaptive rate is too large for the Poisson loss
            assert theirs == "Solver produced non-finite parameter weights"
            assert ours == theirs
        else:
            assert_same_bits(ours, theirs, X)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_single_precision(pair, problems, assert_same_bits, activation):
    for kind, mode in (("multiclass", "early stopping"), ("binary", "weights"), ("one output", "in order")):
        assert_same_bits(*both(pair, problems, kind, activation, "adam", mode, np.float32))


@pytest.mark.parametrize("types", [("f4", "f4"), ("f4", "f8"), ("f8", "f4"), ("f4", "i8"), ("f8", "i4"), ("f4", "u1")])
@pytest.mark.parametrize("weight_type", [None, "f4", "f8"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_mixed_types_of_data_target_and_weights(pair, problems, assert_same_bits, types, weight_type, early_stopping):
    name, X, y = problems["three outputs"]
    X, y = X.astype(types[0]), np.abs(9 * y).astype(types[1])
    weight = None if weight_type is None else np.random.RandomState(0).rand(len(X)).astype(weight_type)
    for batch_size in ("auto", 16):
        models = pair(name, random_state=0, max_iter=5, batch_size=batch_size, early_stopping=early_stopping)
        assert_same_bits(*(model.fit(X, y, weight) for model in models), X)


CONTAINERS = {
    "F order": np.asfortranarray,
    "DataFrame": lambda X: pd.DataFrame(X, columns=list("abcdefg")),
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_array,  # a batch keeps the rows of a column in the order before shuffling
    "coo": scipy.sparse.coo_matrix,
    "integers": lambda X: (3 * X).astype(int),
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1],
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 10, "auto"])
def test_containers(pair, problems, assert_same_bits, container, shuffle, batch_size):
    name, X, y = problems["multiclass"]
    X = CONTAINERS[container](X)
    models = pair(name, hidden_layer_sizes=(12,), random_state=3, max_iter=3, shuffle=shuffle, batch_size=batch_size)
    assert_same_bits(*(model.fit(X, y) for model in models), X)


@pytest.mark.parametrize("kind", ["multiclass", "three outputs"])
def test_csc_under_early_stopping(pair, problems, assert_same_bits, kind):
    # the split into training and validation rows is the one place where scikit-learn turns CSC into CSR
    name, X, y = problems[kind]
    X = scipy.sparse.csc_array(X)
    models = pair(name, random_state=3, max_iter=5, batch_size=10, early_stopping=True)
    assert_same_bits(*(model.fit(X, y) for model in models), X)


@pytest.mark.parametrize("labels", [["a", "b", "cc", "d"], [-3, 0, 1, 7], [0.0, 1.0, 2.0, 4.0]])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_labels_of_any_type(pair, problems, assert_same_bits, labels, early_stopping):
    name, X, y = problems["multiclass"]
    y = np.array(labels)[y]
    models = pair(name, random_state=0, max_iter=5, early_stopping=early_stopping)
    ours, theirs = (model.fit(X, y) for model in models)
    assert_same_bits(ours, theirs, X)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


SHAPES = [(), (1,), 5, (4, 4, 4, 4), np.array([3, 4]), (100,)]
ODD = [
    *({"hidden_layer_sizes": shape} for shape in SHAPES),
    {"momentum": 0.0, "solver": "sgd"},
    {"momentum": 1.0, "solver": "sgd"},
    {"alpha": 0.0},
    {"alpha": 3.0},
    {"beta_1": 0.0, "beta_2": 0.0},
    {"epsilon": 0.1},
    {"power_t": 0.1, "learning_rate": "invscaling", "solver": "sgd"},
    {"tol": 0.0},
    {"n_iter_no_change": np.inf, "tol": 100.0},
    {"learning_rate_init": 1000.0, "solver": "sgd", "early_stopping": True},
    {"learning_rate_init": 50.0},
    {"batch_size": 1},
    {"batch_size": 1000},
]


@pytest.mark.parametrize("parameters", ODD, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.filterwarnings("ignore:Got `batch_size` less")
def test_unusual_parameters(pair, problems, assert_same_bits, parameters, dtype):
    name, X, y = problems["multiclass"]
    X = X.astype(dtype)
    models = pair(name, **{"random_state": 0, "max_iter": 10} | parameters)
    assert_same_bits(*(model.fit(X, y) for model in models), X)


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (load_digits, "MLPClassifier"),
        (load_breast_cancer, "MLPClassifier"),
        (load_wine, "MLPClassifier"),
        (load_diabetes, "MLPRegressor"),
    ],
)
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_real_data(pair, assert_same_bits, load, name, activation):
    X, y = load(return_X_y=True)
    X = scale(X)
    models = pair(name, activation=activation, random_state=0, max_iter=10, early_stopping=activation == "relu")
    assert_same_bits(*(model.fit(X, y) for model in models), X)


@pytest.mark.slow
def test_digits_until_convergence(pair, assert_same_bits):
    X, y = load_digits(return_X_y=True)
    models = pair("MLPClassifier", hidden_layer_sizes=(50,), random_state=1, max_iter=200)
    assert_same_bits(*(model.fit(X, y) for model in models), X)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lbfgs_takes_the_same_path(pair, problems, kind, activation):
    # not bits: the line search and the two loops round differently; thirty iterations do not magnify that to 1e-6
    name, X, y = problems[kind]
    parameters = {"loss": "poisson"} if kind == "counts" else {}
    for iterations, weight in ((10, None), (30, np.random.RandomState(0).rand(len(X)))):
        ours, theirs = (
            model.fit(X, y, weight)
            for model in pair(
                name,
                hidden_layer_sizes=(10,),
                activation=activation,
                solver="lbfgs",
                alpha=0.01,
                random_state=2,
                max_iter=iterations,
                **parameters,
            )
        )
        assert ours.n_iter_ == theirs.n_iter_
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
        assert ours.t_ == theirs.t_
        assert ours.coefs_[0].dtype == theirs.coefs_[0].dtype
        np.testing.assert_array_equal(ours.predict(X) > 0.5, theirs.predict(X) > 0.5)
