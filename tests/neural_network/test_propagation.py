"""The gradient of a whole network: by hand, by complex step, by central differences."""

import itertools

import numpy as np
import pytest
import scipy.sparse

from workings.neural_network.activations import Softmax
from workings.neural_network.initialisation import glorot_uniform
from workings.neural_network.layers import Dense, Dropout
from workings.neural_network.network import Network
from workings.neural_network.parameters import Layout, layout_of, pack
from workings.neural_network.perceptron import perceptron
from workings.neural_network.prediction import forward

HIDDEN = {
    "identity": lambda x: x,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
    "relu": lambda x: np.where(x.real > 0, x, 0),
}


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


# loss, output activation and the loss of a row; sums over outputs, as the gradient has it
TARGETS = {
    "one output": ("squared_error", "identity", lambda y, z: ((z - y) ** 2).sum(axis=1) / 2),
    "counts": ("poisson", "exp", lambda y, z: (np.exp(z) - y * z).sum(axis=1)),
    "multiclass": ("log_loss", "softmax", lambda y, z: -(y * np.log(softmax(z))).sum(axis=1)),
    "multilabel": ("log_loss", "logistic", lambda y, z: (np.log(1 + np.exp(z)) - y * z).sum(axis=1)),
}


def draw_target(kind, rng, rows):
    match kind:
        case "one output":
            return rng.randn(rows, 1)
        case "counts":
            return rng.poisson(2.0, (rows, 2)).astype(float)
        case "multiclass":
            return np.eye(3, dtype=bool)[rng.randint(3, size=rows)]
    return rng.rand(rows, 2) > 0.5


def problem(kind, activation, weighted, seed=0, alpha=0.7):
    rng = np.random.RandomState(seed)
    X, y = rng.randn(8, 3), draw_target(kind, rng, 8)
    weight = rng.uniform(0.5, 2, 8) if weighted else None
    layout = Layout([3, 5, 4, y.shape[1]])
    parameters = glorot_uniform(layout, activation, rng, np.float64)
    loss, output, rows = TARGETS[kind]
    network = perceptron(layout.sizes, activation, output, loss, alpha)

    def independent(theta):
        """The penalised mean loss, for real or complex parameters."""
        coefs, intercepts = layout.split(theta)
        values = X
        for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
            values = values @ coef + intercept
            if layer + 1 < len(coefs):
                values = HIDDEN[activation](values)
        total = len(X) if weight is None else weight.sum()
        share = np.ones(len(X)) if weight is None else weight
        penalty = alpha / 2 * sum((coef**2).sum() for coef in coefs)
        return (share @ rows(y, values) + penalty) / total

    return network, layout, parameters, X, y, weight, independent


def evaluate(network, parameters, X, y, weight):
    network.bind(parameters)
    gradient = network.room_for_gradient(X, y, weight)
    loss = network.loss_and_gradient(X, y, weight, gradient)
    return loss, np.concatenate(gradient.blocks)


