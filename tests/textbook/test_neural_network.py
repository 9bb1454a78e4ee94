"""The textbook's network against a net worked by hand, calculus, invariants and scikit-learn."""

from functools import partial
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_linnerud, load_wine
from sklearn.neural_network import MLPClassifier, MLPRegressor

from workings.textbook import neural_network as nn

EPS = np.finfo(float).eps
HIDDEN = ["identity", "logistic", "tanh", "relu"]
OUTPUT = ["identity", "logistic", "softmax"]
H = 1e-30


def problem(hidden="tanh", output="softmax", seed=0, n=7, sizes=(3, 5, 4, 2)):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, sizes[0]))
    y = {
        "identity": rng.normal(size=(n, sizes[-1])),
        "logistic": rng.randint(0, 2, (n, sizes[-1])).astype(float),
        "softmax": np.eye(sizes[-1])[rng.randint(0, sizes[-1], n)],
    }[output]
    return X, y, *nn.initial_parameters(sizes, hidden, rng)


def standardised(load):
    X = load().data
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_a_net_by_hand():
    # One row x = (1, 2), one hidden relu unit, one output, squared loss, α = 0.1.
    # W¹ = (3, -1)ᵀ, b¹ = 1: z¹ = 3 - 2 + 1 = 2, a¹ = 2. W² = 4, b² = -3: p = 8 - 3 = 5. y = 2.
    # J = (5 - 2)²/2 = 4.5. Ω = 0.1/2 (9 + 1 + 16) = 1.3.
    # δ² = 3; ∂J/∂W² = 2·3 = 6, ∂J/∂b² = 3; δ¹ = 3·4·1 = 12; ∂J/∂W¹ = (12, 24)ᵀ, ∂J/∂b¹ = 12.
    # Penalty adds α W: 6.4 for W², (12.3, 23.9) for W¹.
    X, y = np.array([[1.0, 2.0]]), np.array([[2.0]])
    weights = [np.array([[3.0], [-1.0]]), np.array([[4.0]])]
    biases = [np.array([1.0]), np.array([-3.0])]
    layers = nn.forward(X, weights, biases, "relu", "identity")
    assert [float(a[0, 0]) for a in layers[1:]] == [2, 5]
    loss, d_weights, d_biases = nn.loss_and_gradient(X, y, weights, biases, "relu", "identity", 0.1)
    assert loss == pytest.approx(5.8, rel=1e-15)
    np.testing.assert_allclose(d_weights[0], [[12.3], [23.9]], rtol=1e-15)
    np.testing.assert_allclose(d_weights[1], [[6.4]], rtol=1e-15)
    assert [float(d[0]) for d in d_biases] == [12, 3]
    # One step of gradient descent with rate 1/10: b¹ = 1 - 1.2 and b² = -3 - 0.3.
    _, moved, losses = nn.train(
        X, y, weights, biases, [np.array([0])], alpha=0.1, rule=nn.gradient_descent, rate=0.1, output="identity"
    )
    np.testing.assert_allclose([float(b[0]) for b in moved], [-0.2, -3.3], rtol=1e-14)
    assert losses == [loss]


def test_losses_by_hand():
    # ln 2 for a fair guess; the mean over two rows of the second row's certain, right answer halves it.
    assert nn.binary_cross_entropy(np.array([[1.0]]), np.array([[0.5]])) == pytest.approx(log(2))
    y = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    p = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    assert nn.cross_entropy(y, p) == pytest.approx(log(2) / 2, rel=1e-14)
    # Two outputs, two rows: squares 1 + 4 + 0 + 9 = 14, over 2n = 4.
    assert nn.squared_loss(np.zeros((2, 2)), np.array([[1.0, 2.0], [0.0, 3.0]])) == 3.5
    assert nn.penalty([np.array([[1.0, -2.0]]), np.array([[3.0]])], alpha=0.5, n=7) == pytest.approx(0.5)


