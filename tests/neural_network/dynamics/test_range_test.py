"""The range test: it trains as the model would, with rates that grow, and reads the right rates off."""

import copy

import numpy as np
import pytest

from workings.neural_network import MLPClassifier, MLPRegressor, RangeTest, learning_rate_range_test, sharpness
from workings.neural_network.problem import initial_problem

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::workings.base.ConvergenceWarning"),
]

RNG = np.random.RandomState(0)
X = RNG.randn(60, 3)
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.randn(60)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_constant_rate_is_the_model_s_own_training(solver):
    """With nearly equal first and last rates the losses are those of `fit`, in its order of the rows."""
    settings = {"hidden_layer_sizes": (5,), "solver": solver, "batch_size": 20, "alpha": 0.3, "random_state": 0}
    model = MLPRegressor(**settings, learning_rate_init=0.01, max_iter=4).fit(X, Y)
    found = learning_rate_range_test(
        MLPRegressor(**settings), X, Y, smallest=0.01, largest=0.01 * (1 + 1e-14), n_updates=12
    )
    # three batches an epoch, all of 20 rows
    np.testing.assert_allclose(found.losses.reshape(4, 3).mean(axis=1), model.loss_curve_, rtol=1e-11)


def test_rates_grow_by_one_factor():
    model = MLPRegressor(solver="sgd", hidden_layer_sizes=(3,), random_state=0)
    found = learning_rate_range_test(model, X, Y, smallest=1e-4, largest=1e-2, n_updates=5)
    np.testing.assert_allclose(found.rates, [1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2], rtol=1e-14)
    assert list(found.frame().columns) == ["rate", "loss", "smoothed"]
    assert len(found.frame()) == 5
    assert "the largest that was tried" in found.sentence


@pytest.mark.parametrize("schedule", ["invscaling", "adaptive"])
def test_the_model_s_own_schedule_is_not_used(schedule):
    settings = {"solver": "sgd", "hidden_layer_sizes": (3,), "random_state": 0}
    one = learning_rate_range_test(MLPRegressor(**settings), X, Y)
    other = learning_rate_range_test(MLPRegressor(**settings, learning_rate=schedule), X, Y)
    np.testing.assert_array_equal(one.losses, other.losses)


def test_it_diverges_beyond_the_stability_limit():
    """On a quadratic and all rows the loss rises only from 2/curvature on."""
    settings = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 60}
    model = MLPRegressor(**settings, max_iter=1, random_state=0).fit(X, Y)
    edge = 2 / sharpness(model, X, Y).eigenvalue
    found = learning_rate_range_test(model, X, Y, smallest=1e-3 * edge, largest=10 * edge, n_updates=200)
    assert found.diverged
    # the swing along the sharpest direction has died out by then and needs some batches to grow, at 4.7 % a batch
    assert 0.6 * edge < found.largest_stable < 1.5 * edge
    assert np.diff(found.losses)[(found.rates[1:] > 1e-2 * edge) & (found.rates[1:] < edge)].max() <= 1e-15  # rounding
    assert found.rates[-1] > edge
    assert found.steepest < found.largest_stable
    assert "diverged" in found.sentence


def example(losses, diverged=False):
    losses = np.array(losses, dtype=float)
    return RangeTest(np.logspace(-3, -3 + len(losses) - 1, len(losses)), losses, losses, diverged)


def test_rates_are_read_off_the_smoothed_losses():
    found = example([10, 9, 5, 4, 4.5, 30], diverged=True)
    assert found.steepest == pytest.approx(0.1)  # the third rate took the loss from 9 to 5
    assert found.largest_stable == pytest.approx(1)
    assert found.sentence == (
        "The loss fell fastest with rates about 0.1 and went on falling up to 1; at 1e+02 the training diverged."
    )


def test_a_loss_that_never_fell():
    found = example([1, 2, 3], diverged=True)
    assert np.isnan(found.steepest)
    assert np.isnan(found.largest_stable)
    assert found.sentence == "The loss fell with no rate from 0.001 to 0.1: begin with a smaller rate."


def test_one_batch_out_of_line_does_not_end_it():
    """An outlying row makes one batch's loss many times the others'."""
    y = Y.copy()
    y[7] += 100
    model = MLPRegressor(solver="sgd", hidden_layer_sizes=(3,), batch_size=4, random_state=0, shuffle=False)
    found = learning_rate_range_test(model, X, y, smallest=1e-9, largest=1e-7, n_updates=100)
    assert found.losses.max() > 4 * found.losses.min()
    assert len(found.rates) == 100
    assert not found.diverged
    assert found.smoothed.max() < 4 * found.smoothed.min()


def test_a_loss_that_overflows_ends_it():
    model = MLPRegressor("poisson", solver="sgd", hidden_layer_sizes=(3,), random_state=0)
    found = learning_rate_range_test(model, 100 * X, np.abs(Y), smallest=1, largest=1e6, n_updates=50)
    assert found.diverged
    assert np.isfinite(found.losses).all()
    assert len(found.rates) < 50


@pytest.mark.parametrize("seed", [3, None, "generator"])
def test_the_model_is_not_changed(seed):
    seed = np.random.RandomState(5) if seed == "generator" else seed
    model = MLPClassifier((4,), max_iter=2, random_state=seed).fit(X, Y > 0)
    attributes = dict(vars(model))
    state = copy.deepcopy(seed)
    learning_rate_range_test(model, X, Y > 1)
    assert vars(model).keys() == attributes.keys()
    assert all(vars(model)[name] is value for name, value in attributes.items())
    if isinstance(seed, np.random.RandomState):
        assert seed.randint(10**9) == state.randint(10**9)


def test_what_makes_no_sense_is_refused():
    model = MLPRegressor(solver="sgd")
    for wrong in ({"smallest": 0}, {"largest": 1e-7}, {"n_updates": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            learning_rate_range_test(model, X, Y, **wrong)
    with pytest.raises(ValueError, match="lbfgs"):
        learning_rate_range_test(MLPRegressor(solver="lbfgs"), X, Y)
    with pytest.raises(TypeError, match="of this package"):
        learning_rate_range_test(object(), X, Y)
    with pytest.raises(ValueError, match="first batch is not finite"):
        learning_rate_range_test(MLPRegressor("poisson", random_state=0), 1e6 * X, np.abs(Y))


@pytest.mark.parametrize(("fast", "solver", "kind"), [(True, "adam", "f4"), (False, "adam", "f8"), (True, "sgd", "f4")])
def test_the_copy_trains_in_the_precision_of_the_model(fast, solver, kind):
    model = MLPRegressor(solver=solver, fast=fast, random_state=0)
    problem, _, _ = initial_problem(model, np.ones((5, 2)), np.ones(5), np.ones(5))
    assert {array.dtype for array in (problem.X, problem.y, problem.sample_weight, problem.parameters)} == {
        np.dtype(kind)
    }
