"""Dense and dropout layers: what they refuse, and what a dropout does in training and in prediction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.neural_network import Dense, Dropout, LeakyRelu, Network

RATE = 0.3


def dropped(x, rate, rng):
    layer = Dropout(x.shape[1], rate)
    room = layer.room(len(x), x.dtype, x.dtype)
    return layer.forward(x, (), room, rng).copy()


def test_a_dropout_keeps_the_mean():
    value = dropped(np.ones((2000, 50)), RATE, np.random.RandomState(0))
    assert set(np.unique(value)) == {0.0, 1 / (1 - RATE)}
    # each value has the variance rate / (1 - rate); five standard errors of the mean of 100 000
    assert value.mean() == pytest.approx(1, abs=5 * np.sqrt(RATE / (1 - RATE) / value.size))
    # and unit by unit
    assert np.abs(value.mean(axis=0) - 1).max() < 5 * np.sqrt(RATE / (1 - RATE) / len(value))


@given(rate=st.floats(0, 0.99), seed=st.integers(0, 2**31))
def test_a_dropout_does_nothing_in_prediction_and_nothing_between_in_training(rate, seed):
    x = np.random.RandomState(seed).randn(5, 4)
    np.testing.assert_array_equal(dropped(x, rate, None), x)
    value = dropped(x, rate, np.random.RandomState(seed))
    kept = value != 0
    # a division and a multiplication, each rounded once
    np.testing.assert_allclose(value[kept], x[kept] / (1 - rate), rtol=4e-16)


def test_a_dropout_draws_from_the_generator_that_it_is_given():
    x = np.ones((4, 3))
    rng = np.random.RandomState(7)
    expected = np.random.RandomState(7).random_sample((2, 4, 3)) >= RATE
    for mask in expected:
        np.testing.assert_array_equal(dropped(x, RATE, rng) != 0, mask)


def test_the_gradient_through_frozen_masks_by_complex_step():
    # the same seed draws the same masks: the network is then an ordinary function of its parameters
    layers = [Dropout(3, 0.2), Dense(3, 6, "tanh"), Dropout(6, 0.5), Dense(6, 4, "tanh"), Dropout(4, RATE), Dense(4, 2)]
    network = Network(layers, alpha=0.3).initialise(1)
    data = np.random.RandomState(2)
    X, y, weight = data.randn(7, 3), data.randn(7, 2), data.uniform(0.5, 2, 7)
    masks = np.random.RandomState(3)
    masks = [(masks.random_sample((7, n)) >= rate) / (1 - rate) for n, rate in ((3, 0.2), (6, 0.5), (4, RATE))]

    def independent(theta):
        (W1, W2, W3), (b1, b2, b3) = network.layout.split(theta)
        a = np.tanh((X * masks[0]) @ W1 + b1) * masks[1]
        a = np.tanh(a @ W2 + b2) * masks[2]
        error = a @ W3 + b3 - y
        penalty = 0.15 * sum((W**2).sum() for W in (W1, W2, W3))
        return (weight @ (error**2).sum(axis=1) / 2 + penalty) / weight.sum()

    exact = np.empty(network.layout.size)
    for i in range(len(exact)):
        step = network.parameters.astype(complex)
        step[i] += 1e-30j
        exact[i] = independent(step).imag / 1e-30
    gradient = network.room_for_gradient(X, y, weight)
    network.loss_and_gradient(X, y, weight, gradient, np.random.RandomState(3))
    # sums of some fifty products of size one
    np.testing.assert_allclose(gradient.blocks[0], exact, rtol=1e-12, atol=1e-14)
    network.loss_and_gradient(X, y, weight, gradient, np.random.RandomState(4))
    assert not np.allclose(gradient.blocks[0], exact, rtol=0.1)  # other masks make another function


def test_a_rate_of_zero_is_no_dropout():
    with_it = Network([Dense(3, 4, "tanh"), Dropout(4, 0.0), Dense(4, 1)]).initialise(0)
    without = Network([Dense(3, 4, "tanh"), Dense(4, 1)]).initialise(0)
    rng = np.random.RandomState(0)
    X, y = rng.randn(6, 3), rng.randn(6, 1)
    found = []
    for network in (with_it, without):
        gradient = network.room_for_gradient(X, y, None)
        loss = network.loss_and_gradient(X, y, None, gradient, np.random.RandomState(1))
        found.append((loss, gradient.blocks[0]))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan])
def test_a_rate_that_drops_everything_is_an_error(rate):
    with pytest.raises(ValueError, match=r"in \[0, 1\)"):
        Dropout(3, rate)


@pytest.mark.parametrize("units", [0, -2, 2.5, "3"])
def test_a_number_of_units_that_is_none_is_an_error(units):
    for make in (lambda: Dense(units, 3), lambda: Dense(3, units), lambda: Dropout(units)):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            make()


@pytest.mark.parametrize("slope", [0.0, 1.0, -0.5, np.nan])
def test_a_slope_outside_is_an_error(slope):
    with pytest.raises(ValueError, match="slope"):
        LeakyRelu(slope)


def test_layers_show_what_they_are():
    assert repr([Dense(3, 2, "gelu"), Dropout(2, 0.1)]) == "[Dense(3, 2, 'gelu'), Dropout(2, 0.1)]"