def test_a_certain_wrong_answer_costs_a_finite_loss():
    # Probabilities stop one rounding unit short of 0 and 1, so the cost is -ln 2⁻⁵² = 52 ln 2.
    assert nn.cross_entropy(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == pytest.approx(52 * log(2))
    assert nn.binary_cross_entropy(np.array([[0.0]]), np.array([[1.0]])) == pytest.approx(52 * log(2))


def test_activations_at_known_points():
    z = np.array([[-1000.0, -1.0, 0.0, 1.0, 1000.0]])
    np.testing.assert_allclose(nn.logistic(z), [[0, 1 / (1 + exp(1)), 0.5, 1 / (1 + exp(-1)), 1]], rtol=1e-15)
    np.testing.assert_array_equal(nn.ACTIVATIONS["relu"](z), [[0, 0, 0, 1, 1000]])
    np.testing.assert_array_equal(nn.ACTIVATIONS["identity"](z), z)
    np.testing.assert_array_equal(nn.softmax(z), [[0, 0, 0, 0, 1]])
    np.testing.assert_allclose(nn.softmax(np.log([[1.0, 2.0, 5.0]])), [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)


@pytest.mark.parametrize("name", HIDDEN)
def test_each_derivative_is_the_complex_step_and_the_central_difference(name):
    z = np.array([[-3.0, -0.7, -0.1, 0.2, 1.1, 2.5]])
    upstream = np.array([[2.0, -3.0, 0.5, 7.0, -1.0, 4.0]])
    g, derivative = nn.ACTIVATIONS[name], nn.DERIVATIVES[name]
    got = upstream * derivative(g(z))
    np.testing.assert_allclose(got, upstream * (g(z + 1j * H).imag / H), rtol=1e-14)
    np.testing.assert_allclose(got, upstream * (g(z + 1e-5) - g(z - 1e-5)) / 2e-5, rtol=1e-8)


def test_relu_has_slope_zero_at_zero():
    assert nn.DERIVATIVES["relu"](np.zeros((1, 1)))[0, 0] == 0


@pytest.mark.parametrize("output", OUTPUT)
def test_output_delta_is_the_complex_step_derivative_of_each_loss(output):
    rng = np.random.RandomState(1)
    z = rng.normal(size=(4, 3)) * 2
    y = problem(output=output, n=4, sizes=(2, 3))[1]
    delta = nn.output_delta(y, nn.ACTIVATIONS[output](z))
    for i, k in np.ndindex(*z.shape):
        moved = z.astype(complex)
        moved[i, k] += 1j * H
        derivative = nn.LOSSES[output](y, nn.ACTIVATIONS[output](moved)).imag / H
        assert derivative == pytest.approx(delta[i, k], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("output", OUTPUT)
def test_the_gradient_is_that_of_the_reported_loss(hidden, output):
    X, y, weights, biases = problem(hidden, output)
    alpha = 0.3
    _, d_weights, d_biases = nn.loss_and_gradient(X, y, weights, biases, hidden, output, alpha)
    for kind, gradients in (("W", d_weights), ("b", d_biases)):
        for layer, gradient in enumerate(gradients):
            for index in np.ndindex(*gradient.shape):
                moved = {"W": [W.astype(complex) for W in weights], "b": [b.astype(complex) for b in biases]}
                moved[kind][layer][index] += 1j * H
                loss, *_ = nn.loss_and_gradient(X, y, moved["W"], moved["b"], hidden, output, alpha)
                assert loss.imag / H == pytest.approx(gradient[index], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_backward_carries_any_upstream_gradient(hidden):
    X, _, weights, biases = problem(hidden, "identity", seed=3)
    upstream = np.random.RandomState(4).normal(size=(7, 2)) * 5 - 2
    d_weights, d_biases = nn.backward(nn.forward(X, weights, biases, hidden, "identity"), weights, upstream, hidden)
    rng, h = np.random.RandomState(5), 1e-6
    for _ in range(5):
        V, c = [rng.normal(size=W.shape) for W in weights], [rng.normal(size=b.shape) for b in biases]
        sums = []
        for s in (h, -h):
            moved = [W + s * v for W, v in zip(weights, V, strict=True)]
            shifted = [b + s * v for b, v in zip(biases, c, strict=True)]
            sums.append(np.sum(upstream * nn.forward(X, moved, shifted, hidden, "identity")[-1]))
        want = sum(np.sum(d * v) for d, v in zip([*d_weights, *d_biases], [*V, *c], strict=True))
        assert (sums[0] - sums[1]) / (2 * h) == pytest.approx(want, rel=1e-7)


def test_the_penalty_leaves_the_biases_alone_and_is_squared():
    X, y, weights, biases = problem()
    loss, d_weights, d_biases = nn.loss_and_gradient(X, y, weights, biases, "tanh", "softmax", 0.0)
    more, penalised, same = nn.loss_and_gradient(X, y, weights, biases, "tanh", "softmax", 2.0)
    assert more - loss == pytest.approx(sum((W**2).sum() for W in weights) / len(X), rel=1e-13)
    for W, d, p in zip(weights, d_weights, penalised, strict=True):
        np.testing.assert_allclose(p - d, 2 * W / len(X), atol=1e-15)
    for a, b in zip(d_biases, same, strict=True):
        np.testing.assert_array_equal(a, b)


def test_twice_the_rows_is_the_same_mean():
    X, y, weights, biases = problem()
    loss, _, once = nn.loss_and_gradient(X, y, weights, biases, "tanh", "softmax", 0.0)
    again, _, twice = nn.loss_and_gradient(
        np.vstack([X, X]), np.vstack([y, y]), weights, biases, "tanh", "softmax", 0.0
    )
    assert again == pytest.approx(loss, rel=1e-14)
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-16)


def test_rules_by_hand():
    # Gradients 2 and then 1, rate 1/10, μ = 1/2.
    g = [np.array([2.0]), np.array([1.0])]
    half = {"rate": 0.1, "mu": 0.5}
    assert nn.gradient_descent(g[0], None, 0.1)[0] == -0.2
    step, v = nn.momentum(g[0], None, **half)
    assert (step[0], v[0]) == (-0.2, -0.2)
    step, v = nn.momentum(g[1], v, **half)  # v = 0.5·(-0.2) - 0.1 = -0.2
    np.testing.assert_allclose([step[0], v[0]], [-0.2, -0.2], rtol=1e-15)
    step, v = nn.nesterov(g[0], None, **half)  # v = -0.2, step = 0.5·(-0.2) - 0.2 = -0.3
    np.testing.assert_allclose([step[0], v[0]], [-0.3, -0.2], rtol=1e-15)
    step, v = nn.nesterov(g[1], v, **half)  # v = -0.1 - 0.1 = -0.2, step = -0.1 - 0.1 = -0.2
    np.testing.assert_allclose([step[0], v[0]], [-0.2, -0.2], rtol=1e-15)


def test_adam_by_hand():
    # β₁ = 1/2, β₂ = 3/4, ε = 0. First step: m = 1, s = 1, η₁ = η √(1/4)/(1/2) = η, so Δ = -η whatever the size of g.
    # Second: m = 1/2 + 1/2 = 1, s = 3/4 + 1/4 = 1, η₂ = η √(7/16)/(3/4) = η √7/3.
    rule = partial(nn.adam, rate=0.1, beta1=0.5, beta2=0.75, epsilon=0.0)
    step, state = rule(np.array([2.0]), None)
    assert step[0] == pytest.approx(-0.1, rel=1e-15)
    step, state = rule(np.array([1.0]), state)
    assert (state[0], state[1][0], state[2][0]) == (2, 1, 1)
    assert step[0] == pytest.approx(-0.1 * 7**0.5 / 3, rel=1e-15)
    # ε is added to √s, before the correction: m = s = 1 again and Δ = -η₁/(1 + ε).
    step, _ = partial(nn.adam, rate=0.1, beta1=0.5, beta2=0.75, epsilon=1.0)(np.array([2.0]), None)
    assert step[0] == pytest.approx(-0.05, rel=1e-15)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(5)), rows=st.permutations(range(7)))
def test_names_of_hidden_units_and_order_in_a_full_batch_do_not_matter(order, rows):
    X, y, weights, biases = problem(sizes=(3, 5, 2))
    orders = [np.arange(7)] * 4
    plain_W, _, plain = nn.train(X, y, weights, biases, orders, hidden="tanh")
    renamed = [weights[0][:, order], weights[1][order]]
    W, _, losses = nn.train(X, y, renamed, [biases[0][order], biases[1]], [np.array(rows)] * 4, hidden="tanh")
    np.testing.assert_allclose(losses, plain, rtol=1e-13)
    np.testing.assert_allclose(W[0], plain_W[0][:, order], rtol=1e-9, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-500, 500))
