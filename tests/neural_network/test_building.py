"""Networks built by hand: the estimators' bits, every part at work, and an answer to every misuse."""

import contextlib
import copy
import dataclasses
import pickle
import signal
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.neural_network
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import workings
import workings.neural_network.network
from workings.base import ConvergenceWarning
from workings.neural_network import Dense, Dropout, Huber, LeakyRelu, Network, train
from workings.neural_network.initialisation import glorot_uniform
from workings.optimize import (
    Adam,
    AdamW,
    Adaptive,
    ClipByNorm,
    Constant,
    CosineAnnealing,
    GradientDescent,
    InverseScaling,
    RMSProp,
    StepDecay,
)

XOR = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
HIDDEN = ("logistic", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", LeakyRelu(0.2))


def same_parameters(network, model):
    ours = [*network.coefs, *network.intercepts]
    return all(np.array_equal(a, b) for a, b in zip(ours, [*model.coefs_, *model.intercepts_], strict=True))


def curve(n=60, seed=0):
    """A smooth function of one variable, with a little noise."""
    rng = np.random.RandomState(seed)
    X = np.linspace(-2, 2, n)[:, np.newaxis]
    return X, np.sin(2 * X[:, 0]) + 0.05 * rng.randn(n)


def small(*, dropout=0.0, loss="squared_error", seed=0):
    layers = [Dense(1, 16, "tanh"), Dropout(16, dropout), Dense(16, 1)]
    return Network(layers, loss).initialise(seed)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_copy_of_scikit_learns_classifier_gives_its_bits(activation, solver):
    X, digits = load_digits(return_X_y=True)
    X, digits = X[:300] / 16, digits[:300]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sklearn.neural_network.MLPClassifier(
            (12, 9), activation=activation, solver=solver, max_iter=15, alpha=0.01, batch_size=64, random_state=4
        ).fit(X, digits)
    network = Network(
        [Dense(64, 12, activation), Dense(12, 9, activation), Dense(9, 10, "softmax")], "log_loss", alpha=0.01
    )
    rng = np.random.RandomState(4)
    network.bind(glorot_uniform(network.layout, activation, rng, np.float64))
    rule = Adam() if solver == "adam" else GradientDescent(0.001)
    result = train(network, X, digits, rule=rule, n_epochs=15, batch_size=64, random_state=rng)
    assert list(result.losses) == model.loss_curve_
    assert same_parameters(network, model)
    np.testing.assert_array_equal(network.output(X), model.predict_proba(X))


def test_a_copy_of_scikit_learns_regressor_stops_where_it_stops():
    X, y = curve()
    model = sklearn.neural_network.MLPRegressor(
        hidden_layer_sizes=8, max_iter=500, alpha=0.0, tol=1e-3, n_iter_no_change=5, random_state=0
    ).fit(X, y)
    network = Network([Dense(1, 8, "relu", initialisation="glorot_uniform"), Dense(8, 1)])
    rng = np.random.RandomState(0)
    result = train(network.initialise(rng), X, y, n_epochs=500, patience=5, tol=1e-3, random_state=rng)
    assert result.n_epochs == model.n_iter_ < 500
    assert result.reason == "The loss has not fallen by 0.001 for 6 epochs in a row."
    assert same_parameters(network, model)


def test_the_losses_of_an_untrained_network_by_hand():
    # one weight 2, one bias 1: the outputs for x = 0, 1 are 1 and 3, the errors against y = 0 and 0 are 1 and 3
    network = Network([Dense(1, 1)], alpha=0.5)
    network.bind(np.array([2.0, 1.0]))
    X, y = np.array([[0.0], [1.0]]), np.zeros(2)
    assert network.loss_at(X, y) == (1 / 2 + 9 / 2) / 2
    assert network.loss_at(X, y, [3.0, 1.0]) == (3 / 2 + 9 / 2) / 4
    robust = Network([Dense(1, 1)], Huber(2.0))
    robust.bind(network.parameters)
    assert robust.loss_at(X, y) == (1 / 2 + 2 * (3 - 1)) / 2
    # a step of gradient descent with rate 1/10 on the squared error and the penalty 0.5/2 * 2² / 2 = 1/2:
    #   d/dw = (0 * 1 + 1 * 3 + 0.5 * 2) / 2 = 2      d/db = (1 + 3) / 2 = 2
    network = Network([Dense(1, 1)], alpha=0.5)
    network.bind(np.array([2.0, 1.0]))
    result = train(network, X, y, rule=GradientDescent(0.1, momentum=0.0), n_epochs=1)
    assert result.losses == (5 / 2 + 1 / 2,)
    np.testing.assert_allclose(network.parameters, [1.8, 0.8], rtol=1e-15)


@pytest.mark.parametrize("activation", HIDDEN, ids=lambda a: a if isinstance(a, str) else "LeakyRelu(0.2)")
def test_every_activation_learns_exclusive_or(activation):
    network = Network([Dense(2, 8, activation), Dense(8, 2, "softmax")], "log_loss").initialise(1)
    result = train(network, *XOR, rule=Adam(0.05), n_epochs=300, random_state=0)
    assert network.output(XOR[0]).argmax(axis=1).tolist() == [0, 1, 1, 0]
    assert result.losses[-1] < 0.05 < np.log(2) / 2 < result.losses[0]


@pytest.mark.parametrize(
    ("loss", "output"),
    [(loss, output) for loss in ("squared_error", "huber", "poisson") for output in ("exp", "softplus")]
    + [("squared_error", "identity"), ("huber", "identity")],
)
def test_every_loss_learns_a_curve(loss, output):
    X, y = curve()
    y = np.exp(y)
    network = Network([Dense(1, 16, "gelu"), Dense(16, 1, output)], loss).initialise(0)
    train(network, X, y, rule=Adam(0.03), n_epochs=500, random_state=0)
    assert 1 - np.mean((network.output(X)[:, 0] - y) ** 2) / y.var() > 0.97


def test_independent_labels_are_learnt_with_the_binary_loss():
    X = np.random.RandomState(0).randn(80, 2)
    y = np.column_stack([X[:, 0] > 0, X[:, 0] * X[:, 1] > 0])
    network = Network([Dense(2, 16, "relu"), Dense(16, 2, "logistic")], "binary_log_loss").initialise(0)
    train(network, X, y, rule=Adam(0.02), n_epochs=300, random_state=0)
    assert np.mean((network.output(X) > 0.5) == y) > 0.97


RULES = {
    "gradient descent, constant": lambda: GradientDescent(0.1, schedule=Constant()),
    "momentum, inverse scaling": lambda: GradientDescent(0.1, 0.9, True, InverseScaling(0.1)),
    "momentum, steps": lambda: GradientDescent(0.1, 0.9, True, StepDecay(20, 0.5)),
    "adam, adaptive": lambda: Adam(0.02, schedule=Adaptive()),
    "adamw, cosine with warm-up": lambda: AdamW(0.02, schedule=CosineAnnealing(60, warm_up=5), weight_decay=0.001),
    "rmsprop, cosine": lambda: RMSProp(0.02, schedule=CosineAnnealing(60)),
    "clipped adamw": lambda: ClipByNorm(AdamW(0.02), 0.5),
    "clipped momentum, steps": lambda: ClipByNorm(GradientDescent(0.1, schedule=StepDecay(20, 0.5)), 0.1),
}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_runs_through_the_same_call(name):
    X, y = curve()
    network = small()
    rule = RULES[name]()
    with workings.record() as tape:
        result = train(network, X, y, rule=rule, n_epochs=60, batch_size=20, random_state=0)
    assert result.losses[-1] < 0.5 * result.losses[0]
    assert result.reason == "All 60 epochs are done."
    # the rates that a schedule has set: after each epoch that of the next one
    if not isinstance(rule, Adam) and not (isinstance(rule, ClipByNorm) and isinstance(rule.rule, Adam)):
        initial = rule.learning_rate_init
        expected = [rule.schedule.after_epoch(initial, initial, epoch, 60 * epoch) for epoch in range(1, 61)]
        np.testing.assert_allclose(tape.frame("epoch")["learning_rate"], expected, rtol=1e-15)
    if isinstance(rule, ClipByNorm):
        assert 0 < rule.count <= 60 * 3


def test_clipping_bounds_the_first_step():
    X, y = curve()
    before = small().parameters
    network = small()
    train(network, X, 1e6 * y, rule=ClipByNorm(GradientDescent(0.1, momentum=0.0), 2.0), n_epochs=1)
    assert np.linalg.norm(network.parameters - before) == pytest.approx(0.1 * 2.0, rel=1e-9)


def test_weights_decay_and_biases_do_not():
    # X = 0 and y = b: no gradient at all, so that AdamW's decay alone acts, by 1 - 0.1 * 0.5 a step
    network = Network([Dense(1, 1)])
    network.bind(np.array([2.0, 3.0]))
    train(network, np.zeros((4, 1)), np.full(4, 3.0), rule=AdamW(0.1, weight_decay=0.5), n_epochs=10, batch_size=2)
    assert network.intercepts[0][0] == 3.0
    assert network.coefs[0][0, 0] == pytest.approx(2.0 * 0.95**20, rel=1e-14)


def test_a_rule_that_is_used_again_keeps_its_moments_and_begins_its_schedule_anew():
    X, y = curve()
    network, rule = small(), Adam(0.01, schedule=CosineAnnealing(5))
    train(network, X, y, rule=rule, n_epochs=5)
    assert (rule.t, rule.scheduled_rate) == (5, 0.0)
    before = network.parameters.copy()
    train(network, X, y, rule=rule, n_epochs=1)
    assert rule.t == 6
    assert not np.array_equal(network.parameters, before)


def test_a_seed_gives_the_same_training_with_dropout_too():
    X, y = curve()
    found = []
    for initial, seed in ((0, 0), (0, 0), (0, 1), (1, 0)):
        network = small(dropout=0.3, seed=initial)
        losses = train(network, X, y, n_epochs=5, batch_size=20, random_state=seed).losses
        found.append((losses, network.parameters.tolist()))
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[0] != found[3]


def test_dropout_is_off_in_prediction_and_in_the_validation_loss():
    X, y = curve()
    network = small(dropout=0.5)
    hidden = np.tanh(X @ network.coefs[0] + network.intercepts[0])
    np.testing.assert_allclose(network.output(X), hidden @ network.coefs[1] + network.intercepts[1], rtol=1e-13)
    result = train(network, X, y, n_epochs=1, validation=(X, y), random_state=0)
    assert result.validation_losses == (network.loss_at(X, y),)


def test_dropout_is_active_in_training():
    X, y = curve()
    network = small(dropout=0.5)
    rng = np.random.RandomState(0)
    order = np.arange(60)
    rng.shuffle(order)
    mask = (rng.random_sample((60, 16)) >= 0.5) / 0.5
    hidden = np.tanh(X[order] @ network.coefs[0] + network.intercepts[0]) * mask
    error = (hidden @ network.coefs[1] + network.intercepts[1])[:, 0] - y[order]
    result = train(network, X, y, n_epochs=1, random_state=0)
    assert result.losses[0] == pytest.approx((error**2).mean() / 2, rel=1e-13)


def test_the_parameters_with_the_lowest_validation_loss_are_kept():
    X, y = curve()
    held_out = curve(seed=1)
    network = small()
    # a rate so large that the loss goes up and down
    result = train(network, X, y, rule=Adam(0.3), n_epochs=40, validation=held_out, random_state=0)
    assert len(result.validation_losses) == result.n_epochs == 40
    assert np.argmin(result.validation_losses) < 39
    assert network.loss_at(*held_out) == min(result.validation_losses)
    assert np.shares_memory(network.coefs[0], network.parameters)


def test_a_validation_loss_that_is_never_finite_leaves_the_network_as_it_was_and_says_so():
    X, y = curve()
    network = Network([Dense(1, 1, "exp")], "poisson").initialise(0)
    before = network.parameters.copy()
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match=r"before\. Scale the validation"):
        train(network, X, np.exp(y), n_epochs=2, validation=([[-1e6], [1e6]], [1.0, 1.0]))
    np.testing.assert_array_equal(network.parameters, before)


