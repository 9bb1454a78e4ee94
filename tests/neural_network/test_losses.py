"""Losses by hand, beside scikit-learn's, and their derivatives through the output activation."""

import math

import numpy as np
import pytest
from sklearn.neural_network._base import LOSS_FUNCTIONS

from workings.neural_network.activations import ACTIVATIONS
from workings.neural_network.losses import FAST_LOSSES, LOSSES, Huber

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
    assert LOSSES["squared_error"].value(y, prediction) == 2.5
    assert LOSSES["squared_error"].value(y, prediction, np.array([1.0, 3.0])) == 1.5


def test_log_loss_by_hand():
    y = np.array([[True, False, False], [False, False, True]])
    p = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    assert LOSSES["log_loss"].value(y, p) == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-15)


def test_binary_log_loss_by_hand():
    y, p = np.array([[True], [False]]), np.array([[0.25], [0.5]])
    assert LOSSES["binary_log_loss"].value(y, p) == pytest.approx((math.log(4) + math.log(2)) / 2, rel=1e-15)


def test_poisson_by_hand():
    # 2 log(2/1) - 2 + 1 and 0 - 0 + 3
    y, prediction = np.array([[2.0], [0.0]]), np.array([[1.0], [3.0]])
    assert LOSSES["poisson"].value(y, prediction) == pytest.approx((2 * math.log(2) - 1 + 3) / 2, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sure_error_is_clipped_at_epsilon(dtype):
    eps = float(np.finfo(dtype).eps)
    wrong = np.array([[0.0, 1.0]], dtype=dtype)
    assert LOSSES["log_loss"].value(np.array([[True, False]]), wrong) == pytest.approx(-math.log(eps), rel=1e-7)
    assert LOSSES["binary_log_loss"].value(np.array([[True]]), wrong[:, :1]) == pytest.approx(-math.log(eps), rel=1e-7)


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
        ACTIVATIONS[activation].apply(output)
        weight = rng.rand(6) if weighted else None
        ours, theirs = LOSSES[name].value(y, output, weight), LOSS_FUNCTIONS[name](y, output, weight)
        assert ours == theirs
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(("name", "activation", "draw"), PAIRS)
def test_the_derivative_is_prediction_minus_target(name, activation, draw):
    rng = np.random.RandomState(3)
    y = draw(rng)
    z, weight = rng.randn(*y.shape), rng.uniform(0.5, 2, 6)

    def loss(z):
        output = z.copy()
        ACTIVATIONS[activation].apply(output)
        return float(LOSSES[name].value(y, output, weight))

    output = z.copy()
    ACTIVATIONS[activation].apply(output)
    gradient = weight[:, np.newaxis] * (output - y) / weight.sum()
    h = 1e-5
    for index in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[index] = h
        # truncation below 1e-10, rounding 1e-16 / h = 1e-11
        assert (loss(z + step) - loss(z - step)) / (2 * h) == pytest.approx(gradient[index], abs=1e-9)


def test_huber_by_hand():
    # errors 0.5 and -3 with the threshold 2: 1/8 and 2 (3 - 1) = 4; slopes 0.5 and -2
    y, prediction = np.array([[1.0], [2.0]]), np.array([[1.5], [-1.0]])
    assert Huber(2.0).value(y, prediction) == (1 / 8 + 4) / 2
    assert Huber(2.0).value(y, prediction, np.array([3.0, 1.0])) == (3 / 8 + 4) / 4
    slope = np.empty((2, 1))
    Huber(2.0).derivative(y, prediction, slope)
    np.testing.assert_array_equal(slope, [[0.5], [-2.0]])


def draw(name, rng, rows=7, columns=3):
    """Targets and predictions of a loss, away from the ends of their ranges and from huber's joints."""
    match name:
        case "poisson":
            return rng.poisson(1.5, (rows, columns)).astype(float), rng.uniform(0.3, 4, (rows, columns))
        case "log_loss":
            return np.eye(columns, dtype=bool)[rng.randint(columns, size=rows)], rng.uniform(0.1, 0.9, (rows, columns))
        case "binary_log_loss":
            return rng.rand(rows, columns) > 0.5, rng.uniform(0.1, 0.9, (rows, columns))
    y, error = rng.randn(rows, columns), rng.uniform(0.1, 0.8, (rows, columns)) * rng.choice([-1, 1], (rows, columns))
    return y, y + error * np.where(rng.rand(rows, columns) > 0.5, 1, 3)


# of one row, written for complex predictions
ROWS = {
    "squared_error": lambda y, p: ((p - y) ** 2).sum(axis=1) / 2,
    "huber": lambda y, p: np.where(
        abs((p - y).real) <= 1, (p - y) ** 2 / 2, np.sign((p - y).real) * (p - y) - 1 / 2
    ).sum(axis=1),
    "poisson": lambda y, p: (p - y + np.where(y > 0, y * (np.log(np.maximum(y, 1)) - np.log(p)), 0)).sum(axis=1),
    "log_loss": lambda y, p: -(y * np.log(p)).sum(axis=1),
    "binary_log_loss": lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1),
}


