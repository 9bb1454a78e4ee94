"""Mistakes that public implementations made; each test is red when the mistake is made here."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from workings.neural_network import MLPClassifier
from workings.neural_network.parameters import Layout
from workings.neural_network.perceptron import perceptron


def network(alpha, loss="squared_error", output="identity", columns=1):
    layout = Layout([2, 3, columns])
    model = perceptron(layout.sizes, "tanh", output, loss, alpha)
    rng = np.random.RandomState(0)
    theta = rng.uniform(0.2, 0.9, layout.size) * rng.choice([-1, 1], layout.size)
    return model, theta


def evaluate(model, theta, X, y, weight=None):
    model.bind(theta)
    gradient = model.room_for_gradient(X, y, weight)
    loss = model.loss_and_gradient(X, y, weight, gradient)
    return float(loss), gradient.weight_block.copy(), gradient.bias_block.copy()


def data(rows):
    rng = np.random.RandomState(1)
    return rng.randn(rows, 2), rng.randn(rows, 1)


def test_summed_instead_of_mean_gradient():
    # every row twice: the mean of the gradients stays, their sum doubles
    X, y = data(5)
    model, theta = network(alpha=0.0)
    once = evaluate(model, theta, X, y)
    twice = evaluate(model, theta, np.vstack([X, X]), np.vstack([y, y]))
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_l1_penalty_computed_as_l2():
    # ours is L2: weights three times as large have nine times the penalty (L1: three times), and its gradient is
    # alpha W / n (L1: the sign of W)
    X, y = data(4)
    without, theta = network(alpha=0.0)
    model, _ = network(alpha=0.5)
    weights = theta[: model.layout.n_weights]
    for scale in (1.0, 3.0):
        plain, penalised = (evaluate(m, scale * theta, X, y) for m in (without, model))
        assert penalised[0] - plain[0] == pytest.approx(0.25 * scale**2 * (weights**2).sum() / 4, rel=1e-12)
        np.testing.assert_allclose(penalised[1] - plain[1], 0.5 * scale * weights / 4, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_reported_loss_is_the_loss_of_the_gradient(weighted):
    # along any direction the reported loss rises as its gradient says, penalty and weights included
    X, y = data(6)
    weight = np.random.RandomState(2).uniform(0.2, 3, 6) if weighted else None
    model, theta = network(alpha=0.8)
    direction = np.random.RandomState(3).randn(theta.size)
    _, coefs, intercepts = evaluate(model, theta, X, y, weight)
    h = 1e-5
    above, below = (evaluate(model, theta + sign * h * direction, X, y, weight)[0] for sign in (1, -1))
    # truncation about 1e-10, rounding 1e-15 / h
    assert (above - below) / (2 * h) == pytest.approx(np.concatenate([coefs, intercepts]) @ direction, abs=3e-9)


def test_softmax_applied_twice():
    # with nothing but biases b in play the probabilities are exp(b) / sum exp(b); a second softmax would flatten them
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((2,), solver="lbfgs", max_iter=5, random_state=0)
    with pytest.warns(UserWarning, match="lbfgs failed to converge"):
        model.fit(X, y)
    model.coefs_[1] = np.zeros_like(model.coefs_[1])
    model.intercepts_[1] = np.log([1.0, 2.0, 5.0])
    np.testing.assert_allclose(model.predict_proba(X[:4]), [[0.125, 0.25, 0.625]] * 4, rtol=1e-15)
    # and the gradient is that of one softmax: p - y at the last layer
    network_, theta = network(0.0, "log_loss", "softmax", columns=3)
    theta[:] = 0.0
    theta[-3:] = np.log([1.0, 2.0, 5.0])
    loss, _, intercepts = evaluate(network_, theta, np.ones((1, 2)), np.array([[False, True, False]]))
    assert loss == pytest.approx(np.log(4), rel=1e-14)
    np.testing.assert_allclose(intercepts[-3:], [0.125, -0.75, 0.625], rtol=1e-14)


def test_a_regulariser_on_gradients():
    # the penalty's gradient depends on the weights alone: the same for other data, nought for weights of nought
    model, theta = network(alpha=0.5)
    without, _ = network(alpha=0.0)
    X, y = data(4)
    parts = [evaluate(model, theta, X, target)[1] - evaluate(without, theta, X, target)[1] for target in (y, 100 * y)]
    # differences of gradients of size 100: an absolute error of 1e-14
    np.testing.assert_allclose(parts[0], parts[1], atol=1e-13)
    zero = np.zeros_like(theta)
    np.testing.assert_array_equal(evaluate(model, zero, X, y)[1], evaluate(without, zero, X, y)[1])


def test_a_penalised_bias():
    model, theta = network(alpha=100.0)
    without, _ = network(alpha=0.0)
    X, y = data(4)
    penalised, plain = evaluate(model, theta, X, y), evaluate(without, theta, X, y)
    np.testing.assert_array_equal(penalised[2], plain[2])
    theta[: model.layout.n_weights] = 0.0  # biases alone: no penalty in the loss either
    assert evaluate(model, theta, X, y)[0] == evaluate(without, theta, X, y)[0]