def test_it_ends_when_the_validation_loss_stops_falling():
    X, y = curve()
    result = train(small(), X, y, n_epochs=1000, validation=(X, y), patience=3, tol=1e-3, random_state=0)
    assert result.reason == "The validation loss has not fallen by 0.001 for 4 epochs in a row."
    fallen = np.minimum.accumulate(result.validation_losses)[:-1] - result.validation_losses[1:]
    assert (fallen[-4:] < 1e-3).all()
    assert fallen[-5] >= 1e-3


def test_only_a_training_that_was_to_end_by_itself_warns_when_it_does_not():
    X, y = curve()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train(small(), X, y, n_epochs=3).reason == "All 3 epochs are done."
    with pytest.warns(ConvergenceWarning, match="3"):
        train(small(), X, y, n_epochs=3, patience=5)


def test_a_plateau_lowers_an_adaptive_rate():
    X, y = curve()
    rule = GradientDescent(0.1, schedule=Adaptive(10.0, smallest=1e-2))
    result = train(small(), X, y, rule=rule, n_epochs=5000, patience=5, tol=1e-3, random_state=0)
    assert rule.learning_rate == pytest.approx(0.01)
    assert result.reason.startswith("The loss has not fallen")


class Interrupted(GradientDescent):
    """Presses Ctrl-C in the third step."""

    steps = 0

    def step(self, parameters, gradients):
        self.steps += 1
        if self.steps == 3:
            signal.raise_signal(signal.SIGINT)
        return super().step(parameters, gradients)