def mean_of(name, y, p, weight):
    weight = np.ones(len(y)) if weight is None else weight
    outputs = y.shape[1] if name == "squared_error" else 1  # whose reported loss is a mean over the outputs as well
    return weight @ ROWS[name](y, p) / weight.sum() / outputs


def test_every_loss_is_proved():
    assert ROWS.keys() == LOSSES.keys() == FAST_LOSSES.keys()


@pytest.mark.parametrize("losses", [LOSSES, FAST_LOSSES])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_value_against_the_plain_formula(name, weighted, losses):
    # log-loss without weights takes another way, by sums of columns
    for seed in range(5):
        rng = np.random.RandomState(seed)
        y, p = draw(name, rng)
        weight = rng.uniform(0.2, 3, len(y)) if weighted else None
        value = losses[name].value(y, p, weight)
        assert value == pytest.approx(mean_of(name, y, p, weight), rel=1e-14)
        # and with complex predictions, for a complex step through the loss
        step = 1e-30j * rng.randn(*y.shape)
        change = losses[name].value(y, p + step, weight).imag / 1e-30
        assert change == pytest.approx(mean_of(name, y, p + step, weight).imag / 1e-30, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("losses", [LOSSES, FAST_LOSSES])
@pytest.mark.parametrize("name", ROWS)
def test_the_derivative_by_the_prediction(name, losses):
    rng = np.random.RandomState(7)
    y, p = draw(name, rng)
    targets, predictions = y.copy(), p.copy()
    slope = np.full(y.shape, np.nan)
    losses[name].derivative(y, p, slope)
    np.testing.assert_array_equal(y, targets)
    np.testing.assert_array_equal(p, predictions)
    h = 1e-5
    for column in range(y.shape[1]):
        step = np.zeros_like(p)
        step[:, column] = 1
        exact = ROWS[name](y, p + 1e-30j * step).imag / 1e-30
        np.testing.assert_allclose(slope[:, column], exact, rtol=1e-13, atol=1e-15)
        # truncation h^2 2 / 0.1^3 / 6 < 4e-8 where p = 0.1, rounding 1e-10
        change = (ROWS[name](y, p + h * step) - ROWS[name](y, p - h * step)) / (2 * h)
        np.testing.assert_allclose(slope[:, column], change, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["log_loss", "binary_log_loss"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_derivative_of_a_sure_probability_is_a_number(name, dtype):
    # d/dp of -log p at p = 1 is -1, of -log(1 - p) at p = 0 is 1; of a sure error it is bounded by 1/ε
    y, p = np.array([[True, False], [False, True]]), np.array([[1, 0], [1, 0]], dtype)
    slope = np.empty((2, 2), dtype)
    with np.errstate(all="raise"):
        LOSSES[name].derivative(y, p, slope)
    other = 1 if name == "binary_log_loss" else 0
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(slope[0], [-1, other], rtol=2 * eps)
    np.testing.assert_allclose(slope[1], [other / eps, -1 / eps], rtol=1e-6)


@pytest.mark.parametrize("name", ROWS)
def test_single_precision_stays_single(name):
    y, p = draw(name, np.random.RandomState(1))
    y = y if y.dtype == bool else y.astype(np.float32)
    slope = np.empty(p.shape, np.float32)
    LOSSES[name].derivative(y, p.astype(np.float32), slope)
    exact = np.empty(p.shape)
    LOSSES[name].derivative(y, p, exact)
    np.testing.assert_allclose(slope, exact, rtol=2e-5, atol=1e-6)
    assert FAST_LOSSES[name].value(y, p.astype(np.float32)).dtype == np.float32
