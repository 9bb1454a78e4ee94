"""The tape's layers: norms, ratios, dead and saturated units, and the penalty within the loss."""

import numpy as np
import pytest
import scipy.sparse

import workings
from workings.neural_network import Dense, Dropout, MLPClassifier, MLPRegressor, Network, train
from workings.optimize import GradientDescent

pytestmark = [
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::workings.base.ConvergenceWarning"),
]

RNG = np.random.RandomState(0)
X = RNG.randn(50, 3)
Y = RNG.randn(50)


def recorded(fit, **how):
    with workings.record(**how) as tape:
        fit()
    return tape


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_norms_are_the_means_over_the_batches(solver):
    model = MLPRegressor(hidden_layer_sizes=(4, 2), solver=solver, max_iter=3, batch_size=20, random_state=0)
    tape = recorded(lambda: model.fit(X, Y), arrays=True)
    frame = tape.frame("layer")
    assert list(frame["epoch"]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert list(frame["layer"]) == [1, 2, 3] * 3
    for layer in range(3):
        rows = frame[frame["layer"] == layer + 1]
        for column, name in (("gradient_norm", "gradient"), ("update_norm", "update")):
            norms = [np.sqrt((array**2).sum()) for array in tape.arrays(f"{name}_coefs_{layer}")]
            np.testing.assert_allclose(rows[column], np.reshape(norms, (3, 3)).mean(axis=1), rtol=1e-14)
        assert rows["weight_norm"].iloc[-1] == pytest.approx(np.sqrt((model.coefs_[layer] ** 2).sum()), rel=1e-14)
    np.testing.assert_array_equal(frame["update_ratio"], frame["update_norm"] / frame["weight_norm"])


def with_first_layer(weights, biases, activation):
    """Return a regressor whose hidden layer is given, and which will hardly move."""
    model = MLPRegressor(
        hidden_layer_sizes=(len(biases),), activation=activation, solver="sgd", learning_rate_init=1e-300, max_iter=1
    ).fit(X, Y)
    model.coefs_[0][:] = weights
    model.intercepts_[0][:] = biases
    return model


def shares(model):
    frame = recorded(lambda: model.partial_fit(X, Y)).frame("layer")
    assert frame[["dead", "saturated"]].iloc[1].isna().all()  # the output layer
    return tuple(frame.loc[0, ["dead", "saturated"]])


def test_dead_relu_units():
    # never active; active on every row; active on one row of 50, which is 2 %; active on five, which is 10 %
    order = np.sort(X[:, 0])
    model = with_first_layer(0, [-1, 1, 0, 0], "relu")
    model.coefs_[0][0] = [0, 0, 1, 1]
    model.intercepts_[0][2:] = -(order[-1] + order[-2]) / 2, -(order[-5] + order[-6]) / 2
    assert shares(model) == (0.25, 0.5)


# f' is 1 - tanh² = 5 % at z = 2.1785, f (1 - f) is 5 % of 1/4 at 4.3567, leaky relu's 1 % is below 5 % and never 0
@pytest.mark.parametrize(
    ("activation", "biases", "expected"),
    [
        ("tanh", [0, 2.178, 2.179, -2.179], (0, 0.5)),
        ("logistic", [0, 4.356, 4.357, -4.357], (0, 0.5)),
        ("identity", [0, 100, -100, 5], (0, 0)),
        ("tanh", [0, 30, -30, 2], (0.5, 0.5)),
    ],
)
def test_saturated_units(activation, biases, expected):
    assert shares(with_first_layer(0, biases, activation)) == expected


@pytest.mark.parametrize(
    ("activation", "biases", "expected"),
    [
        ("leaky_relu", [1, -1, -1, -1], (0, 0.75)),
        ("elu", [1, -2.9, -3.1, -800], (0.25, 0.5)),  # exp(z) is 5 % at -2.996 and 0 at -800
        ("softplus", [1, -2.9, -3.1, 9], (0, 0.25)),  # logistic(-2.944) is 5 %, of 95 % at z = 3
        ("softmax", [1, 2, 3, 4], (np.nan, np.nan)),
    ],
)
def test_activations_of_networks_built_by_hand(activation, biases, expected):
    network = Network([Dense(3, 4, activation), Dropout(4), Dense(4, 1)]).initialise(random_state=0)
    network.coefs[0][:] = 0
    network.intercepts[0][:] = biases
    tape = recorded(lambda: train(network, X, Y, n_epochs=1, rule=GradientDescent(1e-300)))
    frame = tape.frame("layer")
    assert list(frame["layer"]) == [1, 2]  # the dropout has no weights
    np.testing.assert_array_equal(frame.loc[0, ["dead", "saturated"]].astype(float), expected)


def test_a_unit_counts_by_all_rows_and_not_by_one_block_of_them():
    """4097 rows are many blocks; one unit is active on the first row alone, the other on the last."""
    rows = np.full((4097, 2), -1.0)
    rows[0, 0] = rows[-1, 1] = 1
    model = MLPRegressor(hidden_layer_sizes=(2,), solver="sgd", learning_rate_init=1e-300, max_iter=1)
    model.fit(rows, rows[:, 0])
    model.coefs_[0][:], model.intercepts_[0][:] = np.eye(2), 0
    frame = recorded(lambda: model.partial_fit(rows, rows[:, 0])).frame("layer")
    assert tuple(frame.loc[0, ["dead", "saturated"]]) == (0, 1)


def test_units_are_judged_with_nothing_dropped():
    """Four ones come up: with none of them dropped or doubled one unit is always active and the other never."""
    network = Network([Dense(3, 4), Dropout(4, 0.5), Dense(4, 2, "relu"), Dense(2, 1)]).initialise(random_state=0)
    network.coefs[0][:], network.intercepts[0][:] = 0, 1
    network.coefs[1][:], network.intercepts[1][:] = 1, [-3.9, -4.1]
    frame = recorded(lambda: train(network, X, Y, n_epochs=1, rule=GradientDescent(1e-300))).frame("layer")
    assert tuple(frame.loc[1, ["dead", "saturated"]]) == (0.5, 0.5)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_penalty_is_the_part_of_the_loss_that_is_not_the_data_s(weighted):
    weight = np.random.RandomState(1).uniform(0.5, 2, 50) if weighted else None
    settings = {"hidden_layer_sizes": (4,), "batch_size": 20, "max_iter": 1, "random_state": 0, "shuffle": False}
    settings |= {"alpha": 5.0, "solver": "sgd", "learning_rate_init": 0.01}
    model = MLPRegressor(**settings)
    epoch = recorded(lambda: model.fit(X, Y, weight)).frame("epoch").iloc[0]
    # the same three batches, each as a training of its own with the parameters that the one before has left
    data_loss, penalty = 0.0, 0.0
    start = MLPRegressor(**settings | {"learning_rate_init": 1e-300}).fit(X, Y)
    model = MLPRegressor(**settings).set_params(momentum=0.9)
    model.fit(X[:1], Y[:1])  # allocates
    model.coefs_, model.intercepts_ = start.coefs_, start.intercepts_
    model._optimizer = model._update_rule()
    for rows in (slice(0, 20), slice(20, 40), slice(40, 50)):
        n = len(Y[rows])
        w = np.ones(n) if weight is None else weight[rows]
        error = model.predict(X[rows]) - Y[rows]
        data_loss += n * (w @ error**2) / w.sum() / 2
        penalty += n * 5.0 / 2 * sum((coef**2).sum() for coef in model.coefs_) / w.sum()
        model.partial_fit(X[rows], Y[rows], None if weight is None else w)
    assert epoch["penalty"] == pytest.approx(penalty / 50, rel=1e-13)
    assert epoch["loss"] - epoch["penalty"] == pytest.approx(data_loss / 50, rel=1e-12)


def test_without_a_penalty_it_is_zero():
    model = MLPClassifier((4,), alpha=0.0, max_iter=2, random_state=0)
    assert list(recorded(lambda: model.fit(X, Y > 0)).frame("epoch")["penalty"]) == [0, 0]


@pytest.mark.parametrize("data", ["dense", "csr", "csc", "single"])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_recording_layers_changes_no_bit(data, activation):
    forms = {"dense": X, "csr": scipy.sparse.csr_matrix(X), "csc": scipy.sparse.csc_matrix(X), "single": X.astype("f")}
    settings = {"hidden_layer_sizes": (4, 3), "activation": activation, "max_iter": 4, "batch_size": 16}
    silent = MLPRegressor(**settings, random_state=0).fit(forms[data], Y)
    recorded_model = MLPRegressor(**settings, random_state=0)
    recorded(lambda: recorded_model.fit(forms[data], Y))
    for one, other in zip(
        silent.coefs_ + silent.intercepts_, recorded_model.coefs_ + recorded_model.intercepts_, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert silent.loss_curve_ == recorded_model.loss_curve_


def test_recording_a_network_with_dropout_changes_no_bit():
    def trained():
        network = Network([Dense(3, 8, "relu"), Dropout(8, 0.5), Dense(8, 1)]).initialise(random_state=0)
        train(network, X, Y, n_epochs=4, random_state=0)
        return network.parameters

    silent = trained()
    with workings.record() as tape:
        recorded_parameters = trained()
    np.testing.assert_array_equal(silent, recorded_parameters)
    assert len(tape.frame("layer")) == 8


def test_nothing_is_measured_while_nobody_records(monkeypatch):
    def forbidden(*_):
        raise AssertionError("measured without a tape")

    monkeypatch.setattr("workings.neural_network.training_record.LayerRecord.__init__", forbidden)
    MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
    with pytest.raises(AssertionError, match="without a tape"), workings.record():
        MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