@pytest.fixture
def ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_training_and_keeps_what_was_learnt():
    X, y = curve()
    network, rule = small(), Interrupted(0.1)
    with pytest.warns(UserWarning, match="interrupted"):
        result = train(network, X, y, rule=rule, n_epochs=50)
    assert result.reason == f"Interrupted by the user in epoch {result.n_epochs + 1}."
    assert rule.steps == 3
    assert np.isfinite(network.loss_at(X, y))


def test_a_rule_that_diverged_can_train_again():
    X, y = curve()
    network, rule = Network([Dense(1, 4), Dense(4, 1)]).initialise(0), GradientDescent(0.01)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter"):
        train(network, X, 1e300 * y, rule=rule, n_epochs=100)
    assert np.isfinite(train(network, X, y, rule=rule, n_epochs=2).losses).all()


def test_a_training_that_diverges_leaves_finite_parameters_and_says_where():
    X, y = curve()
    network = Network([Dense(1, 4), Dense(4, 1)]).initialise(0)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(ValueError, match=r"In epoch \d+ parameters became infinite or NaN in layer"),
    ):
        train(network, X, 1e3 * y, rule=GradientDescent(1e3), n_epochs=100)
    assert np.isfinite(network.parameters).all()


@pytest.mark.filterwarnings("ignore:The loss was first inf:UserWarning")
def test_the_parameters_of_the_last_epoch_with_a_finite_loss_are_kept():
    def trained(n_epochs):
        network = Network([Dense(1, 4), Dense(4, 1)]).initialise(0)
        with workings.record() as tape, np.errstate(over="ignore", invalid="ignore"), contextlib.suppress(ValueError):
            train(network, *curve(), rule=GradientDescent(1e3), n_epochs=n_epochs, random_state=0)
        return network, tape

    network, tape = trained(100)
    n_finite = int(np.isfinite([step.values["batch_loss"] for step in tape.select("update")]).sum())
    assert 2 < n_finite < 100
    np.testing.assert_array_equal(network.parameters, trained(n_finite)[0].parameters)


