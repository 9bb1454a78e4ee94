"""What was once wrong on inputs that nobody had tried."""

import warnings

import numpy as np
import pytest
import scipy.special
from sklearn import neural_network as peer

from workings import neural_network as ours
from workings.neural_network.losses import Poisson
from workings.optimize import LBFGS, Adam, RMSProp


def test_poisson_loss_of_single_precision_takes_the_logarithm_of_the_c_library_in_single_precision():
    # rounding the double logarithm differs for some 2 in 10 000 of these ratios
    rng = np.random.RandomState(0)
    y = rng.randint(1, 9, size=(20000, 1)).astype(np.float32)
    prediction = np.exp(rng.normal(size=y.shape)).astype(np.float32)
    for row, (target, predicted) in enumerate(zip(y, prediction, strict=True)):
        expected = scipy.special.xlogy(target, target / predicted) - target + predicted
        assert Poisson().value(target[np.newaxis], predicted[np.newaxis]) == expected, row


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_score_refuses_predictions_that_are_not_finite(loss):
    X = np.array([[-1.0], [0.0], [1.0], [2.0]])
    y = np.array([1.0, 2.0, 3.0, 5.0])
    for module in (ours, peer):
        model = module.MLPRegressor(loss, (2,), random_state=0, max_iter=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        model.coefs_[0][:] = model.coefs_[1][:] = 1e200
        with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"infinity|infinite|NaN"):
            model.score(X, y)


def test_lbfgs_of_single_precision_takes_the_steps_of_scikit_learn():
    # with a gradient that is divided elsewhere 0.67 of these agree: single precision soon shows its last bits
    agree = []
    for seed in range(30):
        rng = np.random.RandomState(seed)
        X = rng.normal(size=(200, 5)).astype(np.float32)
        y = X @ rng.normal(size=(5, 3)) + 0.2 * rng.normal(size=(200, 3))
        parameters = {"solver": "lbfgs", "alpha": 10.0, "random_state": seed, "max_iter": 60}
        parameters["activation"] = ("relu", "tanh", "logistic")[seed % 3]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, other = (
                module.MLPRegressor(hidden_layer_sizes=(10,), **parameters).fit(X, y) for module in (ours, peer)
            )
        agree.append(one.n_iter_ == other.n_iter_ and abs(one.loss_ - other.loss_) <= 1e-6 * other.loss_)
    assert np.mean(agree) >= 0.9


X = np.random.RandomState(0).normal(size=(40, 3))


@pytest.mark.parametrize("sizes", [(2.5,), ("a",), ((3, 2),), [[3]], (True,), (float("nan"),), np.array([[3]])])
def test_hidden_layer_sizes_that_are_no_whole_numbers_are_named(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes has to hold a whole number"):
        ours.MLPRegressor(hidden_layer_sizes=sizes).fit(X, X[:, 0])


def test_a_regressor_refuses_text():
    with pytest.raises(ValueError, match="y holds text"):
        ours.MLPRegressor().fit(X, X[:, 0].astype(str))


def test_squares_that_overflow_in_single_precision_alone_are_warned_of_by_a_fast_network():
    with pytest.warns(UserWarning, match="whose squares overflow in float32"):
        ours.MLPRegressor(fast=True, max_iter=1).fit(X, 1e30 * X[:, 0])


def test_lbfgs_names_the_layer_whose_outputs_overflow_at_the_start():
    with (
        np.errstate(all="ignore"),
        pytest.warns(UserWarning, match="squares overflow"),
        pytest.raises(ValueError, match="outputs of layer 1 were the first"),
    ):
        ours.MLPRegressor(hidden_layer_sizes=(4,), activation="identity", solver="lbfgs", random_state=0).fit(
            np.full((9, 9), 1.7e308), np.arange(9.0)
        )


def test_an_objective_that_changes_its_argument_does_not_change_the_minimisation():
    def bowl(x):
        value = float(x @ x)
        return value, np.multiply(x, 2, out=x)

    minimum = LBFGS().minimise(bowl, [3.0, 4.0])
    assert minimum.converged
    assert np.abs(minimum.x).max() < 1e-6


@pytest.mark.parametrize("limit", [{"memory": 2.5}, {"max_iterations": np.nan}, {"max_evaluations": "a"}])
def test_lbfgs_refuses_limits_that_are_no_whole_numbers(limit):
    with pytest.raises(ValueError, match=f"{next(iter(limit))} has to be a whole number"):
        LBFGS(**limit)


@pytest.mark.parametrize("rule", [Adam, RMSProp])
def test_rates_that_are_no_numbers_are_named(rule):
    with pytest.raises(ValueError, match="learning_rate_init has to be a number"):
        rule("a")


def test_training_names_what_it_cannot_train_or_train_by():
    network = ours.Network([ours.Dense(3, 1)]).initialise(0)
    with pytest.raises(TypeError, match="train trains a Network; got MLPRegressor"):
        ours.train(ours.MLPRegressor(), X, X[:, 0])
    with pytest.raises(TypeError, match="rule has to be an update rule"):
        ours.train(network, X, X[:, 0], rule="adam")


def test_landscape_and_sharpness_refuse_what_overflows():
    model = ours.MLPRegressor(hidden_layer_sizes=(4,), random_state=0, solver="lbfgs", max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0])
        with pytest.raises(ValueError, match="own loss is infinite or NaN"):
            ours.loss_landscape(model, X, 1e200 * X[:, 0], n=3)
        # the second derivatives are finite, their squares are not
        with pytest.raises(ValueError, match="second derivatives"):
            ours.sharpness(model, X, 1e200 * X[:, 0])


@pytest.mark.parametrize("what", [{"n_updates": 2.5}, {"smallest": 1e-320, "largest": 1e300}])
def test_range_test_refuses_steps_that_cannot_be_taken(what):
    with pytest.raises(ValueError, match=r"whole number|too far apart"):
        ours.learning_rate_range_test(ours.MLPRegressor(), X, X[:, 0], **what)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_goes_on_after_a_batch_that_made_it_diverge(solver):
    rng = np.random.RandomState(0)
    X = rng.randn(60, 4)
    model = ours.MLPRegressor(solver=solver, learning_rate_init=0.1, random_state=0).partial_fit(X, X[:, 0])
    before = model.predict(X)
    with (
        np.errstate(all="ignore"),
        pytest.warns(UserWarning, match="squares overflow"),
        pytest.raises(ValueError, match="non-finite parameter"),
    ):
        model.partial_fit(1e200 * X, 1e300 * X[:, 0])
    np.testing.assert_array_equal(model.predict(X), before)
    model.partial_fit(X, X[:, 0])
    assert np.isfinite(model.loss_)
    assert not np.array_equal(model.predict(X), before)
