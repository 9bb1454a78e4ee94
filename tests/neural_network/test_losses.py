"""Losses by hand, beside scikit-learn's, and their derivatives through the output activation."""

import math

import numpy as np
import pytest
from sklearn.neural_network._base import LOSS_FUNCTIONS

from workings.neural_network.activations import ACTIVATIONS
from workings.neural_network.losses import LOSSES

# loss, its output activation, and targets that fit
PAIRS = [
    ("squared_error", "identity", lambda rng: rng.randn(6, 1)),
    ("poisson", "exp", lambda rng: rng.poisson(2.0, (6, 2)).astype(float)),
    ("log_loss", "softmax", lambda rng: np.eye(3, dtype=bool)[rng.randint(3, size=6)]),
    ("binary_log_loss", "logistic", lambda rng: rng.rand(6, 2) > 0.5),
]


def test_squared_error_by_hand():
    # (1/2) (3^2 + 1^2) / 2, and with the weights 1 and 3: (1/2) (9 + 3) / 4
    y, prediction = np.array([[1.0], [2.0]]), np.array([[4.0], [1.0]])
    assert LOSSES["squared_error"](y, prediction) == 2.5
    assert LOSSES["squared_error"](y, prediction, np.array([1.0, 3.0])) == 1.5


def test_log_loss_by_hand():
    y = np.array([[True, False, False], [False, False, True]])
    p = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    assert LOSSES["log_loss"](y, p) == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-15)


def test_binary_log_loss_by_hand():
    y, p = np.array([[True], [False]]), np.array([[0.25], [0.5]])
    assert LOSSES["binary_log_loss"](y, p) == pytest.approx((math.log(4) + math.log(2)) / 2, rel=1e-15)


def test_poisson_by_hand():
    # 2 log(2/1) - 2 + 1 and 0 - 0 + 3
    y, prediction = np.array([[2.0], [0.0]]), np.array([[1.0], [3.0]])
    assert LOSSES["poisson"](y, prediction) == pytest.approx((2 * math.log(2) - 1 + 3) / 2, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sure_error_is_clipped_at_epsilon(dtype):
    eps = float(np.finfo(dtype).eps)
    wrong = np.array([[0.0, 1.0]], dtype=dtype)
    assert LOSSES["log_loss"](np.array([[True, False]]), wrong) == pytest.approx(-math.log(eps), rel=1e-7)
    assert LOSSES["binary_log_loss"](np.array([[True]]), wrong[:, :1]) == pytest.approx(-math.log(eps), rel=1e-7)


@pytest.mark.parametrize(("name", "activation", "draw"), PAIRS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_bits_of_scikit_learn(name, activation, draw, weighted, dtype):
    for seed in range(20):
        rng = np.random.RandomState(seed)
        y = draw(rng)
        if name in ("squared_error", "poisson"):
            y = y.astype(np.float64)
        output = (3 * rng.randn(*y.shape)).astype(dtype)
        ACTIVATIONS[activation](output)
        weight = rng.rand(6) if weighted else None
        ours, theirs = LOSSES[name](y, output, weight), LOSS_FUNCTIONS[name](y, output, weight)
        assert ours == theirs
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(("name", "activation", "draw"), PAIRS)
def test_the_derivative_is_prediction_minus_target(name, activation, draw):
    rng = np.random.RandomState(3)
    y = draw(rng)
    z, weight = rng.randn(*y.shape), rng.uniform(0.5, 2, 6)

    def loss(z):
        output = z.copy()
        ACTIVATIONS[activation](output)
        return float(LOSSES[name](y, output, weight))

    output = z.copy()
    ACTIVATIONS[activation](output)
    gradient = weight[:, np.newaxis] * (output - y) / weight.sum()
    h = 1e-5
    for index in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[index] = h
        # truncation below 1e-10, rounding 1e-16 / h = 1e-11
        assert (loss(z + step) - loss(z - step)) / (2 * h) == pytest.approx(gradient[index], abs=1e-9)