def test_the_layer_that_overflows_is_counted_like_its_weights():
    network = Network([Dense(1, 2), Dropout(2, 0.5), Dense(2, 1)])
    network.bind(np.full(network.layout.size, 1e200))
    X, y = np.ones((4, 1)), np.ones((4, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        network.loss_and_gradient(X, y, None, network.room_for_gradient(X, y, None))
    assert network.overflow == 2


def test_a_weight_of_two_is_a_row_twice():
    X, y = curve(12)
    times = np.random.RandomState(0).randint(1, 4, 12)
    found = []
    for data, weight in (((X, y), times), ((np.repeat(X, times, 0), np.repeat(y, times)), None)):
        network = small()
        train(network, *data, sample_weight=weight, n_epochs=20, rule=GradientDescent(0.1))
        found.append(network.parameters)
    # a different order of some twenty terms, through twenty steps
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


def test_numbers_of_classes_and_one_hot_rows_are_the_same():
    rng = np.random.RandomState(0)
    X, numbers = rng.randn(20, 2), rng.randint(3, size=20)
    one_hot = np.eye(3)[numbers]
    found = []
    for y in (numbers, one_hot, one_hot.astype(bool), one_hot.tolist(), numbers.astype(float), pd.Series(numbers)):
        network = Network([Dense(2, 3, "softmax")], "log_loss").initialise(0)
        found.append((train(network, X, y, n_epochs=3, random_state=0), network.loss_at(X, y)))
    assert all(one == found[0] for one in found)


def test_large_data_are_predicted_in_blocks_of_rows(monkeypatch):
    X, _ = curve()
    network = small()
    whole = network.output(X)
    monkeypatch.setattr(workings.neural_network.network, "_ROWS", 7)
    # the order of a sum may depend on the shape of a product
    np.testing.assert_allclose(network.output(X), whole, rtol=1e-13)
    assert network.output(X[:1]).shape == (1, 1)


def test_tables_sparse_matrices_and_single_precision():
    rng = np.random.RandomState(0)
    X = rng.randn(30, 4) * (rng.rand(30, 4) > 0.5)
    y = X @ [1.0, 2.0, -1.0, 0.5]
    layers = [Dense(4, 5, "silu"), Dense(5, 1)]
    networks = [Network(layers).initialise(0) for _ in range(4)]
    tables = X, pd.DataFrame(X), scipy.sparse.csr_array(X), scipy.sparse.csc_matrix(X)
    for network, table in zip(networks, tables, strict=True):
        train(network, table, y, n_epochs=5, batch_size=8, random_state=0)
        np.testing.assert_allclose(network.parameters, networks[0].parameters, rtol=1e-10)
        np.testing.assert_allclose(network.output(table), networks[0].output(X), rtol=1e-10)
    single = Network(layers).initialise(0, dtype=np.float32)
    train(single, X, y, n_epochs=5, batch_size=8, random_state=0)
    assert single.parameters.dtype == single.output(X).dtype == np.float32
    # rounding of 6e-8 in some twenty steps of size 1e-3 to parameters of size one
    np.testing.assert_allclose(single.parameters, networks[0].parameters, atol=1e-5)


def test_the_data_are_left_as_they_are():
    X, y = curve()
    copies = X.copy(), y.copy()
    X.flags.writeable = y.flags.writeable = False
    network = small(dropout=0.2)
    train(network, X, y, n_epochs=2, batch_size=20, validation=(X, y))
    network.output(X)
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(y, copies[1])


def test_weights_and_biases_are_views_of_the_parameters():
    network = small()
    network.coefs[0][0, 3] = 7.0
    network.intercepts[1][0] = -7.0
    assert network.parameters[3] == 7.0
    assert network.parameters[-1] == -7.0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_is_a_network_of_its_own(copied):
    X, y = curve()
    network = small(dropout=0.2, loss="huber")
    twin = copied(network)
    before = network.parameters.copy()
    losses = train(twin, X, y, n_epochs=2, random_state=0).losses
    assert twin.coefs[0][0, 3] == twin.parameters[3] != before[3]
    np.testing.assert_array_equal(network.parameters, before)
    assert train(network, X, y, n_epochs=2, random_state=0).losses == losses
    with pytest.raises(ValueError, match="no parameters yet"):
        copied(Network([Dense(1, 1)])).output(X)


def test_the_tape_shows_a_training():
    X, y = curve()
    with workings.record() as tape:
        result = train(small(dropout=0.1), X, y, n_epochs=4, batch_size=20, random_state=0)
    epochs = tape.frame("epoch")
    assert list(epochs["loss"]) == list(result.losses)
    assert set(epochs["estimator"]) == {"Network"}
    assert len(tape.frame("update")) == 4 * 3


def test_recording_does_not_change_a_training():
    X, y = curve()
    silent = train(small(dropout=0.2), X, y, n_epochs=4, random_state=0)
    with workings.record():
        assert train(small(dropout=0.2), X, y, n_epochs=4, random_state=0) == silent


def test_a_result_is_frozen():
    result = train(small(), *curve(), n_epochs=2)
    assert result.n_epochs == 2
    assert result.validation_losses == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.losses = ()


def two_layers(seed, activation):
    rng = np.random.RandomState(seed)
    network = Network([Dense(3, 6, activation), Dropout(6, 0.2), Dense(6, 2, "softmax")]).initialise(rng)
    return network, rng.randn(5, 3), rng


@given(st.integers(0, 2**31), st.sampled_from(["tanh", "relu", "gelu", "softplus"]))
def test_the_order_of_hidden_units_does_not_matter(seed, activation):
    network, X, rng = two_layers(seed, activation)
    before = network.output(X)
    order = rng.permutation(6)
    network.coefs[0][...] = network.coefs[0][:, order]
    network.intercepts[0][...] = network.intercepts[0][order]
    network.coefs[1][...] = network.coefs[1][order]
    # sums of six terms of size one in another order, through an exponential
    np.testing.assert_allclose(network.output(X), before, rtol=1e-13)


@given(st.integers(0, 2**31), st.sampled_from(["relu", "leaky_relu", "identity"]), st.integers(-20, 20))
def test_what_a_layer_gains_the_next_may_lose(seed, activation, exponent):
    # f(c z) = c f(z) for c > 0, and powers of two do not round
    network, X, _ = two_layers(seed, activation)
    before = network.output(X)
    network.coefs[0][...] *= 2.0**exponent
    network.intercepts[0][...] *= 2.0**exponent
    network.coefs[1][...] *= 2.0**-exponent
    np.testing.assert_array_equal(network.output(X), before)


def test_a_network_that_makes_no_sense_is_an_error():
    with pytest.raises(ValueError, match="Layer 1 has 4 outputs but layer 2 has 3 inputs: make them equal"):
        Network([Dense(2, 4), Dense(3, 1)])
    with pytest.raises(ValueError, match="at least one Dense layer"):
        Network([Dropout(3)])
    with pytest.raises(ValueError, match=r"no loss 'mse'; choose one of .*'squared_error'"):
        Network([Dense(2, 1)], "mse")
    with pytest.raises(ValueError, match=r"no activation 'swish'; choose one of .*'silu'"):
        Dense(2, 1, "swish")
    for alpha in (-1.0, np.nan):
        with pytest.raises(ValueError, match="alpha, the weight of the penalty, has to be at least 0"):
            Network([Dense(2, 1)], alpha=alpha)
    with pytest.raises(ValueError, match=r"has 3 parameters; got a vector of the shape \(4,\)"):
        Network([Dense(2, 1)]).bind(np.zeros(4))
    for threshold in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            Huber(threshold)


def test_a_network_without_parameters_cannot_do_anything_yet():
    network = Network([Dense(1, 1)])
    X, y = curve()
    for use in (lambda: train(network, X, y), lambda: network.output(X), lambda: network.loss_at(X, y)):
        with pytest.raises(ValueError, match=r"no parameters yet: call its initialise\(random_state\) first"):
            use()


GOOD = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (GOOD[0], "Expected 2D array"),
        (GOOD[np.newaxis], "dim 3"),
        ([[0.0, np.nan]], "NaN"),
        ([[0.0, np.inf]], "infinity"),
        (GOOD[:, :1], "X has 1 columns, but the first layer of the network has 2 inputs"),
        (np.empty((0, 2)), "0 sample"),
        ([["a", "b"]], "could not convert"),
        (GOOD + 1j, "Complex data"),
    ],
)
def test_inputs_that_are_no_table_of_numbers(X, message):
    network = Network([Dense(2, 1)]).initialise(0)
    for use in (network.output, lambda X: train(network, X, [0.0] * len(X)), lambda X: network.loss_at(X, [0.0])):
        with pytest.raises(ValueError, match=message):
            use(X)