def test_softmax_does_not_see_a_common_shift_and_sums_to_one(shift):
    z = np.random.RandomState(0).normal(size=(5, 3)) * 10
    np.testing.assert_allclose(nn.softmax(z + shift), nn.softmax(z), rtol=1e-11)
    np.testing.assert_allclose(nn.softmax(z).sum(axis=1), 1, rtol=4 * EPS)


@pytest.mark.parametrize("rule", [nn.gradient_descent, nn.momentum, nn.nesterov, nn.adam])
def test_every_rule_lowers_the_loss(rule):
    X, y, weights, biases = problem(n=30)
    *_, losses = nn.train(X, y, weights, biases, [np.arange(30)] * 200, hidden="tanh", rule=rule, rate=0.02)
    assert losses[-1] < 0.9 * losses[0]


def test_a_short_last_batch_is_kept_and_weighted_by_its_rows():
    X, y, weights, biases = problem(n=7)
    rate_zero = {"rule": nn.gradient_descent, "rate": 0.0, "alpha": 0.0, "hidden": "tanh"}
    *_, whole = nn.train(X, y, weights, biases, [np.arange(7)], batch_size=7, **rate_zero)
    *_, cut = nn.train(X, y, weights, biases, [np.arange(7)], batch_size=3, **rate_zero)
    assert cut[0] == pytest.approx(whole[0], rel=1e-14)