def test_a_tiny_network_by_hand():
    # Two inputs, two relu units, one output, squared error, alpha = 1/2. All numbers are exact in binary.
    #   W1 = [[1, -1], [1/2, 1/2]]   b1 = (0, 1/2)   W2 = (3, -2)   b2 = 1
    # Row x = (1, 2), y = 4:
    #   z = (1 + 1 + 0, -1 + 1 + 1/2) = (2, 1/2)    a = (2, 1/2)    output 6 - 1 + 1 = 6
    #   delta2 = 6 - 4 = 2                           delta1 = 2 (3, -2) = (6, -4)
    # Row x = (-2, 0), y = -5:
    #   z = (-2, 2 + 1/2)                            a = (0, 5/2)    output 0 - 5 + 1 = -4
    #   delta2 = -4 + 5 = 1                          delta1 = 1 (3, -2) where z > 0 = (0, -2)
    # Loss: (2^2/2 + 1^2/2) / 2 = 5/4; penalty: 1/2 * 1/2 * (1 + 1 + 1/4 + 1/4 + 9 + 4) / 2 = 31/16
    # W2:  (2 (2, 1/2) + 1 (0, 5/2) + 1/2 (3, -2)) / 2 = (11/4, 5/4)        b2: (2 + 1) / 2 = 3/2
    # W1:  x1' delta1 + x2' delta1 = [[6, -4 + 4], [12, -8]], plus W1/2 = [[1/2, -1/2], [1/4, 1/4]], over 2:
    #      [[13/4, -1/4], [49/8, -31/8]]                                     b1: (6, -4 - 2) / 2 = (3, -3)
    coefs = [np.array([[1.0, -1.0], [0.5, 0.5]]), np.array([[3.0], [-2.0]])]
    intercepts = [np.array([0.0, 0.5]), np.array([1.0])]
    network = perceptron(layout_of(coefs).sizes, "relu", "identity", "squared_error", 0.5)
    X, y = np.array([[1.0, 2.0], [-2.0, 0.0]]), np.array([[4.0], [-5.0]])
    loss, gradient = evaluate(network, pack(coefs, intercepts), X, y, None)
    assert loss == 5 / 4 + 31 / 16
    weights, biases = network.layout.split(gradient)
    np.testing.assert_array_equal(weights[0], [[13 / 4, -1 / 4], [49 / 8, -31 / 8]])
    np.testing.assert_array_equal(weights[1], [[11 / 4], [5 / 4]])
    np.testing.assert_array_equal(biases[0], [3, -3])
    np.testing.assert_array_equal(biases[1], [3 / 2])
    np.testing.assert_array_equal(forward(X, coefs, intercepts, "relu", "identity"), [[6.0], [-4.0]])
    # with the weights 3 and 1 the sums are of 3 delta: b2 = (6 + 1) / 4, b1 = (18, -12 - 2) / 4
    loss, gradient = evaluate(network, pack(coefs, intercepts), X, y, np.array([3.0, 1.0]))
    assert loss == (3 * 2 + 0.5) / 4 + 31 / 8 / 4
    _, biases = network.layout.split(gradient)
    np.testing.assert_array_equal(biases[0], [18 / 4, -14 / 4])
    np.testing.assert_array_equal(biases[1], [7 / 4])


def test_two_logistic_layers_and_a_softmax_by_hand():
    # One input, two layers of one logistic unit, three classes; weights as logarithms, so that all numbers are exact
    # fractions. x = 1, w1 = log 3, b1 = 0; w2 = 4/3 log 3, b2 = 0; W3 = (0, 4/3 log 2, 4/3 log 4), b3 = 0; alpha = 0.
    #   z1 = log 3          a1 = 1/(1 + 1/3) = 3/4
    #   z2 = log 3          a2 = 3/4
    #   z3 = (0, log 2, log 4)        p = (1, 2, 4) / 7
    # The class is the third: loss -log(4/7), delta3 = p - y = (1, 2, -3) / 7.
    #   dW3 = 3/4 (1, 2, -3) / 7                     db3 = (1, 2, -3) / 7
    #   from above into a2: W3 . delta3 = 4/3 log 2 (0 + 2 - 6) / 7 = -16/21 log 2, not one
    #   delta2 = -16/21 log 2 a2 (1 - a2) = -16/21 log 2 3/16 = -1/7 log 2
    #   dw2 = 3/4 delta2 = -3/28 log 2               db2 = -1/7 log 2
    #   from above into a1: 4/3 log 3 delta2 = -4/21 log 2 log 3
    #   delta1 = -4/21 log 2 log 3 3/16 = -1/28 log 2 log 3         dw1 = db1 = delta1, since x = 1
    log2, log3 = np.log(2), np.log(3)
    coefs = [np.array([[log3]]), np.array([[4 / 3 * log3]]), np.array([[0, 4 / 3 * log2, 8 / 3 * log2]])]
    intercepts = [np.zeros(1), np.zeros(1), np.zeros(3)]
    X, y = np.ones((1, 1)), np.array([[False, False, True]])
    one_row = perceptron([1, 1, 1, 3], "logistic", "softmax", "log_loss", 0.0)
    # the second network takes the derivative of the loss through softmax, which is not its canonical pair by name
    layers = [Dense(1, 1, "logistic"), Dense(1, 1, "logistic"), Dense(1, 3, ThroughItsJacobian())]
    for network in (one_row, Network(layers, "log_loss")):
        loss, gradient = evaluate(network, pack(coefs, intercepts), X, y, None)
        assert loss == pytest.approx(np.log(7 / 4), rel=1e-15)
        weights, biases = network.layout.split(gradient)
        np.testing.assert_allclose(weights[2], [[3 / 28, 6 / 28, -9 / 28]], rtol=4e-15)
        np.testing.assert_allclose(biases[2], [1 / 7, 2 / 7, -3 / 7], rtol=4e-15)
        np.testing.assert_allclose(weights[1], [[-3 / 28 * log2]], rtol=4e-15)
        np.testing.assert_allclose(biases[1], [-log2 / 7], rtol=4e-15)
        np.testing.assert_allclose([weights[0][0, 0], biases[0][0]], -log2 * log3 / 28, rtol=4e-15)