def test_sparse_inputs_need_a_dense_layer_first():
    network = Network([Dropout(2, 0.1), Dense(2, 1)]).initialise(0)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        network.output(scipy.sparse.csr_array(GOOD))


class Rescaled(Network):
    """A network with a function and a number of its own."""

    scale = 1.0

    def penalty(self):
        return self.scale * super().penalty()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_keeps_the_class_and_what_was_added_to_it(copied):
    network = Rescaled([Dense(1, 1)], alpha=2.0).initialise(0)
    network.scale = 5.0
    twin = copied(network)
    assert type(twin) is Rescaled
    assert twin.penalty() == network.penalty() == 5 * float(network.coefs[0][0, 0]) ** 2


@pytest.mark.parametrize("dtype", [int, bool, complex, np.float16])
def test_parameters_are_floats_of_double_or_single_precision(dtype):
    network = Network([Dense(2, 1)])
    with pytest.raises(ValueError, match="float64 or float32"):
        network.initialise(0, dtype=dtype)
    if dtype is not complex:  # a complex step binds complex ones
        with pytest.raises(ValueError, match="float64 or float32"):
            network.bind(np.zeros(3, dtype))


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:The loss was first inf:UserWarning")
@pytest.mark.parametrize(("X", "y", "name"), [(1e180, 1.0, "X"), (1.0, 1e180, "y")])
def test_data_whose_squares_overflow_are_named(X, y, name):
    network = Network([Dense(2, 1)])
    network.bind(np.zeros(3))
    rule = GradientDescent(1e-300, momentum=0.0)
    with pytest.warns(UserWarning, match=f"^{name} has values up to .* Standardise {name}"):
        train(network, X * GOOD, y * np.ones(3), rule=rule, n_epochs=1)