SOLVERS = {
    "adam": (nn.adam, {"solver": "adam"}),
    "nesterov": (nn.nesterov, {"solver": "sgd"}),
    "momentum": (nn.momentum, {"solver": "sgd", "nesterovs_momentum": False}),
    "gradient descent": (nn.gradient_descent, {"solver": "sgd", "momentum": 0.0}),
}


def follow(model, X, y, output, alpha, rule):
    """Train the textbook's net for as many epochs as the fitted `model`, from its seed and architecture."""
    rng = np.random.RandomState(model.random_state)
    sizes = [X.shape[1], *model.hidden_layer_sizes, y.shape[1]]
    weights, biases = nn.initial_parameters(sizes, model.activation, rng)
    orders = nn.shuffled_orders(len(X), model.n_iter_, rng)
    return nn.train(
        X, y, weights, biases, orders,
        batch_size=model.batch_size, hidden=model.activation, output=output, alpha=alpha, rule=rule,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_wine])
def test_follows_scikit_learn_epoch_by_epoch(solver, hidden, load):
    rule, settings_ = SOLVERS[solver]
    X, labels = standardised(load), load().target
    model = MLPClassifier(
        (6, 5), activation=hidden, alpha=0.1, batch_size=32, max_iter=15, random_state=7, **settings_
    ).fit(X, labels)
    binary = labels.max() == 1
    y = labels[:, None].astype(float) if binary else np.eye(3)[labels]
    weights, biases, losses = follow(model, X, y, "logistic" if binary else "softmax", 0.1, rule)
    # 15 epochs of up to 18 updates: rounding differences grow, but stay within some hundred units.
    np.testing.assert_allclose(losses, model.loss_curve_, rtol=500 * EPS)
    for ours, theirs in zip([*weights, *biases], [*model.coefs_, *model.intercepts_], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")
def test_follows_scikit_learn_in_regression_and_knows_what_it_reports_for_several_outputs():
    X, target = standardised(load_diabetes), load_diabetes().target / 100
    settings_ = {"hidden_layer_sizes": (6,), "batch_size": 50, "max_iter": 15, "random_state": 7}
    model = MLPRegressor(alpha=0.1, **settings_).fit(X, target)
    *_, losses = follow(model, X, target[:, None], "identity", 0.1, nn.adam)
    np.testing.assert_allclose(losses, model.loss_curve_, rtol=500 * EPS)
    # With k = 3 outputs scikit-learn descends the sum over outputs (as NN.15 does) but reports the mean.
    X, y = standardised(load_linnerud), load_linnerud().target
    model = MLPRegressor(alpha=0.0, **{**settings_, "batch_size": 10}).fit(X, y)
    weights, _, losses = follow(model, X, y, "identity", 0.0, nn.adam)
    np.testing.assert_allclose(np.array(losses) / 3, model.loss_curve_, rtol=500 * EPS)
    np.testing.assert_allclose(weights[0], model.coefs_[0], rtol=1e-11)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"X": np.full((7, 3), np.nan)}, "X contains NaN"),
        ({"y": np.full((7, 2), np.inf)}, "y contains NaN or infinity"),
        ({"y": np.ones((6, 2))}, "rows of X and rows of y"),
        ({"y": np.ones(7)}, "y must have 2 axes"),
        ({"y": np.ones((7, 3))}, "do not fit"),
        ({"X": np.ones((7, 4))}, "do not fit"),
        ({"hidden": "softplus"}, "'softplus'"),
        ({"output": "relu"}, "'relu'"),
        ({"batch_size": 0}, "batch_size positive"),
    ],
)
def test_bad_input_gets_a_sentence(changes, words):
    X, y, weights, biases = problem()
    given_ = {"X": X, "y": y, "weights": weights, "biases": biases, "orders": [np.arange(7)], **changes}
    with pytest.raises(ValueError, match=words):
        nn.train(**given_)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_named():
    X, y, weights, biases = problem(output="identity", hidden="relu")
    with pytest.raises(ValueError, match=r"diverged in epoch \d+.*lower the rate 10"):
        nn.train(
            X * 1e3, y, weights, biases, [np.arange(7)] * 400,
            hidden="identity", output="identity", rule=nn.gradient_descent, rate=10,
        )  # fmt: skip


def test_arguments_are_not_changed():
    X, y, weights, biases = problem()
    order = np.arange(7)
    for array in (X, y, order, *weights, *biases):
        array.setflags(write=False)
    for rule in (nn.gradient_descent, nn.momentum, nn.nesterov, nn.adam):
        nn.train(X, y, weights, biases, [order] * 3, batch_size=3, rule=rule)