class ThroughItsJacobian(Softmax):
    name = "softmax that is not canonical"


# every output that the loss has values for; `canonical` pairs take a shorter way
PAIRS = [
    *[("squared_error", output) for output in ("identity", "tanh", "logistic", "relu", "softplus", "silu", "softmax")],
    *[("huber", output) for output in ("identity", "tanh", "leaky_relu", "elu", "gelu")],
    *[("poisson", output) for output in ("exp", "softplus", "logistic")],
    *[("log_loss", output) for output in ("softmax", "logistic")],
    *[("binary_log_loss", output) for output in ("logistic", "softmax")],
]
ROWS_OF = {
    "squared_error": lambda y, p: ((p - y) ** 2).sum(axis=1) / 2,
    "huber": lambda y, p: np.where(
        abs((p - y).real) <= 1, (p - y) ** 2 / 2, np.sign((p - y).real) * (p - y) - 1 / 2
    ).sum(axis=1),
    "poisson": lambda y, p: (p - y * np.log(p)).sum(axis=1),
    "log_loss": lambda y, p: -(y * np.log(p)).sum(axis=1),
    "binary_log_loss": lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1),
}
OUTPUTS = {
    **HIDDEN,
    "leaky_relu": lambda x: np.where(x.real > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x.real > 0, x, np.exp(x) - 1),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "exp": np.exp,
    "softmax": softmax,
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_every_loss_behind_every_output(loss, output, weighted, fast):
    rng = np.random.RandomState(11)
    layers = [Dense(3, 5, "tanh"), Dropout(5, 0.4), Dense(5, 4, "silu"), Dense(4, 3, output)]
    alpha = 0.7
    network = Network(layers, loss, alpha, fast=fast)
    theta = rng.uniform(0.2, 0.9, network.layout.size) * rng.choice([-1, 1], network.layout.size)
    X, weight = rng.randn(8, 3), rng.uniform(0.5, 2, 8) if weighted else None
    match loss:
        case "poisson":
            y = rng.poisson(2.0, (8, 3)).astype(float)
        case "log_loss":
            y = np.eye(3, dtype=bool)[rng.randint(3, size=8)]
        case "binary_log_loss":
            y = rng.rand(8, 3) > 0.5
        case _:
            y = rng.randn(8, 3)
    kept = (np.random.RandomState(5).random_sample((8, 5)) >= 0.4) / 0.6

    def independent(vector):
        coefs, intercepts = network.layout.split(vector)
        values = HIDDEN["tanh"](X @ coefs[0] + intercepts[0]) * kept
        values = OUTPUTS["silu"](values @ coefs[1] + intercepts[1])
        values = OUTPUTS[output](values @ coefs[2] + intercepts[2])
        share = np.ones(8) if weight is None else weight
        penalty = alpha / 2 * sum((coef**2).sum() for coef in coefs)
        return (share @ ROWS_OF[loss](y, values) + penalty) / share.sum()

    network.bind(theta)
    gradient = network.room_for_gradient(X, y, weight)
    for _ in range(2):  # what a batch leaves in the rooms does not reach the next
        network.loss_and_gradient(X, y, weight, gradient, np.random.RandomState(5))
    found = np.concatenate(gradient.blocks)
    h = 1e-5
    for i in range(theta.size):
        unit = np.zeros(theta.size)
        unit[i] = 1
        exact = independent(theta + 1e-30j * unit).imag / 1e-30
        # sums of some forty products of size one
        assert found[i] == pytest.approx(exact, rel=1e-12, abs=2e-14)
        # truncation 1e-9, rounding 1e-15 / h
        change = (independent(theta + h * unit) - independent(theta - h * unit)) / (2 * h)
        assert found[i] == pytest.approx(change, abs=1e-8)


def test_a_dense_layer_alone():
    # sums over rows of what comes from above, which is not one: dW = xᵀ δ, db = Σ δ, below δ Wᵀ
    rng = np.random.RandomState(0)
    layer, x, upstream = Dense(3, 2, "tanh"), rng.randn(5, 3), rng.randn(5, 2)
    coef, intercept = rng.randn(3, 2), rng.randn(2)
    room = layer.room(5, np.dtype(float), np.dtype(float))
    np.testing.assert_allclose(
        layer.forward(x, (coef, intercept), room, None), np.tanh(x @ coef + intercept), rtol=1e-14
    )
    room.delta[...] = upstream
    layer.through_activation(room)
    written, below = (np.empty((3, 2)), np.empty(2)), np.empty((5, 3))
    layer.backward(x, (coef, intercept), room, written, below)

    def derivative(x, coef, intercept):
        return (upstream * HIDDEN["tanh"](x @ coef + intercept)).sum().imag / 1e-30

    for analytic, place in ((below, 0), (written[0], 1), (written[1], 2)):
        for index in np.ndindex(analytic.shape):
            arguments = [x.astype(complex), coef.astype(complex), intercept.astype(complex)]
            arguments[place][index] += 1e-30j
            assert analytic[index] == pytest.approx(derivative(*arguments), rel=1e-12, abs=1e-15)


def test_a_dropout_alone():
    layer, x, upstream = Dropout(4, 0.25), np.arange(1.0, 13).reshape(3, 4), np.random.RandomState(1).randn(3, 4)
    room = layer.room(3, np.dtype(float), np.dtype(float))
    kept = np.random.RandomState(2).random_sample((3, 4)) >= 0.25
    np.testing.assert_allclose(layer.forward(x, (), room, np.random.RandomState(2)), np.where(kept, x / 0.75, 0))
    assert 0 < kept.sum() < 12
    room.delta[...] = upstream
    below = np.empty((3, 4))
    layer.backward(x, (), room, (), below)
    np.testing.assert_allclose(below, np.where(kept, upstream / 0.75, 0), rtol=1e-15)
    # in prediction nothing is dropped and nothing scaled
    np.testing.assert_array_equal(layer.forward(x, (), room, None), x)
    layer.backward(x, (), room, (), below)
    np.testing.assert_array_equal(below, upstream)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_gradient_by_complex_step(kind, activation, weighted):
    network, layout, parameters, X, y, weight, independent = problem(kind, activation, weighted)
    loss, gradient = evaluate(network, parameters, X, y, weight)
    exact = np.empty(layout.size)
    for i in range(layout.size):
        step = parameters.astype(complex)
        step[i] += 1e-30j
        exact[i] = independent(step).imag / 1e-30
    # sums of some forty products of size one
    np.testing.assert_allclose(gradient, exact, rtol=1e-12, atol=1e-14)
    if kind != "counts":  # whose loss here leaves out what does not depend on the parameters
        assert loss == pytest.approx(independent(parameters), rel=1e-13)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_gradient_of_the_reported_loss_by_central_differences(kind, activation):
    network, layout, parameters, X, y, weight, _ = problem(kind, activation, weighted=True, seed=1)
    _, gradient = evaluate(network, parameters, X, y, weight)
    h = 1e-5
    for i in range(layout.size):
        step = np.zeros(layout.size)
        step[i] = h
        above = evaluate(network, parameters + step, X, y, weight)[0]
        below = evaluate(network, parameters - step, X, y, weight)[0]
        # truncation about 1e-10, rounding 1e-15 / h = 1e-10
        assert (above - below) / (2 * h) == pytest.approx(gradient[i], abs=3e-9)


def test_the_squared_error_of_several_outputs_is_a_mean_its_gradient_that_of_a_sum():
    # scikit-learn's convention, which the bits need; the loss docstring says so
    rng = np.random.RandomState(0)
    X, y, layout = rng.randn(6, 2), rng.randn(6, 3), Layout([2, 3])
    network = perceptron(layout.sizes, "identity", "identity", "squared_error", 0.0)
    theta = rng.randn(layout.size)
    loss, gradient = evaluate(network, theta, X, y, None)
    coefs, intercepts = layout.split(theta)
    residual = X @ coefs[0] + intercepts[0] - y
    assert loss == pytest.approx((residual**2).sum() / 2 / 6 / 3, rel=1e-14)
    np.testing.assert_allclose(gradient[:6].reshape(2, 3), X.T @ residual / 6, rtol=1e-13)


@pytest.mark.parametrize("kind", TARGETS)
def test_a_weight_of_two_is_a_row_twice(kind):
    network, _, parameters, X, y, _, _ = problem(kind, "tanh", weighted=False)
    weight = np.array([2.0, 1, 1, 2, 1, 3, 1, 1])
    times = weight.astype(int)
    loss, gradient = evaluate(network, parameters, X, y, weight)
    again, repeated = evaluate(network, parameters, np.repeat(X, times, 0), np.repeat(y, times, 0), None)
    assert loss == pytest.approx(again, rel=1e-14)
    np.testing.assert_allclose(gradient, repeated, rtol=1e-12, atol=1e-15)


def test_a_sparse_matrix_gives_the_gradient_of_the_dense_one():
    network, _, parameters, X, y, weight, _ = problem("multiclass", "relu", weighted=True)
    X[np.abs(X) < 0.7] = 0.0
    dense = evaluate(network, parameters, X, y, weight)
    sparse = evaluate(network, parameters, scipy.sparse.csr_array(X), y, weight)
    assert dense[0] == pytest.approx(sparse[0], rel=1e-14)
    np.testing.assert_allclose(dense[1], sparse[1], rtol=1e-12, atol=1e-15)


def test_weights_that_sum_to_zero_are_an_error():
    network, _, parameters, X, y, _, _ = problem("one output", "tanh", weighted=False)
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        evaluate(network, parameters, X, y, np.zeros(8))


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("sizes", [(64, 100, 10), (200, 30, 1), (20, 50, 3)])
def test_blocks_of_rows_change_no_bit_of_a_prediction(sizes, kind):
    rng = np.random.RandomState(0)
    coefs = [rng.randn(*shape).astype(kind) for shape in itertools.pairwise(sizes)]
    intercepts = [rng.randn(size).astype(kind) for size in sizes[1:]]
    X = rng.randn(20001, sizes[0]).astype(kind)
    at_once = np.tanh(X @ coefs[0] + intercepts[0]) @ coefs[1] + intercepts[1]
    np.testing.assert_array_equal(forward(X, coefs, intercepts, "tanh", "identity"), at_once)