@pytest.mark.parametrize("top", [Dense(2, 2, "softmax"), Dense(2, 2, "logistic")])
def test_soft_labels_are_refused_with_what_to_do(top):
    network = Network([top], "log_loss" if top.activation.name == "softmax" else "binary_log_loss").initialise(0)
    with pytest.raises(ValueError, match="Probabilities as targets are not taken"):
        train(network, GOOD, np.full((3, 2), 0.5))


SOFTMAX, ONE, TWO = Dense(2, 3, "softmax"), Dense(2, 1), Dense(2, 2)


@pytest.mark.parametrize(
    ("top", "loss", "y", "message"),
    [
        (ONE, "squared_error", [1.0, 2.0], r"y has the shape \(2,\). With 3 rows of X, a network with 1 outputs needs"),
        (TWO, "squared_error", [1.0, 2.0, 3.0], r"y has the shape \(3,\).* one of shape \(3, 2\)\."),
        (TWO, "squared_error", np.ones((3, 3)), r"y has the shape \(3, 3\).* one of shape \(3, 2\)\."),
        (ONE, "squared_error", [1.0, np.nan, 0.0], "NaN"),
        (ONE, "huber", [1.0, np.inf, 0.0], "infinity"),
        (
            Dense(2, 1, "exp"),
            "poisson",
            [1.0, -2.0, 0.0],
            "cannot be negative; its smallest value is -2",
        ),
        (SOFTMAX, "log_loss", np.ones((3, 2)), r"shape \(3, 3\), or the numbers of the classes, of shape \(3,\)"),
        (SOFTMAX, "log_loss", [0, 1, 3], "numbers of the classes, from 0 to 2"),
        (SOFTMAX, "log_loss", [0, 1, -1], "numbers of the classes, from 0 to 2"),
        (SOFTMAX, "log_loss", [0, 1, 0.5], "numbers of the classes, from 0 to 2"),
        (SOFTMAX, "log_loss", ["cat", "dog", "cat"], r"np.unique\(labels, return_inverse=True\)"),
        (SOFTMAX, "log_loss", np.full((3, 3), 1 / 3), "log_loss y has to consist of 0 and 1"),
        (SOFTMAX, "log_loss", np.zeros((3, 3)), "each row of y has to have one 1"),
        (SOFTMAX, "log_loss", np.ones((3, 3)), "each row of y has to have one 1"),
        (Dense(2, 1, "logistic"), "binary_log_loss", [0.0, 1.0, 0.7], "binary_log_loss y has to consist of 0 and 1"),
        (TWO, "log_loss", [0, 1, 0], "'identity' do not suit the loss: give the last layer 'softmax'"),
        (Dense(2, 2, "logistic"), "log_loss", [0, 1, 0], "'logistic' do not suit the loss"),
        (ONE, "binary_log_loss", [0, 1, 0], "give the last layer 'logistic' or 'softmax'"),
        (ONE, "poisson", [0, 1, 0], "give the last layer 'exp' or 'logistic' or 'softmax' or 'softplus'"),
        (Dense(2, 1, "softmax"), "log_loss", [0, 0, 0], "log_loss needs an output for each class"),
        (Dropout(2), "squared_error", np.ones((3, 2)), "The last layer has to be a Dense one, not a Dropout"),
    ],
)
def test_targets_that_do_not_fit(top, loss, y, message):
    network = Network([Dense(2, 2), top], loss).initialise(0)
    before = network.parameters.copy()
    for use in (
        lambda: train(network, GOOD, y),
        lambda: network.loss_at(GOOD, y),
        lambda: train(network, GOOD, y, validation=(GOOD, y)),
    ):
        with pytest.raises(ValueError, match=message):
            use()
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_epochs": 0}, "n_epochs has to be a whole number of at least 1; got 0"),
        ({"n_epochs": 2.5}, "n_epochs"),
        ({"batch_size": 0}, "batch_size has to be a whole number of at least 1; got 0"),
        ({"patience": 0}, "patience has to be a whole number of at least 1; got 0"),
        ({"tol": -1.0}, "tol has to be at least 0"),
        ({"tol": np.nan}, "tol has to be at least 0"),
        ({"validation": 0.1}, r"validation has to be a pair of data, \(X, y\)"),
        ({"validation": (GOOD, [1.0])}, "y has the shape"),
        ({"sample_weight": [1.0, 2.0]}, "sample_weight"),
        ({"sample_weight": [1.0, 2.0, -1.0]}, "Negative"),
        ({"random_state": "seed"}, "seed"),
    ],
)
def test_parameters_that_make_no_sense(parameters, message):
    network = Network([Dense(2, 1)]).initialise(0)
    with pytest.raises(ValueError, match=message):
        train(network, GOOD, [1.0, 2.0, 3.0], **parameters)


def test_a_rule_of_another_network_is_an_error():
    rule = Adam()
    train(small(), *curve(), rule=rule, n_epochs=1)
    with pytest.raises(ValueError, match="begin with a new rule"):
        train(Network([Dense(1, 1)]).initialise(0), *curve(), rule=rule)
